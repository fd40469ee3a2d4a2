//! The directives of nginx's `http_upstream_sticky` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "sticky",
    module: "http_upstream_sticky",
    contexts: Context::UPSTREAM,
    args: Args::at_least(2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
