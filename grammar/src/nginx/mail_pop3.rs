//! The directives of nginx's `mail_pop3` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "pop3_auth",
        module: "mail_pop3",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Bitmask(&["plain", "apop", "cram-md5", "external"]),
        default: "plain",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "pop3_capabilities",
        module: "mail_pop3",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "TOP USER UIDL",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
