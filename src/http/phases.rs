//! The phases of a request in nginx's order, from top to bottom. All branching between modules is here; modules are leaves.

use std::rc::Rc;

use super::location::{self, Found};
use super::request::{ConnectionType, Entry, HTTP_10, Request};
use super::verdict::{CLIENT_CLOSED_REQUEST, ClientGone, Verdict};
use super::{body_reader, map_uri, modules, rewrite};
use crate::ir::http::Content;
use crate::ir::http::core::Satisfy;
use crate::log::error_log::Level;
use crate::primitives::escape::{self, Escape};
use crate::wire::http1::request_line::Method;

/// Decides what of the request concerns the connection, before the first phase (`ngx_http_handler`).
pub fn begin(request: &mut Request) {
    request.action = "";
    request.keepalive = match request.connection_type {
        // What follows `CONNECT` on its connection is not HTTP.
        _ if request.method == Method::Connect => false,
        ConnectionType::Unsaid => request.version > HTTP_10,
        ConnectionType::Close => false,
        ConnectionType::KeepAlive => true,
    };
    request.lingering_close = request.content_length.is_some_and(|length| length > 0) || request.chunked_body;
}

/// Runs the phases until one of them has an answer.
pub async fn run(request: &mut Request, entry: Entry) -> Verdict {
    if entry == Entry::Content {
        return content(request).await;
    }
    if entry == Entry::Start {
        modules::realip::handle(request);
    }
    if entry != Entry::Named {
        match rewrite::run(request).await {
            Verdict::Declined => {}
            verdict => return verdict,
        }
        if let Some(verdict) = find_config(request) {
            return verdict;
        }
    }
    loop {
        if !is_server_location(request) {
            match rewrite::run(request).await {
                Verdict::Declined => {}
                verdict => return verdict,
            }
        }
        match modules::headers_more::handle(request) {
            Verdict::Declined => {}
            verdict => return verdict,
        }
        if !request.uri_changed {
            break;
        }
        if let Some(verdict) = post_rewrite(request).or_else(|| find_config(request)) {
            return verdict;
        }
    }
    match preaccess(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match access(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match precontent(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    content(request).await
}

/// The server's own location has had its rewrites in the server phase.
fn is_server_location(request: &Request) -> bool {
    Rc::ptr_eq(&request.location, &request.connection.engine.server(request.server).location)
}

fn find_config(request: &mut Request) -> Option<Verdict> {
    request.content = None;
    request.uri_changed = false;
    let found = location::find(request);
    if !request.internal && request.location.internal {
        return Some(Verdict::Finish(404));
    }
    request.debug_location();
    location::take(request);
    let max_body = request.location.settings.core.client_max_body_size;
    if max_body > 0
        && let Some(length) = request.content_length
        && length > max_body
        && !request.body.is_discarded()
    {
        request.log(Level::Error, format_args!("client intended to send too large body: {length} bytes"));
        request.expect_tested = true;
        let (Ok(()) | Err(_)) = body_reader::discard(request);
        return Some(Verdict::Finish(413));
    }
    if found == Found::MissingSlash {
        let mut target = Vec::new();
        escape::write(&request.location.name, Escape::Uri, &mut target);
        if !request.args.is_empty() {
            target.push(b'?');
            target.extend_from_slice(&request.args);
        }
        request.response.set_location(&target);
        return Some(Verdict::Finish(301));
    }
    None
}

fn post_rewrite(request: &mut Request) -> Option<Verdict> {
    request.uri_changes_left -= 1;
    if request.uri_changes_left == 0 {
        let uri = String::from_utf8_lossy(&request.uri).into_owned();
        let text = format_args!("rewrite or internal redirection cycle while processing \"{uri}\"");
        request.log(Level::Error, text);
        return Some(Verdict::Finish(500));
    }
    request.location = Rc::clone(&request.connection.engine.server(request.server).location);
    None
}

async fn preaccess(request: &mut Request) -> Verdict {
    modules::realip::handle(request);
    match modules::limit_req::handle(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    modules::limit_conn::handle(request)
}

/// The modules of the access phase, in nginx's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AccessModule {
    /// `allow`, `deny`
    Access,
    /// `auth_basic`
    AuthBasic,
    /// `auth_request`
    AuthRequest,
}

impl AccessModule {
    /// What the module says.
    async fn handle(self, request: &mut Request) -> Verdict {
        match self {
            Self::Access => modules::access::handle(request),
            Self::AuthBasic => modules::auth_basic::handle(request),
            Self::AuthRequest => modules::auth_request::handle(request).await,
        }
    }
}

/// `satisfy all`: each module has to be content, or to have nothing to say. `satisfy any`: the first that is content opens.
async fn access(request: &mut Request) -> Verdict {
    if request.is_subrequest {
        return Verdict::Declined;
    }
    let any = request.location.settings.core.satisfy == Satisfy::Any;
    let mut refused = None;
    for module in [AccessModule::Access, AccessModule::AuthBasic, AccessModule::AuthRequest] {
        match module.handle(request).await {
            Verdict::Declined => {}
            Verdict::Passed if any => {
                let challenge = modules::auth_basic::Challenge::of(request);
                request.response.headers.remove(challenge.header);
                return Verdict::Declined;
            }
            Verdict::Passed => {}
            Verdict::Finish(status @ (401 | 403 | 407)) if any => {
                if !matches!(refused, Some(401 | 407)) {
                    refused = Some(status);
                }
            }
            Verdict::Finish(status @ (401 | 407)) => return delay_refusal(request, status).await,
            verdict => return verdict,
        }
    }
    match refused {
        None => Verdict::Declined,
        Some(403) => {
            request.log(Level::Error, "access forbidden by rule");
            Verdict::Finish(403)
        }
        Some(status) => delay_refusal(request, status).await,
    }
}

/// `auth_delay`
async fn delay_refusal(request: &Request, status: u16) -> Verdict {
    let delay_ms = request.location.settings.core.auth_delay_ms;
    if delay_ms == 0 {
        return Verdict::Finish(status);
    }
    request.log(Level::Info, "delaying unauthorized request");
    match request.pause(delay_ms).await {
        Ok(()) => Verdict::Finish(status),
        Err(ClientGone) => Verdict::Finish(CLIENT_CLOSED_REQUEST),
    }
}

async fn precontent(request: &mut Request) -> Verdict {
    match modules::try_files::handle(request) {
        Verdict::Declined => modules::mirror::handle(request).await,
        verdict => verdict,
    }
}

async fn content(request: &mut Request) -> Verdict {
    match request.content.clone() {
        Some(Content::Proxy(pass)) => return modules::proxy::handle(request, &pass).await,
        Some(Content::Tunnel(pass)) => return modules::tunnel::handle(request, &pass).await,
        Some(Content::StubStatus) => return modules::stub_status::handle(request).await,
        Some(Content::Echo) => return modules::echo::handle(request).await,
        Some(Content::EmptyGif) => return modules::empty_gif::handle(request).await,
        Some(Content::Mp4) => match modules::mp4::handle(request).await {
            Verdict::Declined => {}
            verdict => return verdict,
        },
        Some(Content::Flv) => match modules::flv::handle(request).await {
            Verdict::Declined => {}
            verdict => return verdict,
        },
        None => {}
    }
    if (modules::dav::takes(request) || matches!(request.method, Method::Get | Method::Head | Method::Post))
        && !map_uri::fits_alias(request)
    {
        return Verdict::Finish(500);
    }
    match modules::random_index::handle(request) {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match modules::index::handle(request) {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match modules::autoindex::handle(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match modules::dav::handle(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match modules::gzip_static::handle(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    match modules::static_files::handle(request).await {
        Verdict::Declined => {}
        verdict => return verdict,
    }
    if request.uri.last() == Some(&b'/') {
        let path = map_uri::map_uri_to_path(request).path;
        let path = String::from_utf8_lossy(&path).into_owned();
        request.log(Level::Error, format_args!("directory index of \"{path}\" is forbidden"));
        return Verdict::Finish(403);
    }
    request.log(Level::Error, "no handler found");
    Verdict::Finish(404)
}
