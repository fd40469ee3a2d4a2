//! The directives of nginx's `http_referer` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "referer_hash_bucket_size",
        module: "http_referer",
        contexts: Context::SERVER.or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Number,
        default: "64",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Accepted("tables grow as needed"),
    },
    Directive {
        name: "referer_hash_max_size",
        module: "http_referer",
        contexts: Context::SERVER.or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Number,
        default: "2048",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Accepted("tables grow as needed"),
    },
    Directive {
        name: "valid_referers",
        module: "http_referer",
        contexts: Context::SERVER.or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::Custom,
        default: "",
        inherit: Inherit::WholeList,
        edition: Edition::Open,
        status: Status::Done,
    },
];
