//! From a verdict to an answer: pages for statuses, internal redirects, and requests that a request makes itself.

use std::rc::Rc;

use super::phases::{self, Entry};
use super::request::{Request, Sink};
use super::verdict::{CLIENT_CLOSED_REQUEST, CLOSE, Verdict};
use super::{access_log, body_reader, error_page, evaluate};
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

/// `post_action`: once the answer is out, another location runs for its effects.
async fn post_action(request: &mut Request) {
    let Some(uri) = request.location.settings.core.post_action.clone() else { return };
    if request.flush().await.is_err() {
        request.client_gone = true;
    }
    let keepalive = request.keepalive;
    let mut action = Request::inside(request);
    action.is_subrequest = false;
    action.sink = Sink::Discard;
    action.header_only = true;
    action.uri.clone_from(&request.uri);
    action.response.status = request.response.status;
    action.error_status = request.error_status;
    let verdict = match uri.first() {
        Some(b'@') => named_location(&mut action, &uri),
        _ => internal_redirect(&mut action, &uri, b""),
    };
    Box::pin(conclude(&mut action, verdict)).await;
    request.uri = std::mem::take(&mut action.uri);
    request.keepalive = keepalive;
}

/// Answers a request that was refused while it was read.
pub async fn refuse(request: &mut Request, status: u16) {
    conclude(request, Verdict::Finish(status)).await;
}

/// Acts on verdicts until the answer is out.
async fn conclude(request: &mut Request, mut verdict: Verdict) {
    loop {
        verdict = match verdict {
            Verdict::Done | Verdict::Declined | Verdict::Passed => return,
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
            Verdict::Finish(_) if request.header_sent => {
                // The head is out: all that can still be said is that the answer is not whole.
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
    request.keepalive = false;
    request.lingering_close = false;
    request.client_gone = true;
}

/// Gives the request a new path, and phases begin anew with it (`ngx_http_internal_redirect`).
pub fn internal_redirect(request: &mut Request, uri: &[u8], args: &[u8]) -> Verdict {
    request.uri_changes_left -= 1;
    if request.uri_changes_left == 0 {
        let uri = String::from_utf8_lossy(uri).into_owned();
        let text = format!("rewrite or internal redirection cycle while internally redirecting to \"{uri}\"");
        request.log(Level::Error, text);
        return Verdict::Finish(500);
    }
    request.action = "";
    request.set_uri(uri);
    request.set_args(args);
    request.location = Rc::clone(&request.connection.engine.server(request.server).location);
    phases::take_location(request);
    request.internal = true;
    request.valid_unparsed_uri = false;
    request.valid_location = true;
    request.adds_uri_to_alias = false;
    request.named = false;
    request.slices.take();
    Verdict::Redirected
}

/// The same, to a path with its arguments behind a `?`: they are there then, if empty (`ngx_http_split_args`).
pub fn redirect_to_target(request: &mut Request, target: &[u8]) -> Verdict {
    let (uri, args) = match memchr::memchr(b'?', target) {
        Some(mark) => (&target[..mark], &target[mark + 1..]),
        None => (target, &[][..]),
    };
    let verdict = internal_redirect(request, uri, args);
    request.has_args = true;
    verdict
}

/// Sends the request to a `@name` (`ngx_http_named_location`).
pub fn named_location(request: &mut Request, name: &[u8]) -> Verdict {
    let shown = String::from_utf8_lossy(name).into_owned();
    request.uri_changes_left -= 1;
    if request.uri_changes_left == 0 {
        let text = format!("rewrite or internal redirection cycle while redirect to named location \"{shown}\"");
        request.log(Level::Error, text);
        return Verdict::Finish(500);
    }
    if request.uri.is_empty() {
        request.log(Level::Error, format_args!("empty URI in redirect to named location \"{shown}\""));
        return Verdict::Finish(500);
    }
    let engine = Rc::clone(&request.connection.engine);
    let named = &engine.server(request.server).location.locations.named;
    let Some(location) = named.iter().find(|location| *location.name == *name) else {
        request.log(Level::Error, format_args!("could not find named location \"{shown}\""));
        return Verdict::Finish(500);
    };
    request.internal = true;
    request.content = None;
    request.uri_changed = false;
    request.location = Rc::clone(location);
    phases::take_location(request);
    request.named = true;
    request.slices.take();
    Verdict::Redirected
}

/// A request inside another one that has its client, head and nothing else of it.
pub fn prepare_subrequest(parent: &Request, uri: &[u8], args: &[u8], sink: Sink) -> Request {
    let mut child = Request::inside(parent);
    child.set_uri(uri);
    child.set_args(args);
    child.sink = sink;
    // A request is counted once, with all that it asks for itself.
    child.limit_status = parent.limit_status;
    child
}

/// Runs a request that another one made.
pub async fn run_subrequest(child: &mut Request) {
    conclude_subrequest(child, Entry::NewUri).await;
    if child.location.settings.core.log_subrequest {
        access_log::write(child);
    }
}

/// Runs a request that another one made, without its line in the log.
pub async fn conclude_subrequest(child: &mut Request, entry: Entry) {
    let verdict = Box::pin(phases::run(child, entry)).await;
    Box::pin(conclude(child, verdict)).await;
}
