//! The directives of nginx's `http_flv` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "flv",
    module: "http_flv",
    contexts: Context::LOCATION,
    args: Args::exactly(0),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
