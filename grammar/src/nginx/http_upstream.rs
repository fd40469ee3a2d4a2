//! The directives of nginx's `http_upstream` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "resolver",
        module: "http_upstream",
        contexts: Context::UPSTREAM,
        args: Args::at_least(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "resolver_timeout",
        module: "http_upstream",
        contexts: Context::UPSTREAM,
        args: Args::exactly(1),
        value: Value::Milliseconds,
        default: "30s",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "server",
        module: "http_upstream",
        contexts: Context::UPSTREAM,
        args: Args::at_least(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "upstream",
        module: "http_upstream",
        contexts: Context::HTTP,
        args: Args::exactly(1).block(),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
];
