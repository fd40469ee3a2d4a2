//! Patterns: PCRE2 as nginx uses it, compared and printed by their text.

use std::fmt;

use pcre2::bytes::{Regex as Compiled, RegexBuilder};

use super::ids::VariableId;
use super::value::Text;

/// A compiled pattern.
#[derive(Clone)]
pub struct Regex {
    /// As written.
    pub pattern: Text,
    /// Whether letter case matters.
    pub caseless: bool,
    /// The variables that named groups set, with the number of the group.
    pub named: Vec<(VariableId, usize)>,
    /// The number of groups.
    pub groups: usize,
    /// What every text that matches begins with, letter case aside where it does not matter; often nothing.
    beginning: Box<[u8]>,
    /// Ready to match.
    pub compiled: Compiled,
}

/// What is wrong with a pattern, in nginx's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadPattern(pub String);

impl Regex {
    /// Compiles a pattern. `variable` gives the number of the variable of a named group.
    pub fn compile(
        pattern: &[u8],
        caseless: bool,
        mut variable: impl FnMut(&[u8]) -> VariableId,
    ) -> Result<Self, BadPattern> {
        let compiled = RegexBuilder::new()
            .caseless(caseless)
            .jit_if_available(true)
            .build(&readable(pattern))
            .map_err(|error| refused(pattern, &error))?;
        let names = compiled.capture_names().iter().enumerate();
        let named = names.filter_map(|(group, name)| Some((variable(name.as_ref()?.as_bytes()), group))).collect();
        let groups = compiled.captures_len() - 1;
        Ok(Self { pattern: Text::from(pattern), caseless, named, groups, beginning: beginning(pattern), compiled })
    }

    /// Whether a text matches. Where the beginning decides, PCRE2 is not asked: of many locations most are told apart by it.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.may_match(text) && self.compiled.is_match(text).unwrap_or(false)
    }

    fn may_match(&self, text: &[u8]) -> bool {
        text.get(..self.beginning.len()).is_some_and(|begins| match self.caseless {
            true => begins.eq_ignore_ascii_case(&self.beginning),
            false => *begins == *self.beginning,
        })
    }
}

/// The bytes after a `^` that stand for themselves. With a `|` anywhere they need not be there.
fn beginning(pattern: &[u8]) -> Box<[u8]> {
    let Some(mut rest) = pattern.strip_prefix(b"^") else { return Box::default() };
    if pattern.contains(&b'|') {
        return Box::default();
    }
    let mut plain = Vec::new();
    loop {
        match rest {
            [b'\\', byte, after @ ..] if byte.is_ascii_punctuation() => {
                plain.push(*byte);
                rest = after;
            }
            [byte, after @ ..] if byte.is_ascii_alphanumeric() || b"/-_".contains(byte) => {
                plain.push(*byte);
                rest = after;
            }
            _ => break,
        }
    }
    // What may be there no time at all.
    if let [b'?' | b'*' | b'{', ..] = rest {
        plain.pop();
    }
    plain.into()
}

/// The crate takes patterns as UTF-8; other bytes are written as their code.
fn readable(pattern: &[u8]) -> String {
    match std::str::from_utf8(pattern) {
        Ok(text) => text.to_owned(),
        Err(_) => pattern
            .iter()
            .map(|&byte| if byte < 0x80 { char::from(byte).to_string() } else { format!("\\x{{{byte:02x}}}") })
            .collect(),
    }
}

fn refused(pattern: &[u8], error: &pcre2::Error) -> BadPattern {
    let all = error.to_string();
    let reason = all.splitn(3, ": ").nth(2).unwrap_or(&all);
    let whole = String::from_utf8_lossy(pattern);
    let text = match error.offset() {
        Some(offset) if offset < pattern.len() => {
            let rest = String::from_utf8_lossy(&pattern[offset..]);
            format!("pcre2_compile() failed: {reason} in \"{whole}\" at \"{rest}\"")
        }
        _ => format!("pcre2_compile() failed: {reason} in \"{whole}\""),
    };
    BadPattern(text)
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern && self.caseless == other.caseless && self.named == other.named
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", if self.caseless { "~*" } else { "~" }, self.pattern)
    }
}

impl serde::Serialize for Regex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} {}", if self.caseless { "~*" } else { "~" }, self.pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(pattern: &str) -> Result<Regex, BadPattern> {
        Regex::compile(pattern.as_bytes(), false, |_| VariableId(7))
    }

    #[test]
    fn named_groups_become_variables() {
        let regex = compile("^/(?<user>[a-z]+)/(.*)").expect("a right pattern");
        assert_eq!(regex.named, vec![(VariableId(7), 1)]);
        assert_eq!(regex.groups, 2);
    }

    #[test]
    fn a_beginning_is_what_every_match_begins_with() {
        for (pattern, begins) in [
            ("^/api/v1/(.*)", "/api/v1/"),
            (r"^\/api\/v1\.0", "/api/v1.0"),
            ("^/abc?d", "/ab"),
            ("^/abc*d", "/ab"),
            ("^/abc{0,2}d", "/ab"),
            ("^/abc+d", "/abc"),
            (r"^/a\.?b", "/a"),
            (r"^/a\d", "/a"),
            ("^/a|/b", ""),
            ("/a", ""),
            ("(?i)^/a", ""),
            ("^?a", ""),
        ] {
            assert_eq!(*beginning(pattern.as_bytes()), *begins.as_bytes(), "{pattern}");
        }
    }

    #[test]
    fn letter_case_counts_in_a_beginning_where_it_counts_in_the_pattern() {
        let regex = |caseless| Regex::compile(b"^/img/", caseless, |_| VariableId(7)).expect("a right pattern");
        assert!(regex(true).is_match(b"/IMG/a") && !regex(false).is_match(b"/IMG/a"));
        assert!(regex(false).is_match(b"/img/") && !regex(false).is_match(b"/img"));
    }

    #[test]
    fn errors_use_nginx_words() {
        let BadPattern(text) = compile("a(b").expect_err("a group is open");
        assert_eq!(text, "pcre2_compile() failed: missing closing parenthesis in \"a(b\"");
        let BadPattern(text) = compile("a[z-a]b").expect_err("the range is turned round");
        assert_eq!(text, "pcre2_compile() failed: range out of order in character class in \"a[z-a]b\" at \"a]b\"");
    }
}
