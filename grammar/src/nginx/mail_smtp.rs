//! The directives of nginx's `mail_smtp` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "smtp_auth",
        module: "mail_smtp",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Bitmask(&["plain", "login", "cram-md5", "external", "none"]),
        default: "plain login",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "smtp_capabilities",
        module: "mail_smtp",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "smtp_client_buffer",
        module: "mail_smtp",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(1),
        value: Value::Size,
        default: "4k|8k",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "smtp_greeting_delay",
        module: "mail_smtp",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(1),
        value: Value::Milliseconds,
        default: "0",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
