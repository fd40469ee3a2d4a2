//! The directives of nginx's `http_perl` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "perl",
        module: "http_perl",
        contexts: Context::LOCATION.or(Context::LIMIT_EXCEPT),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "perl_modules",
        module: "http_perl",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::TextList,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "perl_require",
        module: "http_perl",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::TextList,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "perl_set",
        module: "http_perl",
        contexts: Context::HTTP,
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
];
