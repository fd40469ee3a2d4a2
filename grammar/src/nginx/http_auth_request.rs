//! The directives of nginx's `http_auth_request` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "auth_request",
        module: "http_auth_request",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "auth_request_set",
        module: "http_auth_request",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
];
