//! The values of nginx's `http_mirror` module.

use crate::ir::value::{List, Text};

layer! {
    /// Where copies of requests go.
    pub struct Mirror, own MirrorOwn {
        /// `mirror`; empty for `off`.
        uris: List<Text> = List::default(),
        /// `mirror_request_body`
        request_body: bool = true,
    }
}
