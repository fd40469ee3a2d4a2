//! The directives of nginx's `http_rewrite` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "break",
        module: "http_rewrite",
        contexts: Context::SERVER.or(Context::LOCATION).or(Context::IF_IN_SERVER).or(Context::IF_IN_LOCATION),
        args: Args::exactly(0),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "if",
        module: "http_rewrite",
        contexts: Context::SERVER.or(Context::LOCATION),
        args: Args::at_least(1).block(),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "return",
        module: "http_rewrite",
        contexts: Context::SERVER.or(Context::LOCATION).or(Context::IF_IN_SERVER).or(Context::IF_IN_LOCATION),
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "rewrite",
        module: "http_rewrite",
        contexts: Context::SERVER.or(Context::LOCATION).or(Context::IF_IN_SERVER).or(Context::IF_IN_LOCATION),
        args: Args::between(2, 3),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "rewrite_log",
        module: "http_rewrite",
        contexts: Context::HTTP
            .or(Context::SERVER)
            .or(Context::LOCATION)
            .or(Context::IF_IN_SERVER)
            .or(Context::IF_IN_LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "set",
        module: "http_rewrite",
        contexts: Context::SERVER.or(Context::LOCATION).or(Context::IF_IN_SERVER).or(Context::IF_IN_LOCATION),
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "uninitialized_variable_warn",
        module: "http_rewrite",
        contexts: Context::HTTP
            .or(Context::SERVER)
            .or(Context::LOCATION)
            .or(Context::IF_IN_SERVER)
            .or(Context::IF_IN_LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
