//! The client's connection, as sending its request to a backend sees it.

use std::io;
use std::task::{Context, Poll};

use super::http2::Downstream;
use crate::http::connection::Connection;
use crate::http::connection::waiting::Deadline;

impl Downstream for Connection {
    fn poll_body(&self, context: &mut Context, buffer: &mut Vec<u8>, limit: usize) -> Poll<io::Result<usize>> {
        self.poll_read_to(context, buffer, limit)
    }

    fn is_read(&self) -> bool {
        self.exchange().is_some_and(|stream| stream.is_read())
    }

    fn poll_deadline(&self, deadline: &mut Deadline, context: &mut Context) -> Poll<()> {
        Self::poll_deadline(self, deadline, context)
    }
}
