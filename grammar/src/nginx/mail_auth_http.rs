//! The directives of nginx's `mail_auth_http` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "auth_http",
        module: "mail_auth_http",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "auth_http_header",
        module: "mail_auth_http",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "auth_http_pass_client_cert",
        module: "mail_auth_http",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "auth_http_timeout",
        module: "mail_auth_http",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(1),
        value: Value::Milliseconds,
        default: "60s",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
