//! Where a directive may stand: one bit per kind of nginx block.

use std::ops::BitOr;

/// A set of nginx blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context(u32);

impl Context {
    /// No block at all: a directive that other code reads by itself.
    pub const NONE: Self = Self(0);
    /// Outside all blocks.
    pub const MAIN: Self = Self(1);
    /// `events { }`
    pub const EVENTS: Self = Self(1 << 1);
    /// `http { }`
    pub const HTTP: Self = Self(1 << 2);
    /// `server { }` inside `http`
    pub const SERVER: Self = Self(1 << 3);
    /// `location { }`
    pub const LOCATION: Self = Self(1 << 4);
    /// `if ( ) { }` inside `server`
    pub const IF_IN_SERVER: Self = Self(1 << 5);
    /// `if ( ) { }` inside `location`
    pub const IF_IN_LOCATION: Self = Self(1 << 6);
    /// `limit_except { }`
    pub const LIMIT_EXCEPT: Self = Self(1 << 7);
    /// `upstream { }` inside `http`
    pub const UPSTREAM: Self = Self(1 << 8);
    /// `stream { }`
    pub const STREAM: Self = Self(1 << 9);
    /// `server { }` inside `stream`
    pub const STREAM_SERVER: Self = Self(1 << 10);
    /// `upstream { }` inside `stream`
    pub const STREAM_UPSTREAM: Self = Self(1 << 11);
    /// `mail { }`
    pub const MAIL: Self = Self(1 << 12);
    /// `server { }` inside `mail`
    pub const MAIL_SERVER: Self = Self(1 << 13);
    /// Every block: `include`.
    pub const ANY: Self = Self((1 << 14) - 1);

    /// The names of the blocks, in the order of the bits.
    pub const NAMES: [(Self, &'static str); 14] = [
        (Self::MAIN, "main"),
        (Self::EVENTS, "events"),
        (Self::HTTP, "http"),
        (Self::SERVER, "server"),
        (Self::LOCATION, "location"),
        (Self::IF_IN_SERVER, "if in server"),
        (Self::IF_IN_LOCATION, "if in location"),
        (Self::LIMIT_EXCEPT, "limit_except"),
        (Self::UPSTREAM, "upstream"),
        (Self::STREAM, "stream"),
        (Self::STREAM_SERVER, "stream server"),
        (Self::STREAM_UPSTREAM, "stream upstream"),
        (Self::MAIL, "mail"),
        (Self::MAIL_SERVER, "mail server"),
    ];

    /// Both sets together; the `const` form of `|`.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two sets share a block.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of the blocks in this set, for people.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(bit, _)| self.intersects(*bit)).map(|(_, name)| name)
    }
}

impl BitOr for Context {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}
