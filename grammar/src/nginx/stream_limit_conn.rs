//! The directives of nginx's `stream_limit_conn` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "limit_conn",
        module: "stream_limit_conn",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "limit_conn_dry_run",
        module: "stream_limit_conn",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "limit_conn_log_level",
        module: "stream_limit_conn",
        contexts: Context::STREAM.or(Context::STREAM_SERVER),
        args: Args::exactly(1),
        value: Value::Enum(&["info", "notice", "warn", "error"]),
        default: "error",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "limit_conn_zone",
        module: "stream_limit_conn",
        contexts: Context::STREAM,
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
