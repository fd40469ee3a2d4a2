//! The values of nginx's `http_gzip` module, and sets of MIME types.

pub mod setters;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::ir::value::{Buffers, PAGE_SIZE, Text};

layer! {
    /// What is compressed, and how.
    pub struct Gzip, own GzipOwn {
        /// `gzip`
        enabled: bool = false,
        /// `gzip_types`
        types: MimeTypes = MimeTypes::only("text/html"),
        /// `gzip_comp_level`
        level: u8 = 1,
        /// `gzip_min_length`
        min_length: u64 = 20,
        /// `gzip_buffers`
        buffers: Buffers = Buffers { count: 128 * 1024 / PAGE_SIZE, size: PAGE_SIZE },
        /// `gzip_window`
        window: usize = 32 * 1024,
        /// `gzip_hash`
        hash: usize = 128 * 1024,
        /// `gzip_no_buffer`
        no_buffer: bool = false,
        /// `postpone_gzipping`
        postpone: usize = 0,
    }
}

/// A set of MIME types, in lower case.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum MimeTypes {
    /// `*`
    Any,
    /// These.
    Some(Rc<BTreeSet<Text>>),
}

impl MimeTypes {
    /// One type.
    pub fn only(mime: &str) -> Self {
        Self::Some(Rc::new(BTreeSet::from([Text::from(mime)])))
    }

    /// Whether a type, in lower case and without parameters, is in the set.
    pub fn contains(&self, mime: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Some(types) => types.contains(mime),
        }
    }
}
