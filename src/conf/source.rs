//! The texts that a configuration is read from, and the memory that its trees live in.

use std::sync::LazyLock;

use bumpalo::Bump;
use typed_arena::Arena;

use super::diagnostic::{Diagnostic, Place};

/// One text: a file, or the words of a command line.
#[derive(Debug)]
pub struct Source {
    /// Which of the texts this is, in the order of first use.
    pub id: SourceId,
    /// The path as the operator sees it; for `-g`, nothing is opened and nothing is shown.
    pub name: String,
    /// The bytes. Neither language demands UTF-8.
    pub text: Vec<u8>,
    /// Whether the text came from the command line.
    pub is_command_line: bool,
}

impl Source {
    /// One of its lines.
    pub fn place(&self, line: u32) -> Place {
        match self.is_command_line {
            true => Place::CommandLine,
            false => Place::Line { file: self.name.clone(), line },
        }
    }
}

/// The number of a [`Source`], counted from 0 in the order of first use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
pub struct SourceId(pub u32);

/// All texts of one configuration, and the trees that borrow from them. Texts are added while trees already
/// borrow from earlier ones; everything goes at once, without a walk, so that no depth of nesting matters.
#[derive(Default)]
pub struct Sources {
    texts: Arena<Source>,
    trees: Bump,
    faults: Arena<Diagnostic>,
}

impl Sources {
    /// Adds a file's text.
    pub fn add_file(&self, name: impl Into<String>, text: Vec<u8>) -> &Source {
        self.add(name.into(), text, false)
    }

    /// Adds a text given on the command line.
    pub fn add_command_line(&self, text: Vec<u8>) -> &Source {
        self.add(String::new(), text, true)
    }

    /// Keeps a fault of syntax for the tree that it is a part of.
    pub(crate) fn add_fault(&self, fault: Diagnostic) -> &Diagnostic {
        self.faults.alloc(fault)
    }

    /// The text of a file that could not be read.
    pub(crate) fn nothing(&self) -> &'static Source {
        static NOTHING: LazyLock<Source> = LazyLock::new(|| Source {
            id: SourceId(u32::MAX),
            name: String::new(),
            text: Vec::new(),
            is_command_line: false,
        });
        &NOTHING
    }

    /// Where the parts of a tree are kept.
    pub(crate) fn trees(&self) -> &Bump {
        &self.trees
    }

    fn add(&self, name: String, text: Vec<u8>, is_command_line: bool) -> &Source {
        let id = SourceId(self.texts.len() as u32);
        self.texts.alloc(Source { id, name, text, is_command_line })
    }
}
