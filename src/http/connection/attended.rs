//! A request that is logged even where the time for shutting down cuts it short: its future is dropped then.

use std::ops::{Deref, DerefMut};

use crate::http::access_log;
use crate::http::request::Request;
use crate::http::verdict::CLIENT_CLOSED_REQUEST;

/// A request that is being served.
pub struct Attended(pub Request);

impl Deref for Attended {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}

impl DerefMut for Attended {
    fn deref_mut(&mut self) -> &mut Request {
        &mut self.0
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if !self.connection.engine.draining.has_begun() || self.contexts.is_logged {
            return;
        }
        let is_stream = self.connection.exchange().is_some();
        if !is_stream && self.received == 0 {
            return;
        }
        // nginx ends a stream as if its client had given it up, and drops what is on a connection of its own.
        if is_stream && self.response.status == 0 {
            self.response.status = CLIENT_CLOSED_REQUEST;
        }
        access_log::write(self);
    }
}
