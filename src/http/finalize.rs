//! From a verdict to an answer: pages for statuses, internal redirects, and requests that a request makes itself.

use std::rc::Rc;

use super::filters::order;
use super::modules::mirror;
use super::request::{Boxed, Entry, Request, Sink};
use super::verdict::{CLIENT_CLOSED_REQUEST, CLOSE, Verdict};
use super::{access_log, body_reader, error_page, evaluate, phases, redirect};
use crate::log::error_log::Level;

/// Runs a request that was read to its answer.
pub async fn answer(request: &mut Request) {
    phases::begin(request);
    let verdict = match read_early_body(request).await {
        Ok(()) => phases::run(request, Entry::Start).await,
        Err(status) => Verdict::Finish(status),
    };
    conclude(request, verdict).await;
    post_action(request).await;
    mirror::wait(request).await;
}

/// `client_body_early_read`: the body is read before the first phase.
async fn read_early_body(request: &mut Request) -> Result<(), u16> {
    let core = Rc::clone(&request.connection.engine.server(request.server).core);
    let wanted = core.client_body_early_read.iter().any(|template| {
        let value = evaluate::text(request, template);
        evaluate::is_true(&value)
    });
    if !wanted {
        return Ok(());
    }
    let max_body = request.location.settings.core.client_max_body_size;
    if let Some(length) = request.content_length.filter(|&length| max_body > 0 && length > max_body) {
        request.log(Level::Error, format_args!("client intended to send too large body: {length} bytes"));
        request.expect_tested = true;
        let (Ok(()) | Err(_)) = body_reader::discard(request);
        return Err(413);
    }
    body_reader::read(request).await
}

/// `post_action`: once the answer is out, the request goes to another location for its effects, and from there perhaps to one
/// more (`ngx_http_post_action`).
async fn post_action(request: &mut Request) {
    if request.response.status == CLOSE {
        return;
    }
    let (version, finished) = (request.version, request.finished);
    while let Some(uri) = request.location.settings.core.post_action.clone() {
        if request.post_action && request.uri_changes_left == 0 {
            break;
        }
        if !request.post_action && request.flush().await.is_err() {
            request.client_gone = true;
        }
        request.post_action = true;
        request.response.settle_charset();
        request.version = 9;
        request.header_only = true;
        request.header_sent = true;
        request.sink = Sink::Discard;
        let verdict = match uri.first() {
            Some(b'@') => redirect::named_location(request, &uri),
            _ => redirect::internal_redirect(request, &uri, b""),
        };
        Box::pin(conclude(request, verdict)).await;
    }
    (request.version, request.finished) = (version, finished);
}

fn begins_post_action(request: &Request) -> bool {
    !request.post_action && request.location.settings.core.post_action.is_some()
}

/// Answers a request that was refused while it was read.
pub async fn refuse(request: &mut Request, status: u16) {
    conclude(request, Verdict::Finish(status)).await;
    post_action(request).await;
}

/// Acts on verdicts until the answer is out.
async fn conclude(request: &mut Request, mut verdict: Verdict) {
    loop {
        verdict = match verdict {
            Verdict::Done | Verdict::Declined | Verdict::Passed => return,
            // Nothing was sent, and nothing is: the connection goes on.
            Verdict::Close if !request.header_sent && begins_post_action(request) => return,
            Verdict::Close | Verdict::Finish(CLOSE) => {
                if verdict == Verdict::Finish(CLOSE) {
                    request.response.status = CLOSE;
                    reset(request);
                }
                close(request);
                return;
            }
            Verdict::Finish(status @ (CLIENT_CLOSED_REQUEST | 408)) => {
                request.response.status = status;
                if status == 408 {
                    reset(request);
                }
                close(request);
                return;
            }
            Verdict::Finish(_) if request.header_sent && !request.post_action => {
                // The head is out: all that can still be said is that the answer is not whole.
                close(request);
                return;
            }
            Verdict::Finish(status) if request.client_gone && !request.post_action => {
                // Nobody is there to read a page; the status is for the log.
                request.response.status = status;
                close(request);
                return;
            }
            Verdict::Finish(_) if matches!(&request.sink, Sink::Parent(outlet) if outlet.has_stub()) => return,
            Verdict::Finish(status) => error_page::special_response(request, status).await,
            Verdict::Redirected => {
                let entry = if request.named { Entry::Named } else { Entry::NewUri };
                Box::pin(phases::run(request, entry)).await
            }
        };
    }
}

/// `reset_timedout_connection`: the kernel forgets what it still had for the client.
pub fn reset(request: &Request) {
    if request.location.settings.core.reset_timedout_connection && !request.is_subrequest {
        request.connection.with_stream(|stream| stream.reset_when_closed());
    }
}

fn close(request: &mut Request) {
    request.lingering_close = false;
    request.client_gone = true;
}

/// Runs a request that another one made, up to its line in the log.
pub fn run_subrequest(child: &mut Request, entry: Entry) -> Boxed<'_, ()> {
    Box::pin(async move {
        let verdict = phases::run(child, entry).await;
        conclude(child, verdict).await;
        send_stub(child).await;
        if child.location.settings.core.log_subrequest {
            access_log::write(child);
        }
    })
}

/// Where the answer has no body so far and something stands ready for that, this is sent.
async fn send_stub(child: &mut Request) {
    let stub = match &mut child.sink {
        Sink::Parent(outlet) if outlet.has_stub() => outlet.stub.take(),
        _ => None,
    };
    if let Some((stub, content_type)) = stub {
        if !child.header_sent {
            child.response.content_type = content_type;
        }
        child.client_gone = false;
        order::answer_of_unknown_length(child, &stub).await;
    }
}
