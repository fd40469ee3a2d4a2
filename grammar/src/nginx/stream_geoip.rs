//! The directives of nginx's `stream_geoip` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "geoip_city",
        module: "stream_geoip",
        contexts: Context::STREAM,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_country",
        module: "stream_geoip",
        contexts: Context::STREAM,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "geoip_org",
        module: "stream_geoip",
        contexts: Context::STREAM,
        args: Args::between(1, 2),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
];
