//! The directives of nginx's `quic_bpf` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "quic_bpf",
    module: "quic_bpf",
    contexts: Context::MAIN,
    args: Args::FLAG,
    value: Value::Flag,
    default: "off",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
