//! The directives of nginx's `http_access` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "allow",
        module: "http_access",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::LIMIT_EXCEPT),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "deny",
        module: "http_access",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::LIMIT_EXCEPT),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
