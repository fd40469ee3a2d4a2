//! One request's way through a group of servers: tries, their outcomes, and the answer that is passed on.

use std::borrow::Cow;
use std::rc::Rc;

use super::answer::{Answer, Faulty};
use super::attempt::{Try, conclude, record};
use super::job::Job;
use super::layout::Server;
use super::record::UpstreamAttempt;
use super::response::Kind;
use super::retry::Failure;
use super::{connect, exchange, headers, relay};
use crate::balance::Outcome;
use crate::http::redirect;
use crate::http::request::Request;
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, Verdict};
use crate::ir::http::proxy::IgnoreHeaders;
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// What a try came to.
enum Tried {
    /// The request has its answer, or its end.
    Over(Verdict),
    /// It failed; the connection had been used before.
    Failed(Failure, bool),
}

/// Tries servers until one has answered or none is left.
pub async fn run(request: &mut Request, job: &Job) -> Verdict {
    request.upstream.ignores_client = job.proxy.ignore_client_abort;
    let mut attempt = Try::new(job, request);
    let redirected = !request.upstream.attempts.is_empty();
    loop {
        let (failure, reused) = match one_try(request, job, &mut attempt, redirected).await {
            Tried::Over(verdict) => {
                if record(request).response_ms.is_none() {
                    attempt.look_at_clock();
                    conclude(request, &attempt);
                }
                attempt.release(request, Outcome::Served);
                if job.passes_body_through && !request.framing.is_done() {
                    // Nothing can follow the rest of a body that nobody wants.
                    request.keepalive = false;
                }
                let stream = request.connection.exchange();
                if verdict != Verdict::Redirected && !stream.is_some_and(|stream| stream.is_given_up()) {
                    request.action = "sending to client";
                }
                return verdict;
            }
            Tried::Failed(failure, reused) => (failure, reused),
        };
        fail(request, &mut attempt, failure, reused);
        if !attempt.situation(request).tries_again_after(failure) {
            request.action = "sending to client";
            return Verdict::Finish(failure.status());
        }
    }
}

fn fail(request: &mut Request, attempt: &mut Try, failure: Failure, reused: bool) {
    let outcome = if failure.is_servers_fault() { Outcome::Failed } else { Outcome::Next };
    attempt.release(request, outcome);
    attempt.is_first = false;
    attempt.look_at_clock();
    conclude(request, attempt);
    record(request).status = failure.status();
    if reused && failure == Failure::Error {
        // The backend closed an idle connection just then: that says nothing about the server.
        attempt.session.tries += 1;
    }
}

async fn one_try(request: &mut Request, job: &Job, attempt: &mut Try<'_>, redirected: bool) -> Tried {
    let first_of_redirect = redirected && attempt.is_first;
    attempt.start();
    request.action = "connecting to upstream";
    request.upstream.attempts.push(UpstreamAttempt { redirected: first_of_redirect, ..UpstreamAttempt::default() });
    let server = match attempt.choose_or_wait(request).await {
        Ok(Some(server)) => server,
        Ok(None) => {
            record(request).address = Rc::clone(&job.group.name);
            request.log(Level::Error, "no live upstreams");
            return Tried::Failed(Failure::NoLive, false);
        }
        Err(faulty) => return over_or_failed(faulty, false),
    };
    record(request).address = Rc::clone(&server.name);
    attempt.target = Some(server.target.clone());
    if job.opens_tunnel {
        return open_tunnel(request, job, attempt, &server).await;
    }
    let (connection, reused) = match job.group.pool.take(&server.target, job.tag(), job.http2.is_some()) {
        Some(connection) => (connection, true),
        None => match connect::open(request, job, &server, attempt.local).await {
            Ok(connection) => {
                attempt.look_at_clock();
                (connection, false)
            }
            Err(faulty) => return over_or_failed(faulty, false),
        },
    };
    record(request).connect_ms = Some(attempt.elapsed_ms());
    let answer = match exchange::run(request, job, attempt, connection).await {
        Ok(answer) => answer,
        Err(faulty) => return over_or_failed(faulty, reused),
    };
    attempt.look_at_clock();
    record(request).header_ms = Some(attempt.elapsed_ms());
    judge(request, job, attempt, answer).await
}

/// A connection alone is an answer.
async fn open_tunnel(request: &mut Request, job: &Job, attempt: &mut Try<'_>, server: &Server) -> Tried {
    let connection = match connect::open(request, job, server, attempt.local).await {
        Ok(connection) => connection,
        Err(faulty) => return over_or_failed(faulty, false),
    };
    attempt.look_at_clock();
    let elapsed_ms = attempt.elapsed_ms();
    let entry = record(request);
    (entry.connect_ms, entry.header_ms) = (Some(elapsed_ms), Some(elapsed_ms));
    Tried::Over(relay::open_tunnel(request, job, connection).await)
}

fn over_or_failed(faulty: Faulty, reused: bool) -> Tried {
    match faulty {
        Faulty::Server(failure) => Tried::Failed(failure, reused),
        Faulty::ClientGone => Tried::Over(Verdict::Finish(CLIENT_CLOSED_REQUEST)),
        Faulty::Request(status) => Tried::Over(Verdict::Finish(status)),
    }
}

/// Decides what becomes of an answer whose head was read.
async fn judge(request: &mut Request, job: &Job, attempt: &mut Try<'_>, mut answer: Answer) -> Tried {
    let status = answer.head.status;
    relay::note_head(request, &mut answer);
    if status >= 300 {
        let failure = Failure::Status(status);
        // The present server still counts among the tries here.
        if attempt.session.tries > 1 && attempt.situation(request).tries_again_after(failure) {
            return Tried::Failed(failure, false);
        }
        if is_intercepted(request, job, status) {
            keep_challenges(request, &answer, status);
            keep_if_bodyless(job, attempt, answer);
            return Tried::Over(Verdict::Finish(status));
        }
    }
    attempt.note_header(request);
    if let Some(target) = redirect_target(job, &answer) {
        let target = target.into_owned();
        headers::take_controls(request, &job.proxy, &answer.head, &answer.buffer);
        headers::apply_to_redirect(request, &job.proxy, &job.plan, &answer.head, &answer.buffer);
        keep_if_bodyless(job, attempt, answer);
        return Tried::Over(redirect(request, &target));
    }
    Tried::Over(relay::run(request, job, attempt, answer).await)
}

fn is_intercepted(request: &Request, job: &Job, status: u16) -> bool {
    let core = &request.location.settings.core;
    job.proxy.intercept_errors && core.error_pages.iter().any(|page| page.status == status)
}

fn keep_challenges(request: &mut Request, answer: &Answer, status: u16) {
    if status != 401 {
        return;
    }
    for line in answer.head.lines.iter().filter(|line| line.kind == Kind::WwwAuthenticate) {
        let (name, value) = (&answer.buffer[line.name.clone()], &answer.buffer[line.value.clone()]);
        request.response.headers.push(name, value);
    }
}

fn keep_if_bodyless(job: &Job, attempt: &mut Try, answer: Answer) {
    if answer.has_no_body(job) && !answer.head.close && answer.head.end == answer.buffer.len() {
        attempt.keep(answer.connection);
    }
}

fn redirect_target<'a>(job: &Job, answer: &'a Answer) -> Option<Cow<'a, [u8]>> {
    if job.proxy.ignore_headers.contains(IgnoreHeaders::X_ACCEL_REDIRECT) {
        return None;
    }
    answer.head.find(&answer.buffer, Kind::AccelRedirect).map(Cow::Borrowed)
}

/// `X-Accel-Redirect`
fn redirect(request: &mut Request, target: &[u8]) -> Verdict {
    if target.first() == Some(&b'@') {
        return redirect::named_location(request, target);
    }
    let Some((uri, args)) = super::unsafe_uri::parse(target) else {
        let text = String::from_utf8_lossy(target).into_owned();
        request.log(Level::Error, format_args!("unsafe URI \"{text}\" was detected"));
        return Verdict::Finish(404);
    };
    if request.method != Method::Head {
        request.method = Method::Get;
        request.method_name = Some(b"GET".into());
    }
    redirect::internal_redirect(request, &uri, &args)
}
