//! The values of nginx's `http_mp4` module.

use super::Content;
use crate::ir::setter::{self, Table};

layer! {
    /// How films are cut.
    pub struct Mp4, own Mp4Own {
        /// `mp4_buffer_size`
        buffer_size: usize = 512 * 1024,
        /// `mp4_max_buffer_size`
        max_buffer_size: usize = 10 * 1024 * 1024,
        /// `mp4_start_key_frame`
        start_key_frame: bool = false,
    }
}

/// The setters of `http_mp4`.
pub const SETTERS: Table = &[
    ("mp4", |reader, _| {
        reader.location().content = Some(Content::Mp4);
        Ok(())
    }),
    ("mp4_buffer_size", own!(mp4.buffer_size, setter::size)),
    ("mp4_max_buffer_size", own!(mp4.max_buffer_size, setter::size)),
    ("mp4_start_key_frame", own!(mp4.start_key_frame, setter::flag)),
];
