//! The directives of nginx's `http_index` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "index",
    module: "http_index",
    contexts: Context::HTTP.or(Context::SERVER).or(Context::LOCATION),
    args: Args::at_least(1),
    value: Value::Custom,
    default: "index.html",
    inherit: Inherit::WholeList,
    edition: Edition::Open,
    status: Status::Done,
}];
