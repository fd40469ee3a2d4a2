//! The directives of nginx's `stream_ssl_preread` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "ssl_preread",
    module: "stream_ssl_preread",
    contexts: Context::STREAM.or(Context::STREAM_SERVER),
    args: Args::FLAG,
    value: Value::Flag,
    default: "off",
    inherit: Inherit::Value,
    edition: Edition::Open,
    status: Status::NotYet,
}];
