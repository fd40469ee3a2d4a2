//! Hearing a client out before its connection is closed, so that it can read the answer before a reset.

use std::io;
use std::task::Poll;

use super::Connection;
use super::waiting::{Deadline, ReadFault};
use crate::ir::http::core::Core;

/// The size of what is read only to be forgotten.
const DISCARD_SIZE: usize = 4096;
/// How long the end of TLS may wait for a client that does not read (`ngx_ssl_shutdown`).
const GOODBYE_MS: u64 = 3000;

/// Says that the answer has ended, then reads and forgets, until the client closes, is silent for `lingering_timeout`, or
/// `lingering_time` is over; or the connection breaks.
pub async fn close(connection: &Connection, core: &Core) -> io::Result<()> {
    use tokio::io::AsyncWrite;
    let mut patience = Deadline::after_ms(GOODBYE_MS);
    let shutdown = std::future::poll_fn(|context| {
        match connection.with_stream(|stream| std::pin::Pin::new(stream).poll_shutdown(context)) {
            Poll::Ready(outcome) => Poll::Ready(outcome.is_ok()),
            Poll::Pending => connection.poll_deadline(&mut patience, context).map(|()| false),
        }
    });
    if !shutdown.await {
        return Ok(());
    }
    // It counts beside those that wait for a request (`ngx_reusable_connection`).
    let _waiting = connection.engine.counters.waiting.hold();
    let end = tokio::time::Instant::now() + std::time::Duration::from_millis(core.lingering_time_ms);
    let mut buffer = connection.engine.take_buffer();
    let outcome = loop {
        let left_ms = end.saturating_duration_since(tokio::time::Instant::now()).as_millis() as u64;
        let mut deadline = Deadline::after_ms(core.lingering_timeout_ms.min(left_ms));
        buffer.clear();
        match connection.read(&mut buffer, DISCARD_SIZE, &mut deadline).await {
            Ok(length) if length > 0 && left_ms > 0 => {}
            Err(ReadFault::Io(error)) => break Err(error),
            Ok(_) | Err(ReadFault::TimedOut) => break Ok(()),
        }
    };
    connection.engine.give_buffer(buffer);
    outcome
}
