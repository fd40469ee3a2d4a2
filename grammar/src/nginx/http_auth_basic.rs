//! The directives of nginx's `http_auth_basic` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "auth_basic",
        module: "http_auth_basic",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::LIMIT_EXCEPT),
        args: Args::exactly(1),
        value: Value::Template,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "auth_basic_user_file",
        module: "http_auth_basic",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::LIMIT_EXCEPT),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
