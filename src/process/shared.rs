//! The words that a master maps before it forks, so that all workers of all its generations count together.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::http::counters::Counters;
use crate::net::turns::Board;
use crate::sys::shared_words;

/// What workers share.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    /// The number of the next connection.
    pub connection_number: &'static AtomicU64,
    /// What `stub_status` shows.
    pub http: &'static [AtomicU64; Counters::WORDS],
    /// How they share out new connections.
    pub board: Board,
}

impl Shared {
    /// Maps the words.
    pub fn map() -> io::Result<Self> {
        let words = shared_words::map(const { NonZeroUsize::new(1 + Counters::WORDS + Board::WORDS).expect("not 0") })?;
        let (connection_number, rest) = words.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
        let (http, rest) = rest.split_first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        let board = Board::over(rest.first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?);
        connection_number.store(1, Ordering::Relaxed);
        Ok(Self { connection_number, http, board })
    }
}
