//! The directives of nginx's `http_sub` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "sub_filter",
        module: "http_sub",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "sub_filter_last_modified",
        module: "http_sub",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "sub_filter_once",
        module: "http_sub",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "on",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "sub_filter_types",
        module: "http_sub",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::MimeTypes,
        default: "text/html",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
