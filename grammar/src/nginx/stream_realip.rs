//! The directives of nginx's `stream_realip` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "set_real_ip_from",
    module: "stream_realip",
    contexts: Context::STREAM.or(Context::STREAM_SERVER),
    args: Args::exactly(1),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Value,
    edition: Edition::Open,
    status: Status::NotYet,
}];
