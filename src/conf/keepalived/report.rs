//! What is said about a keepalived configuration, and how grave it is.

use std::fmt;
use std::rc::Rc;

/// How grave a message is: the order decides the exit code of `-t`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
pub enum Fault {
    /// Nothing is wrong: a line for the log of a running daemon, which `-t` does not show.
    LogOnly,
    /// A message without a consequence, which `-t` shows.
    Notice,
    /// A file is missing or not readable.
    FileNotFound,
    /// An interface does not exist although it must.
    BadInterface,
    /// It cannot run.
    Fatal,
    /// Several files match the name of the configuration.
    MultipleFiles,
    /// A word that no table has.
    UnknownKeyword,
    /// `{` where no block begins.
    UnexpectedOpen,
    /// A block without `{`.
    MissingOpen,
    /// `}` where no block is open.
    UnexpectedClose,
    /// The end of the file inside a block.
    MissingClose,
    /// A quote is not closed.
    UnmatchedQuote,
    /// A keyword without its value.
    MissingParameter,
    /// Not a number, or out of range.
    InvalidNumber,
    /// Anything else that is wrong.
    General,
    /// Something doubtful.
    Warning,
    /// An old word for something.
    Deprecated,
    /// A script that should not be run as it is.
    Security,
}

/// Where a message points.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Position {
    /// The file, if there is more than one or a child speaks.
    pub file: Option<Rc<str>>,
    /// Counted from 1.
    pub line: usize,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Report {
    /// How grave it is.
    pub fault: Fault,
    /// Where it points, if it points to a line.
    pub position: Option<Position>,
    /// keepalived's words.
    pub text: String,
}

impl fmt::Display for Report {
    /// keepalived's form: `(FILE: Line N) text`, `(Line N) text` or the text alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.position {
            Some(Position { file: Some(file), line }) => write!(f, "({file}: Line {line}) {}", self.text),
            Some(Position { file: None, line }) => write!(f, "(Line {line}) {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for Report {}
