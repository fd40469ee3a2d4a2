//! The directives of nginx's `http_mirror` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "mirror",
        module: "http_mirror",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "mirror_request_body",
        module: "http_mirror",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
