//! `mirror`: copies of a request whose answers nobody waits for (`ngx_http_mirror_module`).

use std::rc::Rc;

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
        tokio::task::spawn_local(async move { subrequest::run(&mut copy).await });
    }
    Verdict::Declined
}
