//! Every nginx directive, keepalived keyword and variable that evenkeel knows, as data.
//!
//! A row is a `const`: a typo is a compile error, and a jump leads from the row to the code that reads it.
//! The tables import nothing; the parsers, the man pages and the support matrix are all walks over them.

pub mod context;
pub mod keepalived;
pub mod nginx;
pub mod pages;
pub mod variables;

pub use context::Context;

/// One nginx directive as one module defines it. A name may have several rows, one for each module.
#[derive(Debug)]
pub struct Directive {
    /// The word that begins the directive.
    pub name: &'static str,
    /// The nginx module that defines it, without `ngx_` and `_module`.
    pub module: &'static str,
    /// The blocks it may stand in.
    pub contexts: Context,
    /// How many arguments it takes, and whether a block follows.
    pub args: Args,
    /// What its argument means.
    pub value: Value,
    /// The value in force when nobody sets it, as the documentation writes it.
    pub default: &'static str,
    /// How an inner block gets the value of an outer one.
    pub inherit: Inherit,
    /// Which build of nginx has it.
    pub edition: Edition,
    /// What evenkeel does with it.
    pub status: Status,
}

/// The number of arguments of a directive, and whether it opens a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Args {
    /// Bit `n` is set if `n` arguments are right; only 0 to 7.
    pub counts: u8,
    /// The least number of arguments when any larger number is right too (`1+`, `2+`).
    pub at_least: Option<u8>,
    /// Whether a block follows.
    pub block: bool,
}

impl Args {
    /// Exactly one argument, `on` or `off`.
    pub const FLAG: Self = Self::between(1, 1);

    /// From `least` to `most` arguments, both at most 7.
    pub const fn between(least: u8, most: u8) -> Self {
        let mut counts = 0;
        let mut count = least;
        while count <= most {
            counts |= 1 << count;
            count += 1;
        }
        Self { counts, at_least: None, block: false }
    }

    /// Exactly `count` arguments.
    pub const fn exactly(count: u8) -> Self {
        Self::between(count, count)
    }

    /// `least` arguments or more, without a limit.
    pub const fn at_least(least: u8) -> Self {
        Self { counts: 0, at_least: Some(least), block: false }
    }

    /// `a` or `b` arguments.
    pub const fn either(a: u8, b: u8) -> Self {
        Self { counts: 1 << a | 1 << b, at_least: None, block: false }
    }

    /// The same number of arguments, then a block.
    pub const fn block(self) -> Self {
        Self { block: true, ..self }
    }

    /// Whether `count` arguments are right.
    pub const fn accepts(self, count: usize) -> bool {
        match self.at_least {
            Some(least) => count >= least as usize,
            None => count <= 7 && self.counts & (1 << count) != 0,
        }
    }
}

/// What the arguments of a directive mean, where a common rule decides it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// `on` or `off`.
    Flag,
    /// A number of at least zero.
    Number,
    /// Bytes, with `k` or `m`.
    Size,
    /// Bytes, with `k`, `m` or `g`.
    Offset,
    /// A time with units, kept in milliseconds.
    Milliseconds,
    /// A time with units, kept in seconds.
    Seconds,
    /// A number and a size.
    Buffers,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// Several of these words.
    Bitmask(&'static [&'static str]),
    /// One word, taken as it is, at most once in a block.
    Text,
    /// A path and up to three levels of subdirectories.
    Path,
    /// Words of a list that grows with every further line.
    TextList,
    /// Pairs of words in a list that grows with every further line.
    PairList,
    /// A word with variables.
    Template,
    /// A size with variables.
    TemplateSize,
    /// Words with variables, true unless all are empty or `0`.
    Predicate,
    /// Access rights (`user:rw group:r`).
    Access,
    /// A local address, or `off`.
    Bind,
    /// MIME types in a set that grows with every further line.
    MimeTypes,
    /// Read by code of its own.
    Custom,
}

/// How an inner block gets the value of an outer one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inherit {
    /// The inner value if there is one, else the outer one.
    Value,
    /// The whole outer list if the inner block has no entry of its own.
    WholeList,
    /// It counts in its own block only.
    Never,
}

/// Which build of nginx has a directive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// The free nginx, as distributions build it.
    Open,
    /// A module that is built or loaded only on request.
    Optional,
    /// Only on other operating systems.
    OtherSystem,
    /// NGINX Plus.
    Plus,
    /// The njs module.
    Njs,
    /// Older versions had it; newer ones do not.
    Removed,
    /// A module from outside nginx.
    ThirdParty,
}

/// What evenkeel does with a directive or keyword.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It works as in the original.
    Done,
    /// It is read and checked, and has no effect, for this reason.
    Accepted(&'static str),
    /// The original has it, evenkeel does not yet: an error that says so.
    NotYet,
}
