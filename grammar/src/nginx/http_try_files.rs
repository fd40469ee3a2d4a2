//! The directives of nginx's `http_try_files` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "try_files",
    module: "http_try_files",
    contexts: Context::SERVER.or(Context::LOCATION),
    args: Args::at_least(2),
    value: Value::Custom,
    default: "",
    inherit: Inherit::WholeList,
    edition: Edition::Open,
    status: Status::Done,
}];
