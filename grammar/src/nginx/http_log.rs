//! The directives of nginx's `http_log` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "access_log",
        module: "http_log",
        contexts: Context::HTTP
            .or(Context::SERVER)
            .or(Context::LOCATION)
            .or(Context::IF_IN_LOCATION)
            .or(Context::LIMIT_EXCEPT),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "logs/access.log combined (build)",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "log_format",
        module: "http_log",
        contexts: Context::HTTP,
        args: Args::at_least(2),
        value: Value::Custom,
        default: "combined (predefined)",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "open_log_file_cache",
        module: "http_log",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::between(1, 4),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
];
