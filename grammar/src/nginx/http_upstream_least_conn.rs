//! The directives of nginx's `http_upstream_least_conn` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "least_conn",
    module: "http_upstream_least_conn",
    contexts: Context::UPSTREAM,
    args: Args::exactly(0),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
