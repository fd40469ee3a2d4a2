//! The values of nginx's `http_browser` module.

use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::value::Text;

layer! {
    /// Which browsers are modern, and which ancient.
    pub struct Browser, own BrowserOwn {
        /// `modern_browser`
        modern: Modern = Modern::default(),
        /// `ancient_browser`
        ancient: Ancient = Ancient::default(),
        /// `modern_browser_value`
        modern_value: Text = Text::from("1"),
        /// `ancient_browser_value`
        ancient_value: Text = Text::from("1"),
    }
}

/// `modern_browser`
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Modern {
    /// From which version on each kind is modern, in the order in which they are looked for.
    pub from: Vec<ModernFrom>,
    /// `unlisted`: what no line knows is modern.
    pub unlisted: bool,
}

/// One line of `modern_browser`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ModernFrom {
    /// Which browser.
    pub kind: Kind,
    /// From this version on: two digits for each part, the first part in millions.
    pub version: u64,
}

words! {
    /// The browsers that `modern_browser` knows, in the order in which they are looked for: some name others, too.
    pub enum Kind {
        /// Opera
        Opera = "opera",
        /// Internet Explorer
        Msie = "msie",
        /// Mozilla and Firefox
        Gecko = "gecko",
        /// Safari
        Safari = "safari",
        /// Konqueror
        Konqueror = "konqueror",
    }
}

/// `ancient_browser`
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Ancient {
    /// Words that ancient browsers say of themselves.
    pub words: Vec<Text>,
    /// `netscape4`
    pub netscape4: bool,
}

/// A version that no browser reaches.
const UNREACHABLE: u64 = 4_001_000_000;

/// The setters of `http_browser`.
pub const SETTERS: Table = &[
    ("ancient_browser", ancient_browser),
    ("ancient_browser_value", |reader, directive| {
        reader.own().browser.get_or_insert_default().ancient_value = Some(Text::from(directive.args()[0].value));
        Ok(())
    }),
    ("modern_browser", modern_browser),
    ("modern_browser_value", |reader, directive| {
        reader.own().browser.get_or_insert_default().modern_value = Some(Text::from(directive.args()[0].value));
        Ok(())
    }),
];

fn modern_browser(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let modern = reader.own().browser.get_or_insert_default().modern.get_or_insert_default();
    match directive.args() {
        [word] if word.value == b"unlisted" => modern.unlisted = true,
        [name, version] => {
            let from = modern_from(directive, name.value, version.value)?;
            modern.from.retain(|other| other.version != UNREACHABLE);
            modern.from.push(from);
            // Opera may call itself something else as well, so it is looked for even where nobody lists it.
            if !modern.from.iter().any(|from| from.kind == Kind::Opera) {
                modern.from.push(ModernFrom { kind: Kind::Opera, version: UNREACHABLE });
            }
            modern.from.sort_by_key(|from| from.kind as u8);
        }
        _ => return Err(directive.fails("invalid value")),
    }
    Ok(())
}

fn modern_from(directive: &Directive<'_>, name: &[u8], version: &[u8]) -> Result<ModernFrom, Diagnostic> {
    use crate::ir::words::Words;
    let kind = Kind::WORDS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word.as_bytes()));
    let Some((_, kind)) = kind else {
        let name = String::from_utf8_lossy(name);
        return Err(directive.emerg(format!("unknown browser name \"{name}\"")));
    };
    let read = Version::read(version);
    if !read.rest.is_empty() {
        let version = String::from_utf8_lossy(version);
        return Err(directive.emerg(format!("invalid browser version \"{version}\"")));
    }
    Ok(ModernFrom { kind: *kind, version: read.number })
}

/// A version at the beginning of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version<'t> {
    /// Two digits for each part behind the first, which is in millions.
    pub number: u64,
    /// What follows.
    pub rest: &'t [u8],
}

impl<'t> Version<'t> {
    /// Reads digits and dots.
    pub fn read(text: &'t [u8]) -> Self {
        let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(text.len());
        let (mut number, mut scale) = (0_u64, 1_000_000);
        for part in text[..end].split(|byte| *byte == b'.') {
            let value =
                part.iter().fold(0_u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
            number = number.wrapping_add(value.wrapping_mul(scale));
            scale /= 100;
        }
        Self { number, rest: &text[end..] }
    }
}

fn ancient_browser(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let ancient = reader.own().browser.get_or_insert_default().ancient.get_or_insert_default();
    for word in directive.args() {
        match word.value {
            b"netscape4" => ancient.netscape4 = true,
            text => ancient.words.push(Text::from(text)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_two_digits_a_part() {
        assert_eq!(Version::read(b"6.0; Windows"), Version { number: 6_000_000, rest: b"; Windows" });
        assert_eq!(Version::read(b"1.8.0.5").number, 1_080_005);
    }
}
