//! The directives of nginx's `http_degradation` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "degradation",
        module: "http_degradation",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
    Directive {
        name: "degrade",
        module: "http_degradation",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Enum(&["204", "444"]),
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Optional,
        status: Status::NotYet,
    },
];
