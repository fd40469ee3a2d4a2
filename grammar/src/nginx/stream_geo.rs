//! The directives of nginx's `stream_geo` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "geo",
    module: "stream_geo",
    contexts: Context::STREAM,
    args: Args::between(1, 2).block(),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
