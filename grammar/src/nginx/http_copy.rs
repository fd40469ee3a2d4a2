//! The directives of nginx's `http_copy` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "output_buffers",
    module: "http_copy",
    contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
    args: Args::exactly(2),
    value: Value::Buffers,
    default: "2 32k",
    inherit: Inherit::Value,
    edition: Edition::Open,
    status: Status::Accepted("the number and size of buffers for files are not configured"),
}];
