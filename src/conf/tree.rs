//! An nginx configuration as written: directives, their words and blocks, each with its place.
//!
//! The tree borrows from [`super::source::Sources`] and owns nothing: every part is `Copy`, and dropping it is free.

use std::borrow::Cow;

use super::diagnostic::{Diagnostic, Level, Place};
use super::source::Source;

/// One word of a directive: a name or an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word<'s> {
    /// The bytes it stands for, quotes and escapes resolved.
    pub value: &'s [u8],
    /// Where it begins in its source, with its quote.
    pub start: u32,
    /// The byte after its last, with its quote.
    pub end: u32,
}

impl<'s> Word<'s> {
    /// The value for a person to read; bytes that are not UTF-8 become replacement characters.
    pub fn text(&self) -> Cow<'s, str> {
        String::from_utf8_lossy(self.value)
    }

    /// The word as it is written, with its quotes and escapes.
    pub fn raw(&self, source: &'s Source) -> &'s [u8] {
        &source.text[self.start as usize..self.end as usize]
    }
}

/// One directive of nginx.conf: `name argument… ;` or `name argument… { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Directive<'s> {
    /// The text it is written in.
    pub source: &'s Source,
    /// The name, then the arguments. Never empty; one empty word where reading failed.
    pub words: &'s [Word<'s>],
    /// What follows the words.
    pub body: Body<'s>,
    /// The line of its `;` or `{`: the line that nginx names in messages.
    pub line: u32,
    /// The byte after its `;` or `{`.
    pub end: u32,
}

impl<'s> Directive<'s> {
    /// The first word.
    pub fn name(&self) -> &'s Word<'s> {
        &self.words[0]
    }

    /// The words after the first.
    pub fn args(&self) -> &'s [Word<'s>] {
        &self.words[1..]
    }

    /// The directives of its block, with includes resolved; none if it has no block.
    pub fn children(&self) -> Directives<'s> {
        match self.body {
            Body::Block(block) => block.iter(),
            _ => Directives::over(&[]),
        }
    }

    /// The place that nginx names in a message about this directive.
    pub fn place(&self) -> Place {
        self.source.place(self.line)
    }

    /// The place of the `}` that ends its block, for what nginx finds out only there.
    pub fn close_place(&self) -> Place {
        match self.body {
            Body::Block(Block { close_line: Some(line), close_source, .. }) => close_source.place(line),
            _ => self.place(),
        }
    }

    /// An error about this directive, in words of its own.
    pub fn emerg(&self, text: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Emerg, text: text.into(), place: self.place() }
    }

    /// A warning about this directive, in words of its own.
    pub fn warn(&self, text: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Warn, text: text.into(), place: self.place() }
    }

    /// An error of the form `"name" directive REASON`: what nginx makes of the text that a setter returns.
    pub fn fails(&self, reason: &str) -> Diagnostic {
        self.emerg(format!("\"{}\" directive {reason}", self.name().text()))
    }
}

/// What follows the words of a directive.
#[derive(Clone, Copy, Debug)]
pub enum Body<'s> {
    /// `;`
    Simple,
    /// `{ … }`
    Block(Block<'s>),
    /// `include …;`: the files it brought in, in the order they are read.
    Include(&'s [File<'s>]),
    /// Nothing could be read from here on. nginx reads and acts directive by directive, so this counts only for
    /// who gets here: faults in earlier directives come first. It is the last directive of every tree it is in.
    Fault(&'s Diagnostic),
}

/// The inside of `{ … }`.
#[derive(Clone, Copy, Debug)]
pub struct Block<'s> {
    /// In source order.
    pub directives: &'s [Directive<'s>],
    /// The text with the `}`.
    pub close_source: &'s Source,
    /// The line of the `}`; `None` if reading ended before it.
    pub close_line: Option<u32>,
}

impl<'s> Block<'s> {
    /// The directives in the order nginx acts on them, those of included files in the place of the `include`.
    pub fn iter(&self) -> Directives<'s> {
        Directives::over(self.directives)
    }
}

/// A whole configuration: the text of `-g` if there is one, then the file. Both are outside all blocks.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'s> {
    /// In the order they are read.
    pub roots: &'s [File<'s>],
    /// The files read, each once, in the order of first use: what `-T` prints.
    pub files: &'s [&'s Source],
}

impl<'s> Tree<'s> {
    /// The directives outside all blocks, in the order nginx acts on them, those of included files in the place of the
    /// `include`.
    pub fn iter(&self) -> impl Iterator<Item = &'s Directive<'s>> + use<'s> {
        self.roots.iter().flat_map(|root| root.iter())
    }

    /// The fault of syntax that ended the reading, if one did.
    pub fn fault(&self) -> Option<&'s Diagnostic> {
        self.roots.last().and_then(|root| fault(root.directives))
    }
}

/// The directives of one file.
#[derive(Clone, Copy, Debug)]
pub struct File<'s> {
    /// The file.
    pub source: &'s Source,
    /// In source order.
    pub directives: &'s [Directive<'s>],
}

impl<'s> File<'s> {
    /// The directives in the order nginx acts on them, those of included files in the place of the `include`.
    pub fn iter(&self) -> Directives<'s> {
        Directives::over(self.directives)
    }
}

/// The fault that ends these directives: it is last at every depth.
pub(super) fn fault<'s>(mut directives: &'s [Directive<'s>]) -> Option<&'s Diagnostic> {
    loop {
        directives = match directives.last()?.body {
            Body::Fault(fault) => return Some(fault),
            Body::Block(block) => block.directives,
            Body::Include(files) => files.last()?.directives,
            Body::Simple => return None,
        };
    }
}

/// An iterator over directives that goes into the files of each `include`.
#[derive(Clone, Debug)]
pub struct Directives<'s> {
    current: std::slice::Iter<'s, Directive<'s>>,
    /// What is left to do when `current` is done: the files after the current one, then what follows the include.
    outer: Vec<(std::slice::Iter<'s, File<'s>>, std::slice::Iter<'s, Directive<'s>>)>,
}

impl<'s> Directives<'s> {
    fn over(directives: &'s [Directive<'s>]) -> Self {
        Self { current: directives.iter(), outer: Vec::new() }
    }
}

impl<'s> Iterator for Directives<'s> {
    type Item = &'s Directive<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.current.next() {
                Some(Directive { body: Body::Include(files), .. }) => {
                    let after = std::mem::replace(&mut self.current, [].iter());
                    self.outer.push((files.iter(), after));
                }
                Some(directive) => return Some(directive),
                None => {
                    let (files, after) = self.outer.last_mut()?;
                    match files.next() {
                        Some(file) => self.current = file.directives.iter(),
                        None => {
                            self.current = after.clone();
                            self.outer.pop();
                        }
                    }
                }
            }
        }
    }
}
