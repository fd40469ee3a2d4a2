//! The directives of nginx's `stream_split_clients` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "split_clients",
    module: "stream_split_clients",
    contexts: Context::STREAM,
    args: Args::exactly(2).block(),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
