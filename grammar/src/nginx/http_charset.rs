//! The directives of nginx's `http_charset` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "charset",
        module: "http_charset",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "off",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "charset_map",
        module: "http_charset",
        contexts: Context::HTTP,
        args: Args::exactly(2).block(),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "charset_types",
        module: "http_charset",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::MimeTypes,
        default: "text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "override_charset",
        module: "http_charset",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "source_charset",
        module: "http_charset",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION).or(Context::IF_IN_LOCATION),
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
];
