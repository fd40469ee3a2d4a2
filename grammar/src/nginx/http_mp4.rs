//! The directives of nginx's `http_mp4` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "mp4",
        module: "http_mp4",
        contexts: Context::LOCATION,
        args: Args::exactly(0),
        value: Value::Custom,
        default: "",
        inherit: Inherit::Never,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "mp4_buffer_size",
        module: "http_mp4",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Size,
        default: "512k",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "mp4_max_buffer_size",
        module: "http_mp4",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(1),
        value: Value::Size,
        default: "10m",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "mp4_start_key_frame",
        module: "http_mp4",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
];
