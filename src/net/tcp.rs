//! A TCP socket that is read and written at once, and asked for readiness only where that is too early.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// Reads what there is to the end of a buffer, at most `limit` bytes.
pub fn poll_read_to(
    stream: &TcpStream,
    context: &mut Context,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> Poll<io::Result<usize>> {
    poll_ready(stream, context, Interest::READABLE, || {
        let mut room = bytes::BufMut::limit(&mut *buffer, limit);
        all_or_rest(stream, Interest::READABLE, limit, || stream.try_read_buf(&mut room))
    })
}

/// Reads what there is.
pub fn poll_read(stream: &TcpStream, context: &mut Context, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
    poll_ready(stream, context, Interest::READABLE, || {
        all_or_rest(stream, Interest::READABLE, bytes.len(), || stream.try_read(bytes))
    })
}

/// Writes what the socket takes.
pub fn poll_write(stream: &TcpStream, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
    poll_ready(stream, context, Interest::WRITABLE, || {
        all_or_rest(stream, Interest::WRITABLE, bytes.len(), || stream.try_write(bytes))
    })
}

/// Writes what the socket takes of several pieces.
pub fn poll_write_vectored(stream: &TcpStream, context: &mut Context, slices: &[IoSlice]) -> Poll<io::Result<usize>> {
    poll_ready(stream, context, Interest::WRITABLE, || {
        let length = slices.iter().map(|slice| slice.len()).sum();
        all_or_rest(stream, Interest::WRITABLE, length, || stream.try_write_vectored(slices))
    })
}

/// Tries at once, and asks to be woken only where that is too early. tokio's own calls ask first, which costs more than all the
/// rest of what is ours in a call that succeeds.
fn poll_ready<R>(
    stream: &TcpStream,
    context: &mut Context,
    interest: Interest,
    mut call: impl FnMut() -> io::Result<R>,
) -> Poll<io::Result<R>> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            outcome => return Poll::Ready(outcome),
        }
        let asked = match interest.is_readable() {
            true => stream.poll_read_ready(context),
            false => stream.poll_write_ready(context),
        };
        ready!(asked)?;
    }
}

/// A call that took or gave less than it could have has come to the end of what the socket has: as tokio does in its own calls, that
/// is noted, which saves the call that would only say so.
fn all_or_rest(
    stream: &TcpStream,
    interest: Interest,
    most: usize,
    call: impl FnOnce() -> io::Result<usize>,
) -> io::Result<usize> {
    let mut part = None;
    let outcome = stream.try_io(interest, || match call() {
        Ok(length) if 0 < length && length < most => {
            part = Some(length);
            Err(io::ErrorKind::WouldBlock.into())
        }
        outcome => outcome,
    });
    part.map_or(outcome, Ok)
}
