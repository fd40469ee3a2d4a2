//! The directives of nginx's `http_browser` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "ancient_browser",
        module: "http_browser",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "ancient_browser_value",
        module: "http_browser",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "modern_browser",
        module: "http_browser",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "modern_browser_value",
        module: "http_browser",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
