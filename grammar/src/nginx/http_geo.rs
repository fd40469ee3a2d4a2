//! The directives of nginx's `http_geo` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "geo",
    module: "http_geo",
    contexts: Context::HTTP,
    args: Args::between(1, 2).block(),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
