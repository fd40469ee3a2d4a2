//! How far an answer in slices has come.

use std::cell::{Cell, RefCell};

/// How far an answer in slices has come; the request and those that it makes for further slices have it together.
#[derive(Debug)]
pub struct Slices {
    /// `slice`
    pub size: u64,
    /// The first byte of the slice that is asked for.
    pub asked: Cell<u64>,
    /// The first byte that is still to be asked for.
    pub next: Cell<u64>,
    /// The byte behind the last one that the client wants.
    pub end: Cell<u64>,
    /// What `ETag` the slices so far had.
    pub etag: RefCell<Option<Vec<u8>>>,
    /// The slice that was asked for has been answered.
    pub is_answered: Cell<bool>,
    /// Where in the whole the body begins whose head passes just now.
    pub offset: Cell<u64>,
    /// What of the whole goes to the client.
    pub range: Cell<Option<(u64, u64)>>,
}

impl Slices {
    /// In slices of so many bytes, from the one that has the byte `start`.
    pub fn new(size: u64, start: u64) -> Self {
        let start = start / size * size;
        Self {
            size,
            asked: Cell::new(start),
            next: Cell::new(start),
            end: Cell::default(),
            etag: RefCell::default(),
            is_answered: Cell::default(),
            offset: Cell::default(),
            range: Cell::default(),
        }
    }

    /// Where in the whole the present body begins.
    pub fn offset(&self) -> u64 {
        self.offset.get()
    }

    /// What of the whole goes to the client, if it is not all.
    pub fn range(&self) -> Option<(u64, u64)> {
        self.range.get()
    }
}
