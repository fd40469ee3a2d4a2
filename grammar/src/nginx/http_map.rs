//! The directives of nginx's `http_map` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "map",
        module: "http_map",
        contexts: Context::HTTP,
        args: Args::exactly(2).block(),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "map_hash_bucket_size",
        module: "http_map",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::Number,
        default: "32|64|128 (cache line)",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Accepted("tables grow as needed"),
    },
    Directive {
        name: "map_hash_max_size",
        module: "http_map",
        contexts: Context::HTTP,
        args: Args::exactly(1),
        value: Value::Number,
        default: "2048",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Accepted("tables grow as needed"),
    },
];
