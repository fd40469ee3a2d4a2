//! The directives of nginx's `http_limit_req` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "limit_req",
        module: "http_limit_req",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::between(1, 3),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "limit_req_dry_run",
        module: "http_limit_req",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "limit_req_log_level",
        module: "http_limit_req",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Enum(&["info", "notice", "warn", "error"]),
        default: "error",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "limit_req_status",
        module: "http_limit_req",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Number,
        default: "503",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "limit_req_zone",
        module: "http_limit_req",
        contexts: Context::HTTP,
        args: Args::exactly(3),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
];
