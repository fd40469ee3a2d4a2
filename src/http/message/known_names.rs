//! Sets of header names that code asks for: an enum, and the search that makes a name one of it.

/// No name of a set is longer.
pub const LONGEST: usize = 32;

/// An enum of header names, each written in lower case beside its variant, and `of`, for which letter case does not matter.
macro_rules! known_names {
    ($(#[$attribute:meta])* pub enum $set:ident { $( $(#[$doc:meta])* $variant:ident = $name:literal, )* }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum $set {
            $( $(#[$doc])* $variant, )*
            /// Any other.
            Other,
        }

        impl $set {
            /// Which header a name is; letter case does not matter.
            pub fn of(name: &[u8]) -> Self {
                let mut lower = [0; $crate::http::message::known_names::LONGEST];
                let Some(lower) = lower.get_mut(..name.len()) else { return Self::Other };
                // Byte by byte: for so few, a call that copies costs more.
                lower.iter_mut().zip(name).for_each(|(lower, byte)| *lower = byte.to_ascii_lowercase());
                match &*lower {
                    $( $name => Self::$variant, )*
                    _ => Self::Other,
                }
            }
        }
    };
}

pub(crate) use known_names;
