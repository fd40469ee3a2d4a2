//! Own or unset: how an inner block's values lie over an outer one's.
//!
//! Two rules cover all of nginx: an inner value, or a whole inner list, replaces the outer one (`layer!` does that);
//! and what is never inherited stands in [`super::http::Location`] itself, outside the layered structs.

/// Declares a module's values twice: resolved, and as one block sets them. Both from one list, so that a field cannot
/// be forgotten in either.
macro_rules! layer {
    ($(#[$meta:meta])* pub struct $name:ident, own $own:ident { $($fields:tt)* }) => {
        layer! { $(#[$meta])* pub struct $name, own $own over { $($fields)* } }
    };
    (
        $(#[$meta:meta])*
        pub struct $name:ident, own $own:ident $over:ident {
            $( $(#[$doc:meta])* $field:ident: $type:ty = $default:expr, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $name {
            $( $(#[$doc])* pub $field: $type, )*
        }

        #[doc = concat!("What one block itself sets of [`", stringify!($name), "`].")]
        #[derive(Clone, PartialEq, Default, Debug)]
        pub struct $own {
            $( $(#[$doc])* pub $field: Option<$type>, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl serde::Serialize for $name {
            /// What differs from nginx's defaults: the rest would bury it.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let default = Self::default();
                let mut map = serializer.serialize_map(None)?;
                $( if self.$field != default.$field {
                    map.serialize_entry(stringify!($field), &self.$field)?;
                } )*
                map.end()
            }
        }

        impl $own {
            /// These values where they are set, the outer block's elsewhere.
            pub fn $over(self, outer: &$name) -> $name {
                $name { $( $field: self.$field.unwrap_or_else(|| outer.$field.clone()), )* }
            }
        }
    };
}
