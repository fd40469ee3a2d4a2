//! What a location's directives come to for requests to its backend and their answers, worked out once.

use std::rc::Rc;

use super::response::Kind;
use crate::http::message::headers::Known;
use crate::ir::http::proxy::{Proxy, ProxyPass, ProxyTarget, Redirect, RedirectRule, SetHeader};
use crate::ir::value::{Template, Text};

/// What a location's directives come to, worked out at its first request.
#[derive(Debug)]
pub struct Plans {
    /// For the request to the backend.
    pub request: RequestPlan,
    /// For its answer.
    pub answer: Rc<AnswerPlan>,
}

/// A header that nginx itself has a value for, unless `proxy_set_header` gives one.
#[derive(Clone, Debug)]
pub enum Planned {
    /// `proxy_set_header`
    Set(SetHeader),
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// With gRPC alone.
    Te,
}

/// What `proxy_set_header` makes of the headers in a location; worked out once.
#[derive(Debug)]
pub struct RequestPlan {
    /// `Host`
    pub host: Option<Template>,
    /// What follows it.
    pub lines: Box<[Planned]>,
    /// Client headers that are replaced or left out, beside those that never go on.
    replaced: Box<[Box<[u8]>]>,
}

impl RequestPlan {
    /// The plan of a location; with gRPC, clients may say that they accept trailers.
    pub fn new(set_headers: &[SetHeader], is_grpc: bool) -> Self {
        let is_host = |header: &&SetHeader| header.name.eq_ignore_ascii_case(b"Host");
        // Of several values for `Host` nginx takes the last.
        let host = set_headers.iter().rfind(is_host).map(|header| header.value.clone());
        let others: Vec<&SetHeader> = set_headers.iter().filter(|header| !is_host(header)).collect();
        let is_free = |name: &[u8]| !others.iter().any(|header| header.name.eq_ignore_ascii_case(name));
        let written = others.iter().filter(|header| header.value.constant() != Some(b""));
        let mut lines: Vec<Planned> = written.map(|header| Planned::Set((*header).clone())).collect();
        if is_free(b"Content-Length") {
            lines.push(Planned::ContentLength);
        }
        if is_free(b"Transfer-Encoding") {
            lines.push(Planned::TransferEncoding);
        }
        if is_grpc && is_free(b"TE") {
            lines.push(Planned::Te);
        }
        let replaced = others.iter().map(|header| header.name.to_ascii_lowercase().into()).collect();
        Self { host, lines: lines.into(), replaced }
    }

    /// Whether a header of the client goes on.
    pub fn passes_on(&self, known: Known, name: &[u8]) -> bool {
        use Known::{
            Connection, ContentLength, Expect, Host, KeepAlive, ProxyConnection, Te, TransferEncoding, Upgrade,
        };
        let never = matches!(
            known,
            Host | Connection | ProxyConnection | ContentLength | TransferEncoding | Te | KeepAlive | Expect | Upgrade
        );
        !never && !self.replaced.iter().any(|replaced| replaced.eq_ignore_ascii_case(name))
    }
}

/// What is kept from the client unless `proxy_pass_header` says otherwise.
const HIDDEN: [Kind; 8] = [
    Kind::Date,
    Kind::Server,
    Kind::Pad,
    Kind::AccelExpires,
    Kind::AccelRedirect,
    Kind::AccelLimitRate,
    Kind::AccelBuffering,
    Kind::AccelCharset,
];

/// What a location makes of an answer's headers; worked out once.
#[derive(Debug)]
pub struct AnswerPlan {
    hidden_kinds: u32,
    hidden_names: Box<[Text]>,
    /// `proxy_redirect`
    pub redirects: Option<Box<[RedirectRule]>>,
}

impl AnswerPlan {
    /// The plan of a location.
    pub fn new(proxy: &Proxy, pass: &ProxyPass) -> Self {
        let is_passed = |kind: &Kind| proxy.pass_headers.iter().any(|name| Kind::of(name) == *kind);
        let hidden_kinds = HIDDEN.iter().filter(|kind| !is_passed(kind)).fold(0, |bits, kind| bits | 1 << *kind as u8);
        let redirects = match &proxy.redirect {
            Redirect::Off => None,
            Redirect::Rules(rules) => Some(rules.iter().cloned().collect()),
            Redirect::Default => default_redirect(pass).map(|rule| Box::from([rule])),
        };
        Self { hidden_kinds, hidden_names: proxy.hide_headers.iter().cloned().collect(), redirects }
    }

    /// Whether a header is kept from the client.
    pub fn hides(&self, kind: Kind, name: &[u8]) -> bool {
        kind != Kind::Other && !self.shows(kind)
            || self.hidden_names.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }

    /// Whether all headers of a kind reach the client.
    pub fn shows(&self, kind: Kind) -> bool {
        self.hidden_kinds >> kind as u8 & 1 == 0
    }

    /// Whether a trailer is kept from the client.
    pub fn hides_name(&self, name: &[u8]) -> bool {
        self.hides(Kind::of(name), name)
    }
}

/// What `proxy_redirect default` means: the URL that is passed to becomes the location's name.
fn default_redirect(pass: &ProxyPass) -> Option<RedirectRule> {
    let ProxyTarget::Upstream { uri, .. } = &pass.to else { return None };
    let (from, to) = match uri {
        Some(_) => (pass.url.clone(), pass.location.clone()),
        None => (Text::from([&pass.url[..], b"/"].concat()), Text::from("/")),
    };
    Some(RedirectRule::Prefix { from: Template::literal(from), to: Template::literal(to) })
}
