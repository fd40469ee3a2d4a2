//! The directives of nginx's `http_gzip_static` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "gzip_static",
    module: "http_gzip_static",
    contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
    args: Args::exactly(1),
    value: Value::Enum(&["off", "on", "always"]),
    default: "off",
    inherit: Inherit::Value,
    edition: Edition::Open,
    status: Status::Done,
}];
