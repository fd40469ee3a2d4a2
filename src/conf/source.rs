//! The texts that a configuration is read from, and places in them.

use typed_arena::Arena;

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

/// The number of a [`Source`], counted from 0 in the order of first use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize)]
pub struct SourceId(pub u32);

/// All texts of one configuration. Texts are added while trees already borrow from earlier ones.
#[derive(Default)]
pub struct Sources {
    arena: Arena<Source>,
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

    fn add(&self, name: String, text: Vec<u8>, is_command_line: bool) -> &Source {
        let id = SourceId(self.arena.len() as u32);
        self.arena.alloc(Source { id, name, text, is_command_line })
    }
}

/// A stretch of one source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Span {
    /// The source it lies in.
    pub source: SourceId,
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}
