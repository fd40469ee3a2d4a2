//! The values of nginx's `http_dav` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Which files clients may change.
    pub struct Dav, own DavOwn {
        /// `dav_methods`
        methods: DavMethods = DavMethods::OFF,
        /// `create_full_put_path`
        create_full_put_path: bool = false,
        /// `min_delete_depth`
        min_delete_depth: usize = 0,
        /// `dav_access`: the rights of new files.
        access: u32 = 0o600,
    }
}

word_set! {
    /// The methods of `dav_methods`.
    pub struct DavMethods {
        /// None.
        OFF = 0 "off",
        /// `PUT`
        PUT = 1 "put",
        /// `DELETE`
        DELETE = 2 "delete",
        /// `MKCOL`
        MKCOL = 3 "mkcol",
        /// `COPY`
        COPY = 4 "copy",
        /// `MOVE`
        MOVE = 5 "move",
    }
}

/// The setters of `http_dav`.
pub const SETTERS: Table = &[
    ("create_full_put_path", own!(dav.create_full_put_path, setter::flag)),
    ("dav_access", own!(dav.access, setter::access)),
    ("dav_methods", own_bits!(dav.methods)),
    ("min_delete_depth", own!(dav.min_delete_depth, setter::number)),
];
