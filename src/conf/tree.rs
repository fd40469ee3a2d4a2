//! A configuration as written: directives, their words and blocks, each with its place.

use std::borrow::Cow;

use super::source::{Source, Span};

/// One word of a directive: a name or an argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word<'s> {
    /// The bytes it stands for, quotes and escapes resolved.
    pub value: Cow<'s, [u8]>,
    /// Where it is written, with its quotes.
    pub span: Span,
    /// Whether it was written in quotes.
    pub quoted: bool,
}

impl Word<'_> {
    /// The value for a person to read; bytes that are not UTF-8 become replacement characters.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }
}

/// One directive of nginx.conf: `name argument… ;` or `name argument… { … }`.
#[derive(Debug)]
pub struct Directive<'s> {
    /// The text it is written in.
    pub source: &'s Source,
    /// The line of its `;` or `{`: the line that the originals name in messages.
    pub line: u32,
    /// The name, then the arguments. Never empty.
    pub words: Vec<Word<'s>>,
    /// What follows the words.
    pub body: Body<'s>,
}

impl<'s> Directive<'s> {
    /// The first word.
    pub fn name(&self) -> &Word<'s> {
        &self.words[0]
    }

    /// The words after the first.
    pub fn args(&self) -> &[Word<'s>] {
        &self.words[1..]
    }
}

/// What follows the words of a directive.
#[derive(Debug)]
pub enum Body<'s> {
    /// `;`
    Simple,
    /// `{ … }`
    Block(Block<'s>),
    /// `include …;`: the files it brought in, in the order they are read.
    Include(Vec<File<'s>>),
}

/// The inside of `{ … }`.
#[derive(Debug)]
pub struct Block<'s> {
    /// In source order.
    pub directives: Vec<Directive<'s>>,
    /// The line of the `}`; `None` if reading ended before it.
    pub close_line: Option<u32>,
}

/// The directives of one file.
#[derive(Debug)]
pub struct File<'s> {
    /// The file.
    pub source: &'s Source,
    /// In source order.
    pub directives: Vec<Directive<'s>>,
}
