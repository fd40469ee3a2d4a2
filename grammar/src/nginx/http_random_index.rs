//! The directives of nginx's `http_random_index` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "random_index",
    module: "http_random_index",
    contexts: Context::LOCATION,
    args: Args::FLAG,
    value: Value::Flag,
    default: "off",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::Done,
}];
