//! Values that are one word, or several words, of a fixed list.

/// Declares an enum whose variants are words of a directive.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
        pub enum $name { $( $(#[$doc])* #[serde(rename = $word)] $variant, )* }

        impl $crate::ir::words::Words for $name {
            const WORDS: &'static [(&'static str, Self)] = &[ $( ($word, Self::$variant), )* ];
        }
    };
}

/// Declares a set of words.
macro_rules! word_set {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[$doc:meta])* $constant:ident = $bit:literal $word:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name(pub u32);

        impl $name {
            $( $(#[$doc])* pub const $constant: Self = Self(1 << $bit); )*

            /// Whether all of these words are in the set.
            pub const fn contains(self, words: Self) -> bool {
                self.0 & words.0 == words.0
            }

            /// Both sets together.
            pub const fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl $crate::ir::words::Words for $name {
            const WORDS: &'static [(&'static str, Self)] = &[ $( ($word, Self::$constant), )* ];
        }

        impl $crate::ir::words::Set32 for $name {
            fn has(self, word: Self) -> bool {
                self.contains(word)
            }
            fn with(self, word: Self) -> Self {
                self.or(word)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries($crate::ir::words::names(*self, Self::contains)).finish()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq($crate::ir::words::names(*self, Self::contains))
            }
        }
    };
}

/// A type whose values are words.
pub trait Words: Copy + 'static {
    /// Each word with its value, in nginx's order.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of a word; letter case does not matter, as in nginx.
    fn of_word(word: &[u8]) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word)).map(|(_, value)| *value)
    }
}

/// The words of a set.
pub fn names<T: Words>(set: T, contains: fn(T, T) -> bool) -> impl Iterator<Item = &'static str> {
    T::WORDS.iter().filter(move |(_, bit)| contains(set, *bit)).map(|(word, _)| *word)
}

/// A set of words that can grow.
pub trait Set32: Copy {
    /// Whether the word is in it.
    fn has(self, word: Self) -> bool;
    /// The set with the word in it.
    fn with(self, word: Self) -> Self;
}
