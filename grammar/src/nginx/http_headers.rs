//! The directives of nginx's `http_headers` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "add_header",
        module: "http_headers",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::between(2, 3),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "add_header_inherit",
        module: "http_headers",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::exactly(1),
        value: Value::Enum(&["off", "on", "merge"]),
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "add_trailer",
        module: "http_headers",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::between(2, 3),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "add_trailer_inherit",
        module: "http_headers",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::exactly(1),
        value: Value::Enum(&["off", "on", "merge"]),
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "expires",
        module: "http_headers",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
];
