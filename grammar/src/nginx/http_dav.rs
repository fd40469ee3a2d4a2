//! The directives of nginx's `http_dav` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "create_full_put_path",
        module: "http_dav",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "dav_access",
        module: "http_dav",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::between(1, 3),
        value: Value::Access,
        default: "user:rw",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "dav_methods",
        module: "http_dav",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::at_least(1),
        value: Value::Bitmask(&["off", "put", "delete", "mkcol", "copy", "move"]),
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "min_delete_depth",
        module: "http_dav",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Number,
        default: "0",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
