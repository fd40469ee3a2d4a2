//! A connection that left HTTP (WebSocket): bytes both ways until one side closes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::Connection;
use super::waiting::Deadline;
use crate::net::stream::Stream;

/// How a tunnel ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// One side closed it.
    Closed,
    /// Both sides were silent, or the backend did not read, for too long.
    TimedOut,
    /// The client did not read for too long.
    ClientTimedOut,
    /// A socket failed.
    Failed,
}

/// Bytes on their way in one direction.
struct Way {
    buffer: Vec<u8>,
    position: usize,
    size: usize,
    at_end: bool,
    is_flushed: bool,
    fault: Option<io::Error>,
}

/// What a step of a direction came to.
#[derive(PartialEq, Eq)]
enum Step {
    Moved,
    Waiting,
    Failed,
}

impl Way {
    fn new(buffer: Vec<u8>, size: usize) -> Self {
        Self { buffer, position: 0, size, at_end: false, is_flushed: true, fault: None }
    }

    fn waiting(&self) -> usize {
        self.buffer.len() - self.position
    }

    /// Whether the other side does not take what there is for it.
    fn is_stuck(&self) -> bool {
        self.waiting() > 0 || !self.is_flushed
    }

    fn is_over(&self) -> bool {
        self.at_end && self.waiting() == 0 && self.is_flushed
    }

    /// Writes what waits, else reads.
    fn step(&mut self, from: &mut Stream, to: &mut Stream, context: &mut Context) -> Step {
        if self.waiting() > 0 {
            self.is_flushed = false;
            return match Pin::new(to).poll_write(context, &self.buffer[self.position..]) {
                Poll::Pending => Step::Waiting,
                Poll::Ready(Err(_)) => Step::Failed,
                Poll::Ready(Ok(length)) => {
                    self.position += length;
                    Step::Moved
                }
            };
        }
        if !self.is_flushed {
            // TLS may hold what the socket did not take.
            match Pin::new(to).poll_flush(context) {
                Poll::Pending => return Step::Waiting,
                Poll::Ready(Err(_)) => return Step::Failed,
                Poll::Ready(Ok(())) => self.is_flushed = true,
            }
        }
        if self.at_end {
            return Step::Waiting;
        }
        self.buffer.clear();
        self.position = 0;
        match from.poll_read_to(context, &mut self.buffer, self.size) {
            Poll::Pending => Step::Waiting,
            // nginx takes a broken connection for a closed one here.
            Poll::Ready(outcome) => {
                self.at_end = !matches!(outcome, Ok(1..));
                self.fault = outcome.err();
                Step::Moved
            }
        }
    }
}

/// What the tunnel begins with, and its limits.
pub struct Setup {
    /// What the client sent behind its request.
    pub from_client: Vec<u8>,
    /// What the backend sent behind its answer.
    pub from_backend: Vec<u8>,
    /// How much is held in each direction.
    pub buffer_size: usize,
    /// How long nothing may move.
    pub timeout_ms: u64,
    /// How long the backend may not read.
    pub send_timeout_ms: u64,
    /// How long the client may not read.
    pub client_send_timeout_ms: u64,
}

/// When a tunnel in which nothing moves ends.
struct Deadlines {
    silence: Deadline,
    backend: Deadline,
    client: Deadline,
}

impl Deadlines {
    fn of(setup: &Setup) -> Self {
        Self {
            silence: Deadline::after_ms(setup.timeout_ms),
            backend: Deadline::after_ms(setup.send_timeout_ms),
            client: Deadline::after_ms(setup.client_send_timeout_ms),
        }
    }

    fn restart(&mut self) {
        self.silence.restart();
        self.backend.restart();
        self.client.restart();
    }

    fn poll(&mut self, connection: &Connection, ways: (&Way, &Way), context: &mut Context) -> Poll<End> {
        let (to_backend, to_client) = ways;
        let mut first = (&mut self.silence, End::TimedOut);
        if to_backend.is_stuck() && self.backend.due_ms() < first.0.due_ms() {
            first = (&mut self.backend, End::TimedOut);
        }
        if to_client.is_stuck() && self.client.due_ms() < first.0.due_ms() {
            first = (&mut self.client, End::ClientTimedOut);
        }
        // The connection has one timer.
        connection.poll_deadline(first.0, context).map(|()| first.1)
    }
}

/// What became of a tunnel.
pub struct Course {
    /// How it ended.
    pub end: End,
    /// How many bytes went to the client.
    pub sent: u64,
    /// How many bytes went to the backend.
    pub passed_on: u64,
    /// What broke the connection to the client.
    pub client_fault: Option<io::Error>,
    /// What broke the connection to the backend.
    pub backend_fault: Option<io::Error>,
}

/// Carries bytes both ways.
pub async fn run(connection: &Connection, backend: &mut Stream, setup: Setup) -> Course {
    let mut deadlines = Deadlines::of(&setup);
    let mut to_backend = Way::new(setup.from_client, setup.buffer_size);
    let mut to_client = Way::new(setup.from_backend, setup.buffer_size);
    let (mut sent, mut passed_on) = (0, 0);
    let end = std::future::poll_fn(|context| {
        loop {
            let before = to_client.waiting();
            let downward = connection.with_stream(|client| to_client.step(backend, client, context));
            sent += before.saturating_sub(to_client.waiting()) as u64;
            let before = to_backend.waiting();
            let upward = connection.with_stream(|client| to_backend.step(client, backend, context));
            passed_on += before.saturating_sub(to_backend.waiting()) as u64;
            if downward == Step::Failed || upward == Step::Failed {
                return Poll::Ready(End::Failed);
            }
            if to_client.is_over() || to_backend.is_over() || to_client.at_end && to_backend.at_end {
                return Poll::Ready(End::Closed);
            }
            if downward == Step::Waiting && upward == Step::Waiting {
                return deadlines.poll(connection, (&to_backend, &to_client), context);
            }
            deadlines.restart();
        }
    })
    .await;
    connection.count_sent(sent);
    Course { end, sent, passed_on, client_fault: to_backend.fault, backend_fault: to_client.fault }
}
