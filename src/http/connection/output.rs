//! Writing to a client: small pieces gather in one buffer, large ones go out beside it without a copy.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::Connection;
use super::http2_stream::Exchange;
use super::waiting::{Deadline, Patience, SendFault};
use crate::http::message::headers::HeaderList;
use crate::http::verdict::ClientGone;
use crate::sys::send;
use crate::wire::http2::frame::HEAD_LENGTH;

/// A piece that is at most so long is copied behind what waits, rather than written by a second slice.
const COPY_LIMIT: usize = 4096;
/// With so much gathered, it is time to write.
const GATHER_LIMIT: usize = 16 * 1024;
/// How much of a file is read at once where it goes through the process.
const COPIED_PIECE: usize = 64 * 1024;
/// The most that one call asks the kernel to send of a file, where `sendfile_max_chunk` sets no limit.
const SENDFILE_CHUNK: usize = 1 << 30;

/// Which frames are to go out now.
#[derive(Clone, Copy)]
enum Frames {
    /// Whole ones behind which more waits.
    Whole,
    /// All that waits.
    All,
    /// All that waits, and with it the end.
    Last,
}

impl Connection {
    /// Lets something add to what is going to be written. A connection that has nothing to write holds no buffer.
    pub fn gather<R>(&self, run: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let mut out = self.out.take();
        if out.capacity() == 0 {
            out = self.engine.take_buffer();
        }
        let outcome = run(&mut out);
        self.out.set(out);
        outcome
    }

    /// How many bytes wait to be written.
    pub fn gathered(&self) -> usize {
        let out = self.out.take();
        let length = out.len();
        self.out.set(out);
        length
    }

    /// Forgets what waits to be written.
    pub fn discard_gathered(&self) {
        self.gather(Vec::clear);
    }

    /// Sends bytes, possibly only later with what follows.
    pub async fn send(&self, bytes: &[u8], patience: Patience) -> Result<(), SendFault> {
        if let Some(exchange) = self.exchange() {
            return Ok(self.send_in_frames(exchange, bytes, patience.timeout_ms).await?);
        }
        if patience.is_deferred {
            self.gather(|out| out.extend_from_slice(bytes));
            return Ok(());
        }
        if !self.copied(bytes) {
            return self.write_with(bytes, patience).await;
        }
        if self.gathered() < GATHER_LIMIT {
            return Ok(());
        }
        self.flush(patience).await
    }

    /// Copies a piece behind what waits, if that is cheaper than a slice of its own.
    fn copied(&self, bytes: &[u8]) -> bool {
        let copied = bytes.len() <= COPY_LIMIT || self.gathered() + bytes.len() <= GATHER_LIMIT;
        if copied {
            self.gather(|out| out.extend_from_slice(bytes));
        }
        copied
    }

    /// Writes all that waits.
    pub async fn flush(&self, patience: Patience) -> Result<(), SendFault> {
        if self.gathered() == 0 || patience.is_deferred {
            return Ok(());
        }
        if let Some(exchange) = self.exchange() {
            return Ok(self.send_frames(exchange, Frames::All, patience.timeout_ms).await?);
        }
        self.write_with(&[], patience).await
    }

    /// Ends the answer of a stream of HTTP/2.
    pub async fn end(&self, trailers: &HeaderList, timeout_ms: u64) -> Result<(), ClientGone> {
        let Some(exchange) = self.exchange() else { return Ok(()) };
        if exchange.has_ended() {
            return Ok(());
        }
        if trailers.is_empty() {
            return self.send_frames(exchange, Frames::Last, timeout_ms).await;
        }
        self.send_frames(exchange, Frames::All, timeout_ms).await?;
        let length = exchange.send_trailers(trailers)?;
        self.count_frames(exchange, length, 0);
        Ok(())
    }

    /// Counts what was sent of a stream of HTTP/2: around its body (head, trailers, the beginnings of frames), and of the body.
    pub fn count_frames(&self, exchange: &Exchange, around_body: u64, body: u64) {
        exchange.around_body.set(exchange.around_body.get() + around_body);
        self.count_sent(around_body + body);
    }

    /// Counts what was sent.
    pub fn count_sent(&self, length: u64) {
        self.sent.set(self.sent.get() + length);
    }

    /// Sends bytes behind those that wait, in frames of `http2_chunk_size`; what fills none waits.
    async fn send_in_frames(&self, exchange: &Exchange, bytes: &[u8], timeout_ms: u64) -> Result<(), ClientGone> {
        if self.gathered() > 0 {
            self.gather(|out| out.extend_from_slice(bytes));
            return self.send_frames(exchange, Frames::Whole, timeout_ms).await;
        }
        let sent = self.send_pieces(exchange, bytes, Frames::Whole, timeout_ms).await?;
        if sent < bytes.len() {
            self.gather(|out| out.extend_from_slice(&bytes[sent..]));
        }
        Ok(())
    }

    /// Sends what waits, in frames of `http2_chunk_size`.
    async fn send_frames(&self, exchange: &Exchange, which: Frames, timeout_ms: u64) -> Result<(), ClientGone> {
        let mut bytes = self.out.take();
        let sent = self.send_pieces(exchange, &bytes, which, timeout_ms).await?;
        // Behind whole frames the last one waits for more, or for the end, which it carries along.
        bytes.drain(..sent);
        self.out.set(bytes);
        Ok(())
    }

    /// How many of these bytes were sent.
    async fn send_pieces(
        &self,
        exchange: &Exchange,
        bytes: &[u8],
        which: Frames,
        timeout_ms: u64,
    ) -> Result<usize, ClientGone> {
        let size = exchange.chunk_size.get();
        let is_due = |waiting: usize| match which {
            Frames::Whole => waiting > size,
            Frames::All => waiting > 0,
            Frames::Last => !exchange.has_ended(),
        };
        let mut sent = 0;
        let mut deadline = Deadline::after_ms(timeout_ms);
        while is_due(bytes.len() - sent) {
            let piece = &bytes[sent..bytes.len().min(sent.saturating_add(size))];
            let ends = matches!(which, Frames::Last) && sent + piece.len() == bytes.len();
            let length = std::future::poll_fn(|context| match exchange.poll_send(context, piece, ends) {
                Poll::Ready(sent) => Poll::Ready(sent),
                Poll::Pending => self.poll_deadline(&mut deadline, context).map(|()| {
                    exchange.set_timed_out();
                    Err(ClientGone)
                }),
            })
            .await?;
            sent += length;
            self.count_frames(exchange, HEAD_LENGTH as u64, length as u64);
            deadline.restart();
        }
        Ok(sent)
    }

    /// Writes what waits, then these bytes.
    async fn write_with(&self, bytes: &[u8], patience: Patience) -> Result<(), SendFault> {
        let mut deadline = Deadline::after_ms(patience.timeout_ms);
        let mut written = 0;
        let first = self.out.take();
        let outcome = std::future::poll_fn(|context| {
            self.poll_write((&first, bytes), &mut written, patience, &mut deadline, context)
        })
        .await;
        self.count_sent(written as u64);
        self.engine.give_buffer(first);
        outcome
    }

    /// Writes what waits, as far as the client takes it now.
    pub fn poll_write_out(
        &self,
        patience: Patience,
        deadline: &mut Deadline,
        context: &mut Context,
    ) -> Poll<Result<(), SendFault>> {
        if self.gathered() == 0 {
            return Poll::Ready(Ok(()));
        }
        let (mut out, mut written) = (self.out.take(), 0);
        let outcome = self.poll_write((&out, &[]), &mut written, patience, deadline, context);
        self.count_sent(written as u64);
        out.drain(..written);
        self.out.set(out);
        outcome
    }

    /// Writes two pieces, of which so much was written before.
    fn poll_write(
        &self,
        (first, bytes): (&[u8], &[u8]),
        written: &mut usize,
        patience: Patience,
        deadline: &mut Deadline,
        context: &mut Context,
    ) -> Poll<Result<(), SendFault>> {
        while *written < first.len() + bytes.len() {
            let (head, tail) = rest(first, bytes, *written);
            let polled = {
                let mut stream = self.stream();
                let stream = Pin::new(&mut *stream);
                match (head.is_empty(), tail.is_empty()) {
                    (true, _) => stream.poll_write(context, tail),
                    (_, true) => stream.poll_write(context, head),
                    _ => stream.poll_write_vectored(context, &[IoSlice::new(head), IoSlice::new(tail)]),
                }
            };
            match polled {
                Poll::Ready(Ok(length)) => {
                    *written += length;
                    deadline.restart();
                }
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(SendFault::of("writev()", error, deadline.has_begun())));
                }
                Poll::Pending => return self.poll_patience(patience, deadline, context).map(Err),
            }
        }
        // TLS may still hold what it has taken.
        let flushed = Pin::new(&mut *self.stream()).poll_flush(context);
        match flushed {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| SendFault::Failed("writev()", error))),
            Poll::Pending => self.poll_patience(patience, deadline, context).map(Err),
        }
    }

    /// What ends the wait for a client that takes nothing.
    fn poll_patience(&self, patience: Patience, deadline: &mut Deadline, context: &mut Context) -> Poll<SendFault> {
        if patience.ends_with_client
            && let Poll::Ready(error) = self.poll_gone(context)
        {
            return Poll::Ready(SendFault::Closed(error));
        }
        self.poll_deadline(deadline, context).map(|()| SendFault::TimedOut)
    }

    /// Writes what waits, then a piece of a file, straight from the kernel's cache.
    pub async fn send_file(
        &self,
        file: &File,
        (offset, length): (u64, u64),
        max_chunk: usize,
        patience: Patience,
    ) -> Result<(), SendFault> {
        if self.is_secure() {
            return self.copy_file(file, offset, length, patience).await;
        }
        self.write_ahead();
        self.flush(patience).await?;
        let mut deadline = Deadline::after_ms(patience.timeout_ms);
        let max_chunk = if max_chunk == 0 { SENDFILE_CHUNK } else { max_chunk };
        let mut position = offset as i64;
        let end = (offset + length) as i64;
        let outcome = std::future::poll_fn(|context| {
            while position < end {
                let count = usize::try_from(end - position).unwrap_or(usize::MAX).min(max_chunk);
                match self.sendfile(file, &mut position, count) {
                    // The file is shorter than it was when its length was announced.
                    Ok(0) => return Poll::Ready(Err(SendFault::Known)),
                    Ok(_) => deadline.restart(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let writable = self.stream().poll_writable(context);
                        match writable {
                            Poll::Ready(Ok(())) => {}
                            Poll::Ready(Err(error)) => return Poll::Ready(Err(SendFault::Closed(Some(error)))),
                            Poll::Pending => return self.poll_patience(patience, &mut deadline, context).map(Err),
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Poll::Ready(Err(SendFault::of("sendfile()", error, deadline.has_begun()))),
                }
            }
            Poll::Ready(Ok(()))
        })
        .await;
        self.count_sent(position as u64 - offset);
        outcome
    }

    /// Writes what waits so that it shares its packet with the file that follows at once, as `tcp_nopush` does with two calls more.
    /// What does not go out now is left to [`Self::flush`].
    fn write_ahead(&self) {
        let mut out = self.out.take();
        if !out.is_empty()
            && let Ok(length) = self.stream().try_write_with(|descriptor| send::send_more(descriptor, &out))
        {
            out.drain(..length);
            self.count_sent(length as u64);
        }
        self.out.set(out);
    }

    /// Sends a piece of a file through the process, for what the kernel cannot encrypt.
    async fn copy_file(&self, file: &File, offset: u64, length: u64, patience: Patience) -> Result<(), SendFault> {
        let mut piece = vec![0; COPIED_PIECE.min(length as usize)];
        let (mut position, end) = (offset, offset + length);
        while position < end {
            let wanted = piece.len().min((end - position) as usize);
            match file.read_at(&mut piece[..wanted], position) {
                // The file is shorter than it was when its length was announced, or cannot be read any more.
                Ok(0) | Err(_) => return Err(SendFault::Known),
                Ok(read) => {
                    self.write_with(&piece[..read], patience).await?;
                    position += read as u64;
                }
            }
        }
        Ok(())
    }

    fn sendfile(&self, file: &File, position: &mut i64, count: usize) -> io::Result<usize> {
        self.stream().try_write_with(|descriptor| {
            nix::sys::sendfile::sendfile(descriptor, file, Some(position), count).map_err(io::Error::from)
        })
    }
}

fn rest<'b>(first: &'b [u8], second: &'b [u8], written: usize) -> (&'b [u8], &'b [u8]) {
    match written.checked_sub(first.len()) {
        None => (&first[written..], second),
        Some(into_second) => (&[], &second[into_second..]),
    }
}
