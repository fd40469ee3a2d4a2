//! The directives of nginx's `stream_log` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "access_log",
        module: "stream_log",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "log_format",
        module: "stream_log",
        contexts: Context::STREAM,
        args: Args::at_least(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "open_log_file_cache",
        module: "stream_log",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::between(1, 4),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
