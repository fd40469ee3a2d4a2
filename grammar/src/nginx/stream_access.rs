//! The directives of nginx's `stream_access` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "allow",
        module: "stream_access",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "deny",
        module: "stream_access",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
