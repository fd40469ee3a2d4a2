//! What the tries of one request share: the directives, the servers, and what is sent to them.

use std::rc::Rc;

use super::group::Group;
use super::http2;
use super::plan::AnswerPlan;
use super::record::BodyLength;
use super::request::Destination;
use crate::http::request::Request;
use crate::ir::http::proxy::Proxy;
use crate::ir::http::proxy_ssl::ProxySsl;
use crate::net::tls_client::Context;

/// All that the tries of one request share.
pub struct Job {
    /// The location's directives.
    pub proxy: Rc<Proxy>,
    /// What is made of the answer's headers.
    pub plan: Rc<AnswerPlan>,
    /// The servers.
    pub group: Rc<Group>,
    /// TLS towards the servers.
    pub tls: Option<Secure>,
    /// The URL.
    pub destination: Destination,
    /// The request line and headers, and a body of `proxy_set_body` behind them, which is all of it with HTTP/2.
    pub head: Vec<u8>,
    /// The head where HTTP/2 is spoken.
    pub http2: Option<http2::RequestHead>,
    /// How the body follows.
    pub body: BodyLength,
    /// The client's body goes on as it comes.
    pub passes_body_through: bool,
    /// The client's body goes on.
    pub passes_body: bool,
    /// The method asks for a head alone.
    pub is_head: bool,
    /// Nothing is asked: bytes go both ways once there is a connection (`tunnel_pass`).
    pub opens_tunnel: bool,
}

impl Job {
    /// Connections are kept apart by location where `keepalive` says so.
    pub fn tag(&self) -> usize {
        Rc::as_ptr(&self.proxy) as usize
    }
}

/// The TLS of a request's location.
#[derive(Clone, Debug)]
pub struct Secure {
    /// The directives.
    pub ssl: Rc<ProxySsl>,
    /// What they come to.
    pub context: Rc<Context>,
}

impl Secure {
    /// What these directives of the request's location say.
    pub fn of(request: &Request, ssl: &Rc<ProxySsl>) -> Option<Self> {
        let ssl = Rc::clone(ssl);
        let context = request.connection.engine.client_tls.get(&(Rc::as_ptr(&ssl) as usize)).cloned();
        context.map(|context| Self { ssl, context })
    }
}
