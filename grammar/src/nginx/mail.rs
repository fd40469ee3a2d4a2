//! The directives of nginx's `mail` module.

use crate::{Args, Context, Directive, Edition, Inherit, Status, Value};

/// A row for each directive.
pub const DIRECTIVES: &[Directive] = &[Directive {
    name: "mail",
    module: "mail",
    contexts: Context::MAIN,
    args: Args::exactly(0).block(),
    value: Value::Custom,
    default: "",
    inherit: Inherit::Never,
    edition: Edition::Open,
    status: Status::NotYet,
}];
