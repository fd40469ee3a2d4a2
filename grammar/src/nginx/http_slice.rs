//! The directives of nginx's `http_slice` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "slice",
    module: "http_slice",
    contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
    args: Args::exactly(1),
    value: Value::Size,
    default: "0",
    inherit: Inherit::Value,
    edition: Edition::Open,
    status: Status::Done,
}];
