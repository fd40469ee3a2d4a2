//! The directives of nginx's `http_upstream_random` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "random",
    module: "http_upstream_random",
    contexts: Context::UPSTREAM,
    args: Args::between(0, 2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
