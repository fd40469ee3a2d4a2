//! `tunnel_pass`: what a client asks for with `CONNECT` (`ngx_http_tunnel_module`).

use std::rc::Rc;

use crate::http::body_reader;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::upstream::job::Job;
use crate::http::upstream::record::BodyLength;
use crate::http::upstream::request::Destination;
use crate::http::upstream::resolve::{self, Servers};
use crate::http::upstream::tries;
use crate::http::upstream::url;
use crate::http::verdict::Verdict;
use crate::ir::http::proxy::{ProxyPass, ProxyTarget};
use crate::ir::value::Text;
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// Connects to a server, and then carries bytes both ways.
pub async fn handle(request: &mut Request, pass: &Rc<ProxyPass>) -> Verdict {
    if request.method != Method::Connect {
        return Verdict::Finish(405);
    }
    let servers = match servers(request, &pass.to) {
        Ok(servers) => servers,
        Err(status) => return Verdict::Finish(status),
    };
    if let Err(status) = body_reader::read(request).await {
        return Verdict::Finish(status);
    }
    request.upstream.is_tunnel = true;
    let proxy = Rc::clone(&request.location.settings.tunnel);
    let plan = Rc::clone(&request.connection.engine.upstreams.plans(&proxy, pass).answer);
    let group = match resolve::group(request, &proxy, servers).await {
        Ok(group) => group,
        Err(status) => return Verdict::Finish(status),
    };
    let destination = Destination { host_header: Text::default(), uri: None, is_evaluated: false, location_length: 0 };
    let job = Job {
        proxy,
        plan,
        group,
        tls: None,
        destination,
        head: Vec::new(),
        http2: None,
        body: BodyLength::None,
        passes_body_through: false,
        passes_body: false,
        is_head: false,
        opens_tunnel: true,
    };
    tries::run(request, &job).await
}

fn servers(request: &Request, to: &ProxyTarget) -> Result<Servers, u16> {
    let template = match to {
        ProxyTarget::Upstream { upstream, .. } => {
            return Ok(Servers::Group(Rc::clone(request.connection.engine.upstreams.group(*upstream))));
        }
        ProxyTarget::Template(template) => template,
    };
    let text = evaluate::text(request, template);
    let shown = String::from_utf8_lossy(&text);
    let url = url::parse(&text).map_err(|fault| {
        request.log(Level::Info, format_args!("{fault} in upstream \"{shown}\""));
        500_u16
    })?;
    if !url.uri.is_empty() {
        request.log(Level::Info, format_args!("invalid host in upstream \"{shown}\""));
        return Err(500);
    }
    url::servers(request, &url, 0)
}
