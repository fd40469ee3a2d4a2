//! The directives of nginx's `http_upstream_ip_hash` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "ip_hash",
    module: "http_upstream_ip_hash",
    contexts: Context::UPSTREAM,
    args: Args::exactly(0),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
