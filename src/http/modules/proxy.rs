//! `proxy_pass` and `grpc_pass`: where the request goes, and what is sent there.

use std::rc::Rc;

use crate::http::body_reader;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::upstream::http2::RequestHead;
use crate::http::upstream::job::{Job, Secure};
use crate::http::upstream::record::BodyLength;
use crate::http::upstream::request::{Destination, fields, method, write_headers, write_uri};
use crate::http::upstream::resolve::{self, Servers};
use crate::http::upstream::tries;
use crate::http::upstream::url;
use crate::http::verdict::Verdict;
use crate::ir::http::proxy::{HttpVersion, Proxy, ProxyPass, ProxyTarget};
use crate::ir::http::{Content, grpc};
use crate::ir::value::{Template, Text};
use crate::log::error_log::Level;

/// Where a request goes.
struct Resolved {
    servers: Servers,
    destination: Destination,
    port: Option<Text>,
    is_secure: bool,
}

/// Answers a request out of a backend.
pub async fn handle(request: &mut Request, pass: &Rc<ProxyPass>) -> Verdict {
    let settings = &request.location.settings;
    let (proxy, ssl) = match pass.is_grpc {
        true => (Rc::clone(&settings.grpc), Rc::clone(&settings.grpc_ssl)),
        false => (Rc::clone(&settings.proxy), Rc::clone(&settings.proxy_ssl)),
    };
    let resolved = match destination(request, pass) {
        Ok(resolved) => resolved,
        Err(status) => return Verdict::Finish(status),
    };
    note_destination(request, pass, &resolved);
    let passes_body = proxy.pass_request_body && proxy.set_body.is_none();
    let passes_body_through = match read_body(request, &proxy, passes_body).await {
        Ok(passes_through) => passes_through,
        Err(status) => return Verdict::Finish(status),
    };
    let tls = if resolved.is_secure { Secure::of(request, &ssl) } else { None };
    let plans = request.connection.engine.upstreams.plans(&proxy, pass);
    let set_body = proxy.set_body.as_ref().map(|template| evaluate::text(request, template).into_owned());
    let body = body_length(request, set_body.as_deref(), passes_body_through);
    if !pass.is_grpc {
        request.upstream.body = body;
    }
    let mut head = request.connection.engine.take_buffer();
    let method = method(request, &proxy);
    let is_head = method.eq_ignore_ascii_case(b"HEAD");
    head.extend_from_slice(&method);
    head.push(b' ');
    let uri_start = head.len();
    if write_uri(request, &resolved.destination, &mut head).is_err() {
        request.log(Level::Error, "zero length URI to proxy");
        return Verdict::Finish(500);
    }
    drop(method);
    let http2 = (proxy.http_version == HttpVersion::Http2).then(|| {
        let (authority, fields) = fields(request, &proxy, &plans.request, &resolved.destination, body);
        let (method, path) = (head[..uri_start - 1].to_vec(), head[uri_start..].to_vec());
        RequestHead { method, is_secure: resolved.is_secure, authority, path, fields }
    });
    match http2 {
        Some(_) => head.clear(),
        None => {
            // nginx's log names none where HTTP/2 is spoken.
            request.upstream.uri.extend_from_slice(&head[uri_start..]);
            write_headers(request, &proxy, &plans.request, &resolved.destination, body, &mut head);
        }
    }
    head.extend_from_slice(set_body.as_deref().unwrap_or_default());
    let group = match resolve::group(request, &proxy, resolved.servers).await {
        Ok(group) => group,
        Err(status) => return Verdict::Finish(status),
    };
    let job = Job {
        proxy,
        plan: Rc::clone(&plans.answer),
        group,
        tls,
        destination: resolved.destination,
        head,
        http2,
        body,
        passes_body_through,
        passes_body,
        is_head,
        opens_tunnel: false,
    };
    let verdict = tries::run(request, &job).await;
    request.connection.engine.give_buffer(job.head);
    verdict
}

/// Reads the body, unless it goes on as it comes; whether it does.
async fn read_body(request: &mut Request, proxy: &Proxy, passes_body: bool) -> Result<bool, u16> {
    let is_http11 = proxy.http_version != HttpVersion::Http10;
    let may_come_later =
        !proxy.request_buffering && passes_body && (is_http11 || !request.chunked_body) && !request.is_subrequest;
    if !may_come_later {
        return body_reader::read(request).await.map(|()| false);
    }
    match body_reader::is_at_hand(request) {
        true => body_reader::read_at_hand(request).await.map(|()| false),
        false => Ok(true),
    }
}

/// An `if` without a handler leaves the handler of an `if` before it in place, but not what that one's `proxy_pass` says.
fn is_of_location(request: &Request, pass: &ProxyPass) -> bool {
    matches!(&request.location.content, Some(Content::Proxy(own)) if own.is_grpc == pass.is_grpc)
}

/// What variables and the log show of it; with gRPC that is only the scheme.
fn note_destination(request: &mut Request, pass: &ProxyPass, resolved: &Resolved) {
    let upstream = &mut request.upstream;
    (upstream.is_secure, upstream.is_grpc) = (resolved.is_secure, pass.is_grpc);
    upstream.uri.clear();
    if !pass.is_grpc {
        upstream.proxy_host = Some(resolved.destination.host_header.clone());
        upstream.proxy_port = resolved.port.clone();
    }
}

fn body_length(request: &Request, set_body: Option<&[u8]>, passes_body_through: bool) -> BodyLength {
    match (set_body, request.content_length) {
        (Some(body), _) => BodyLength::Known(body.len() as u64),
        (None, _) if request.chunked_body && passes_body_through => BodyLength::Chunked,
        (None, Some(length)) => BodyLength::Known(length),
        (None, None) => BodyLength::None,
    }
}

fn destination(request: &Request, pass: &ProxyPass) -> Result<Resolved, u16> {
    if !is_of_location(request, pass) {
        request.log(Level::Alert, "no upstream configuration");
        return Err(500);
    }
    match &pass.to {
        ProxyTarget::Upstream { upstream, host_header, port, uri, tls } => Ok(Resolved {
            is_secure: *tls,
            servers: Servers::Group(Rc::clone(request.connection.engine.upstreams.group(*upstream))),
            destination: Destination {
                host_header: host_header.clone(),
                uri: uri.clone(),
                is_evaluated: false,
                location_length: pass.location.len(),
            },
            port: Some(port.clone()),
        }),
        ProxyTarget::Template(template) => evaluate_url(request, template, pass.is_grpc),
    }
}

fn evaluate_url(request: &Request, template: &Template, is_grpc: bool) -> Result<Resolved, u16> {
    let text = evaluate::text(request, template).into_owned();
    let shown = || String::from_utf8_lossy(&text).into_owned();
    let begins = |scheme: &[u8]| text.len() > scheme.len() && text[..scheme.len()].eq_ignore_ascii_case(scheme);
    let (is_secure, rest, default_port) = match () {
        () if is_grpc => {
            let (is_secure, rest) = grpc::without_scheme(&text);
            (is_secure, rest, 0)
        }
        () if begins(b"http://") => (false, &text[7..], 80),
        () if begins(b"https://") => (true, &text[8..], 443),
        () => {
            request.log(Level::Error, format_args!("invalid URL prefix in \"{}\"", shown()));
            return Err(500);
        }
    };
    let url = match url::parse(rest) {
        Ok(url) => url,
        Err(fault) => {
            let rest = String::from_utf8_lossy(rest).into_owned();
            request.log(Level::Error, format_args!("{fault} in upstream \"{rest}\""));
            return Err(500);
        }
    };
    let is_default_port = url.port.is_none_or(|port| port == default_port);
    let host_header = match (url.is_unix, is_default_port) {
        (true, _) => b"localhost".to_vec(),
        (false, true) => url.host.to_vec(),
        (false, false) => [url.host, b":", url.port_text].concat(),
    };
    let port = match (url.is_unix, is_default_port) {
        (true, _) => None,
        (false, true) => Some(Text::from(default_port.to_string())),
        (false, false) => Some(Text::from(url.port_text)),
    };
    let uri = if url.uri.first() == Some(&b'?') { [b"/", url.uri].concat() } else { url.uri.to_vec() };
    let servers = url::servers(request, &url, default_port)?;
    let destination =
        Destination { host_header: host_header.into(), uri: Some(uri.into()), is_evaluated: true, location_length: 0 };
    Ok(Resolved { servers, destination, port, is_secure })
}
