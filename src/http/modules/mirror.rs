//! `mirror`: copies of a request whose answers nobody sees (`ngx_http_mirror_module`).

use std::rc::Rc;

use crate::http::request::family::Turn;
use crate::http::request::{Request, Sink};
use crate::http::verdict::Verdict;
use crate::http::{body_reader, subrequest};

/// Sends the copies off, with the request's body if so wanted.
pub async fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.mirror);
    if request.is_subrequest || settings.uris.is_empty() {
        return Verdict::Declined;
    }
    if settings.request_body
        && let Err(status) = body_reader::read(request).await
    {
        return Verdict::Finish(status);
    }
    for uri in settings.uris.iter() {
        let args = request.args.clone();
        let mut copy = subrequest::beside(request, uri, &args, Sink::Discard);
        copy.method = request.method;
        copy.method_name.clone_from(&request.method_name);
        copy.header_only = true;
        copy.body = request.body.share();
        // It is never a copy's turn.
        copy.turn = Some(Turn::below(None));
        request.contexts.mirrors.get_or_insert_default().running.spawn_local(async move {
            subrequest::run(&mut copy).await;
            std::mem::take(&mut copy.uri)
        });
    }
    Verdict::Declined
}

/// A request is over when its copies are, and only then comes its line in the log, or the next request of the connection.
pub async fn wait(request: &mut Request) {
    let Some(mut mirrors) = request.contexts.mirrors.take() else { return };
    // Behind an answer that a filter gave, nginx forgets what has not begun and breaks off what has.
    if request.client_gone || request.filter_finalize {
        return;
    }
    while mirrors.running.try_join_next().is_some() {}
    if !mirrors.running.is_empty() && request.flush().await.is_err() {
        request.client_gone = true;
    }
    while let Some(ended) = mirrors.running.join_next().await {
        mirrors.last = ended.ok();
    }
    request.contexts.mirrors = Some(mirrors);
}
