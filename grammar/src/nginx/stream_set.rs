//! The directives of nginx's `stream_set` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "set",
    module: "stream_set",
    contexts: Context::STREAM_SERVER,
    args: Args::exactly(2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
