//! The directives of nginx's `http_autoindex` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "autoindex",
        module: "http_autoindex",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "autoindex_exact_size",
        module: "http_autoindex",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "autoindex_format",
        module: "http_autoindex",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Enum(&["html", "json", "jsonp", "xml"]),
        default: "html",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "autoindex_localtime",
        module: "http_autoindex",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
