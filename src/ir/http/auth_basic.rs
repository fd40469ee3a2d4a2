//! The values of nginx's `http_auth_basic` module.

use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::{Template, Text};

layer! {
    /// Whom to ask for a password.
    pub struct AuthBasic, own AuthBasicOwn {
        /// `auth_basic`: the realm; `None` or the value `off` asks nobody.
        realm: Option<Template> = None,
        /// `auth_basic_user_file`; a constant one is a full path.
        user_file: Option<Template> = None,
    }
}

/// The setters of `http_auth_basic`.
pub const SETTERS: Table = &[
    ("auth_basic", own_with!(auth_basic.realm, setter::some_template)),
    (
        "auth_basic_user_file",
        own_with!(auth_basic.user_file, |reader: &mut Reader<'_>, directive: &Directive<'_>| {
            let path = directive.args()[0].value;
            let path = if path.starts_with(b"$") { Text::from(path) } else { reader.conf_path(path) };
            reader.template(directive, &path).map(Some)
        }),
    ),
];
