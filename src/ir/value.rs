//! Texts, and texts with variables compiled once to a list of operations.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use super::ids::VariableId;

/// Bytes out of a configuration; shared, never changed. The language does not demand UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Rc<[u8]>);

impl Text {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Rc::from([]))
    }
}

impl Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::borrow::Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(Rc::from(bytes))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Rc::from(text.as_bytes()))
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Rc::from(bytes))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Rc::from(text.into_bytes()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(&self.0))
    }
}

/// A list that blocks share and that grows while its own block is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List<T>(Rc<Vec<T>>);

impl<T: Clone> List<T> {
    /// Adds one at the end; other holders of the list do not see it.
    pub fn push(&mut self, item: T) {
        Rc::make_mut(&mut self.0).push(item);
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self(Rc::new(items))
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: serde::Serialize> serde::Serialize for List<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

/// A piece of shared memory.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Zone {
    /// Its name.
    pub name: Text,
    /// Its size in bytes; 0 where another directive gives it.
    pub size: usize,
}

/// One step in making a text.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Part {
    /// These bytes.
    Literal(Text),
    /// The value of a variable; nothing if it has none.
    Variable(VariableId),
    /// `$1` to `$9`: what a group of the last matched pattern caught.
    Capture(u8),
}

/// A text with variables: nginx's "complex value".
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Template {
    /// What to put one after the other; two literals never meet.
    pub parts: Rc<[Part]>,
}

impl Template {
    /// A text without variables.
    pub fn literal(text: impl Into<Text>) -> Self {
        let text = text.into();
        if text.is_empty() {
            return Self::default();
        }
        Self { parts: Rc::from([Part::Literal(text)]) }
    }

    /// Parts one after the other; literals that meet become one.
    pub fn of_parts(parts: Vec<Part>) -> Self {
        let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(after)) => {
                    *before = Text::from([before.as_bytes(), after.as_bytes()].concat());
                }
                (_, part) => joined.push(part),
            }
        }
        Self { parts: Rc::from(joined) }
    }

    /// The whole text, if no variable is in it.
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(&[]),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl Template {
    /// Reads `text`; `variable` gives the number of a name. The error is nginx's sentence.
    pub fn compile(text: &[u8], mut variable: impl FnMut(&[u8]) -> VariableId) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
            if dollar > 0 {
                parts.push(Part::Literal(Text::from(&rest[..dollar])));
            }
            let (reference, after) = Reference::read(&rest[dollar + 1..])?;
            parts.push(match reference {
                Reference::Capture(group) => Part::Capture(group),
                Reference::Variable(name) => Part::Variable(variable(name)),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(Text::from(rest)));
        }
        Ok(Self { parts: Rc::from(parts) })
    }

    /// The text as it would be written, with the names of its variables.
    pub fn written<'a>(&self, name: impl Fn(VariableId) -> &'a Text) -> String {
        let part = |part: &Part| match part {
            Part::Literal(text) => text.to_string(),
            Part::Variable(id) => format!("${}", name(*id)),
            Part::Capture(group) => format!("${group}"),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether the text depends on the request.
    pub fn is_constant(&self) -> bool {
        self.constant().is_some()
    }
}

/// What follows a `$`.
enum Reference<'t> {
    Capture(u8),
    Variable(&'t [u8]),
}

impl<'t> Reference<'t> {
    fn read(text: &'t [u8]) -> Result<(Self, &'t [u8]), String> {
        match text {
            [digit @ b'1'..=b'9', after @ ..] => Ok((Self::Capture(digit - b'0'), after)),
            [b'{', inner @ ..] => {
                let (name, after) = split_name(inner);
                match after {
                    [b'}', after @ ..] if !name.is_empty() => Ok((Self::Variable(name), after)),
                    [b'}', ..] => Err("invalid variable name".to_owned()),
                    _ if inner.is_empty() => Err("invalid variable name".to_owned()),
                    _ => {
                        Err(format!("the closing bracket in \"{}\" variable is missing", String::from_utf8_lossy(name)))
                    }
                }
            }
            _ => match split_name(text) {
                ([], _) => Err("invalid variable name".to_owned()),
                (name, after) => Ok((Self::Variable(name), after)),
            },
        }
    }
}

/// The longest beginning that can be a variable's name.
fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count())
}

/// The number and size of buffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Buffers {
    /// How many.
    pub count: usize,
    /// The size of each, in bytes.
    pub size: usize,
}

/// A directory for temporary files, and how many letters each of its levels takes.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct TempPath {
    /// The full path.
    pub path: Text,
    /// The number of letters of each level's names; 0 where there is no further level.
    pub levels: [u8; 3],
}

/// The size of a memory page: the unit of nginx's default buffers.
pub const PAGE_SIZE: usize = 4096;

/// A path that begins at `prefix` unless it is absolute.
pub fn below(prefix: &str, path: &[u8]) -> Text {
    match path.first() {
        Some(b'/') => Text::from(path),
        _ => Text::from([prefix.as_bytes(), path].concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Template, String> {
        let mut count = 0;
        Template::compile(text.as_bytes(), |_| {
            count += 1;
            VariableId(count)
        })
    }

    #[test]
    fn names_end_where_nginx_ends_them() {
        let parts = compile("a$b.${c}d$1").expect("right").parts;
        let expected = [
            Part::Literal(Text::from("a")),
            Part::Variable(VariableId(1)),
            Part::Literal(Text::from(".")),
            Part::Variable(VariableId(2)),
            Part::Literal(Text::from("d")),
            Part::Capture(1),
        ];
        assert_eq!(*parts, expected);
    }

    #[test]
    fn faults_have_nginx_words() {
        assert_eq!(compile("a$"), Err("invalid variable name".into()));
        assert_eq!(compile("$-"), Err("invalid variable name".into()));
        assert_eq!(compile("${}"), Err("invalid variable name".into()));
        assert_eq!(compile("${ab-}"), Err("the closing bracket in \"ab\" variable is missing".into()));
    }
}
