//! The directives of nginx's `http_realip` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "real_ip_header",
        module: "http_realip",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "X-Real-IP",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "real_ip_recursive",
        module: "http_realip",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "set_real_ip_from",
        module: "http_realip",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
