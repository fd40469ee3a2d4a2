//! The directives of nginx's `http_split_clients` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "split_clients",
    module: "http_split_clients",
    contexts: Context::HTTP,
    args: Args::exactly(2).block(),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
