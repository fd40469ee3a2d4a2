//! The directives of nginx's `http_gunzip` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[
    Directive {
        name: "gunzip",
        module: "http_gunzip",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::FLAG,
        value: Value::Flag,
        default: "off",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Done,
    },
    Directive {
        name: "gunzip_buffers",
        module: "http_gunzip",
        contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
        args: Args::exactly(2),
        value: Value::Buffers,
        default: "32 4k|16 8k",
        inherit: Inherit::Value,
        edition: Edition::Open,
        status: Status::Accepted("what was unpacked goes on at once, whatever its size"),
    },
];
