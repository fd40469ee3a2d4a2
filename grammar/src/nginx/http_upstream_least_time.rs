//! The directives of nginx's `http_upstream_least_time` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "least_time",
    module: "http_upstream_least_time",
    contexts: Context::UPSTREAM,
    args: Args::between(1, 2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
