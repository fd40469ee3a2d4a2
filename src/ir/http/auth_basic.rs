//! The values of nginx's `http_auth_basic` module.

use crate::ir::value::Template;

layer! {
    /// Whom to ask for a password.
    pub struct AuthBasic, own AuthBasicOwn {
        /// `auth_basic`: the realm; `None` or the value `off` asks nobody.
        realm: Option<Template> = None,
        /// `auth_basic_user_file`; a constant one is a full path.
        user_file: Option<Template> = None,
    }
}
