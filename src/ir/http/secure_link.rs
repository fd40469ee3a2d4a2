//! The values of nginx's `http_secure_link` module.

use crate::ir::setter::{self, Table};
use crate::ir::value::{Template, Text};

layer! {
    /// Links that carry a checksum.
    pub struct SecureLink, own SecureLinkOwn over_parts {
        /// `secure_link`: the checksum, and after a comma until when it holds.
        link: Option<Template> = None,
        /// `secure_link_md5`: what the checksum is of.
        md5: Option<Template> = None,
        /// `secure_link_secret`: checksums are in the path, and end with this word.
        secret: Option<Text> = None,
    }
}

impl SecureLinkOwn {
    /// A secret of a block's own shuts off what is outside; a link shuts off a secret that is outside.
    pub fn over(self, outer: &SecureLink) -> SecureLink {
        if self.secret.is_some() {
            return self.over_parts(&SecureLink::default());
        }
        let mut merged = self.over_parts(outer);
        if merged.link.is_some() || merged.md5.is_some() {
            merged.secret = None;
        }
        merged
    }
}

/// The setters of `http_secure_link`.
pub const SETTERS: Table = &[
    ("secure_link", own_with!(secure_link.link, setter::some_template)),
    ("secure_link_md5", own_with!(secure_link.md5, setter::some_template)),
    ("secure_link_secret", own!(secure_link.secret, setter::some_text)),
];
