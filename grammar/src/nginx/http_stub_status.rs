//! The directives of nginx's `http_stub_status` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "stub_status",
    module: "http_stub_status",
    contexts: Context::SERVER.or(Context::LOCATION),
    args: Args::between(0, 1),
    value: Value::Custom,
    default: "",
    inherit: Inherit::WholeList,
    edition: Edition::Open,
    status: Status::Done,
}];
