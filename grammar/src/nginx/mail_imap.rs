//! The directives of nginx's `mail_imap` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "imap_auth",
        module: "mail_imap",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Bitmask(&["plain", "login", "cram-md5", "external"]),
        default: "plain",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "imap_capabilities",
        module: "mail_imap",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "IMAP4 IMAP4rev1 UIDPLUS",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "imap_client_buffer",
        module: "mail_imap",
        contexts: Context::MAIL.or(Context::MAIL_SERVER),
        args: Args::exactly(1),
        value: Value::Size,
        default: "4k|8k",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
