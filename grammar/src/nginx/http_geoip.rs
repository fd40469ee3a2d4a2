//! The directives of nginx's `http_geoip` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "geoip_city",
        module: "http_geoip",
        contexts: Context::HTTP,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_country",
        module: "http_geoip",
        contexts: Context::HTTP,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_org",
        module: "http_geoip",
        contexts: Context::HTTP,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_proxy",
        module: "http_geoip",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_proxy_recursive",
        module: "http_geoip",
        contexts: Context::HTTP,
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
];
