//! Why a name could not be resolved, with nginx's numbers and words.

use std::fmt;

/// Why a name has no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    code: u8,
    /// Not asked again before this second, by who asks regularly.
    pub valid_until_s: i64,
}

impl Failure {
    /// The server did not understand the question.
    pub const FORMAT: u8 = 1;
    /// The last code that has a name.
    pub const REFUSED: u8 = 5;
    /// There is no such name.
    pub const NOT_FOUND_CODE: u8 = 3;
    /// There is no such name.
    pub const NOT_FOUND: Self = Self::of_code(Self::NOT_FOUND_CODE);
    /// `ETIMEDOUT`
    const TIMED_OUT_CODE: u8 = 110;
    /// `resolver_timeout` is over.
    pub const TIMED_OUT: Self = Self::of_code(Self::TIMED_OUT_CODE);

    /// The code of an answer.
    pub const fn of_code(code: u8) -> Self {
        Self { code, valid_until_s: 0 }
    }

    /// The same, until this second.
    pub const fn until(self, valid_until_s: i64) -> Self {
        Self { valid_until_s, ..self }
    }

    /// There is no such name, as far as the servers know.
    pub fn is_not_found(self) -> bool {
        self.code == Self::NOT_FOUND_CODE
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.code {
            Self::FORMAT => "Format error",
            2 => "Server failure",
            Self::NOT_FOUND_CODE => "Host not found",
            4 => "Unimplemented",
            Self::REFUSED => "Operation refused",
            Self::TIMED_OUT_CODE => "Operation timed out",
            _ => "Unknown error",
        };
        write!(f, "{}: {text}", self.code)
    }
}
