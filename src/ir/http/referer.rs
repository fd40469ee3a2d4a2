//! The values of nginx's `http_referer` module.

use std::rc::Rc;

use crate::ir::regex::Regex;
use crate::ir::value::Text;

layer! {
    /// Which `Referer` is welcome.
    pub struct Referer, own RefererOwn {
        /// `valid_referers`; `None` where nothing is checked.
        valid: Option<Rc<ValidReferers>> = None,
    }
}

/// `valid_referers`
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct ValidReferers {
    /// `none`: the header may be missing.
    pub none: bool,
    /// `blocked`: a value that is no URL.
    pub blocked: bool,
    /// Names, with the beginning of the URI they are for; wildcards as in `server_name`.
    pub names: Vec<(Text, Option<Text>)>,
    /// `server_names`: the names of this server too, with the beginning of the URI they are for.
    pub server_names: Vec<(Text, Option<Text>)>,
    /// Patterns for what follows `http://` or `https://`.
    pub regex: Vec<Rc<Regex>>,
}
