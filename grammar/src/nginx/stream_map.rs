//! The directives of nginx's `stream_map` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "map",
        module: "stream_map",
        contexts: Context::STREAM,
        args: Args::exactly(2).block(),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "map_hash_bucket_size",
        module: "stream_map",
        contexts: Context::STREAM,
        args: Args::exactly(1),
        value: Value::Number,
        default: "32|64|128 (cache line)",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::NotYet,
    },
    Directive {
        name: "map_hash_max_size",
        module: "stream_map",
        contexts: Context::STREAM,
        args: Args::exactly(1),
        value: Value::Number,
        default: "2048",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::NotYet,
    },
];
