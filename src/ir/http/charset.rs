//! The values of nginx's `http_charset` module.

pub mod setters;

use std::collections::BTreeSet;
use std::rc::Rc;

use super::gzip::MimeTypes;
use crate::ir::value::{Template, Text};

layer! {
    /// What `charset=` says of an answer.
    pub struct Charset, own CharsetOwn {
        /// `charset`; `None` for `off`.
        charset: Option<Template> = None,
        /// `source_charset`
        source_charset: Option<Template> = None,
        /// `charset_types`
        types: MimeTypes = default_types(),
        /// `override_charset`: also of backends' answers that say one.
        override_charset: bool = false,
    }
}

/// All charsets that a configuration names, and the tables between them.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct Charsets {
    names: Vec<Text>,
    /// `charset_map`
    pub maps: Vec<CharsetMap>,
}

/// `charset_map`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct CharsetMap {
    /// The charset of the first column.
    pub first: Text,
    /// The charset of the second column.
    pub second: Text,
    /// From the first to the second.
    #[serde(skip)]
    pub forward: Rc<Recoding>,
    /// From the second to the first.
    #[serde(skip)]
    pub backward: Rc<Recoding>,
}

/// A table between two charsets.
#[expect(clippy::large_enum_variant, reason = "there are few, each behind a pointer of its own")]
#[derive(Clone, PartialEq, Debug)]
pub enum Recoding {
    /// A byte for a byte.
    Bytes([u8; 256]),
    /// A UTF-8 sequence for a byte.
    ToUtf8(Vec<Vec<u8>>),
    /// A byte for each character of the basic plane; 0 where the charset has none.
    FromUtf8(Vec<u8>),
}

impl Charsets {
    /// Notes that the configuration names a charset.
    fn add(&mut self, name: &[u8]) {
        if self.find(name).is_none() {
            self.names.push(Text::from(name));
        }
    }

    /// The charset of that name as it was first written.
    pub fn find(&self, name: &[u8]) -> Option<&Text> {
        self.names.iter().find(|known| known.eq_ignore_ascii_case(name))
    }

    /// The table from one charset to another one.
    pub fn recoding(&self, from: &[u8], to: &[u8]) -> Option<&Rc<Recoding>> {
        let is = |a: &Text, b: &[u8]| a.eq_ignore_ascii_case(b);
        self.maps.iter().find_map(|map| match () {
            () if is(&map.first, from) && is(&map.second, to) => Some(&map.forward),
            () if is(&map.second, from) && is(&map.first, to) => Some(&map.backward),
            () => None,
        })
    }

    /// Whether a location's text cannot be recoded as it says, in nginx's words.
    pub fn missing_map(&self, charset: &Charset) -> Option<String> {
        let source = charset.source_charset.as_ref()?.constant()?;
        let destination = charset.charset.as_ref()?.constant()?;
        if source.eq_ignore_ascii_case(destination) || self.recoding(source, destination).is_some() {
            return None;
        }
        let shown =
            |name: &[u8]| String::from_utf8_lossy(self.find(name).map_or(name, |known| &known[..])).into_owned();
        Some(format!("no \"charset_map\" between the charsets \"{}\" and \"{}\"", shown(source), shown(destination)))
    }
}

/// What gets a charset without `charset_types`.
fn default_types() -> MimeTypes {
    let types =
        ["text/html", "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"];
    MimeTypes::Some(Rc::new(types.into_iter().map(Text::from).collect::<BTreeSet<_>>()))
}
