//! The directives of nginx's `stream_upstream_zone` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "zone",
    module: "stream_upstream_zone",
    contexts: Context::STREAM_UPSTREAM,
    args: Args::between(1, 2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
