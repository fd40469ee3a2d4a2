//! Waiting for a backend, while the client is watched.

use std::pin::pin;
use std::task::Poll;

use super::job::Job;
use crate::http::connection::waiting::Deadline;
use crate::http::request::Request;
use crate::ir::http::proxy::Store;
use crate::log::error_log::Level;

/// Whether the body of a client that speaks HTTP/2 is still on its way.
pub fn reads_stream(request: &Request, job: &Job) -> bool {
    job.passes_body_through && request.connection.exchange().is_some_and(|stream| !stream.is_read())
}

/// Waits for something that concerns the backend, while the client is watched.
pub async fn wait<T>(
    request: &Request,
    job: &Job,
    timeout_ms: u64,
    mut poll: impl FnMut(&mut std::task::Context) -> Poll<T>,
) -> Waited<T> {
    let mut deadline = Deadline::after_ms(timeout_ms);
    let connection = &request.connection;
    // On a stream of HTTP/2 the end of the body and the end of the stream are different things.
    let is_stream = connection.exchange().is_some();
    let reads_body = job.passes_body_through && !request.framing.is_done() && !is_stream;
    // What is stored is read to its end for its own sake.
    let is_stored = job.proxy.store != Store::Off;
    let may_watch = !is_stored && !request.post_action && !job.proxy.ignore_client_abort && !reads_body;
    let poll_client = |context: &mut std::task::Context| {
        let gone = connection.poll_gone(context);
        // Of a stream that is over it is said elsewhere.
        if let (Poll::Ready(error), false) = (&gone, is_stream) {
            request.log_gone(error.as_ref(), true);
        }
        gone.is_ready()
    };
    std::future::poll_fn(|context| {
        let watched = may_watch && request.turn.as_ref().is_none_or(|turn| turn.poll(context));
        // The client first: of an end and an answer that are there together, nginx sees what came first, which is the end.
        let is_heard = watched && connection.may_be_gone();
        if is_heard && poll_client(context) {
            return Poll::Ready(Waited::ClientGone);
        }
        if let Poll::Ready(value) = poll(context) {
            return Poll::Ready(Waited::Done(value));
        }
        if watched && !is_heard && poll_client(context) {
            return Poll::Ready(Waited::ClientGone);
        }
        connection.poll_deadline(&mut deadline, context).map(|()| Waited::TimedOut)
    })
    .await
}

/// The same for a future.
pub async fn wait_for<F: Future>(request: &Request, job: &Job, timeout_ms: u64, future: F) -> Waited<F::Output> {
    let mut future = pin!(future);
    wait(request, job, timeout_ms, |context| future.as_mut().poll(context)).await
}

/// What waiting came to.
pub enum Waited<T> {
    /// It happened.
    Done(T),
    /// It took too long.
    TimedOut,
    /// The client went away first, which has been said.
    ClientGone,
}

/// Says that the backend was silent for too long.
pub fn log_timeout(request: &Request, level: Level) {
    let error = std::io::Error::from_raw_os_error(110);
    request.log_error(level, &error, "upstream timed out");
}
