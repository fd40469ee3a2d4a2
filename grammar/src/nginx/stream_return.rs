//! The directives of nginx's `stream_return` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "return",
    module: "stream_return",
    contexts: Context::STREAM_SERVER,
    args: Args::exactly(1),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
