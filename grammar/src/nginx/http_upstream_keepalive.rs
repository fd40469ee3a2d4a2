//! The directives of nginx's `http_upstream_keepalive` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "keepalive",
        module: "http_upstream_keepalive",
        contexts: Context::UPSTREAM,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "32 local",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "keepalive_requests",
        module: "http_upstream_keepalive",
        contexts: Context::UPSTREAM,
        args: Args::exactly(1),
        value: Value::Number,
        default: "1000",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "keepalive_time",
        module: "http_upstream_keepalive",
        contexts: Context::UPSTREAM,
        args: Args::exactly(1),
        value: Value::Milliseconds,
        default: "1h",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "keepalive_timeout",
        module: "http_upstream_keepalive",
        contexts: Context::UPSTREAM,
        args: Args::exactly(1),
        value: Value::Milliseconds,
        default: "60s",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
];
