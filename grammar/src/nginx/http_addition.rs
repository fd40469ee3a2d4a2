//! The directives of nginx's `http_addition` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "add_after_body",
        module: "http_addition",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Text,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "add_before_body",
        module: "http_addition",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Text,
        default: "",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "addition_types",
        module: "http_addition",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::MimeTypes,
        default: "text/html",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
