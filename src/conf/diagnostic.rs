//! What is said about a configuration: level, words, place.

use std::fmt;

/// How grave a message is, in nginx's names and order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The configuration cannot be used.
    Emerg,
    /// Something is wrong beyond the configuration.
    Alert,
    /// A critical fault.
    Crit,
    /// A fault.
    Error,
    /// It works, though maybe not as meant.
    Warn,
    /// Worth a line.
    Notice,
    /// Only of interest to the curious.
    Info,
    /// What is done step by step.
    Debug,
}

impl Level {
    /// The word in brackets in a log line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emerg => "emerg",
            Self::Alert => "alert",
            Self::Crit => "crit",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// Where a message points.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Place {
    /// A line of a file.
    Line {
        /// The file's path as the operator wrote it.
        file: String,
        /// Counted from 1.
        line: u32,
    },
    /// The text of `-g`.
    CommandLine,
    /// Nowhere in particular: a check of the whole.
    Nowhere,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Diagnostic {
    /// How grave it is.
    pub level: Level,
    /// The original's words, without level and place.
    pub text: String,
    /// Where it points.
    pub place: Place,
}

impl fmt::Display for Diagnostic {
    /// nginx's form after the level: the text, then ` in FILE:LINE` or ` in command line`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.place {
            Place::Line { file, line } => write!(f, " in {file}:{line}"),
            Place::CommandLine => f.write_str(" in command line"),
            Place::Nowhere => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}
