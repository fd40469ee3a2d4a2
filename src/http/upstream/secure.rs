//! TLS with a chosen server, before the request is sent: names, certificates, and nginx's words when it does not come about.

use std::borrow::Cow;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;

use super::answer::Faulty;
use super::job::{Job, Secure};
use super::layout::Server;
use super::retry::Failure;
use super::waiting::{Waited, log_timeout, wait_for};
use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::tls::Pair;
use crate::log::error_log::Level;
use crate::log::now;
use crate::net::stream::{Secured, Stream};
use crate::net::timers::now_ms;
use crate::net::tls_client::{Certified, HandshakeFault, Wish, shows_host};
use crate::net::tls_words::{InOpensslsWords, rustls_fault};

impl Secure {
    /// `proxy_ssl_name`, or the host: without a port, which `$proxy_host` and `$http_host` may bring along.
    fn name<'s>(&'s self, request: &Request, job: &'s Job) -> Cow<'s, [u8]> {
        let name = match &self.ssl.name {
            Some(template) => evaluate::text(request, template),
            None => Cow::Borrowed(job.group.host.as_bytes()),
        };
        let bracket = name.iter().position(|byte| *byte == b']').filter(|_| name.first() == Some(&b'['));
        let from = bracket.unwrap_or(0);
        match name[from..].iter().position(|byte| *byte == b':') {
            Some(colon) => Cow::Owned(name[..from + colon].to_vec()),
            None => name,
        }
    }

    /// The name that is sent: addresses are none (RFC 6066 section 3).
    fn server_name(&self, name: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(name).into_owned();
        let is_sent = self.ssl.server_name && !name.is_empty() && name[0] != b'[' && text.parse::<Ipv4Addr>().is_err();
        is_sent.then_some(text)
    }

    /// The certificate of this request, where variables name it.
    fn identity(&self, request: &Request) -> Result<Option<Certified>, Faulty> {
        let (Some(certificate), Some(key)) = (&self.ssl.certificate, &self.ssl.certificate_key) else {
            return Ok(None);
        };
        if !self.ssl.has_variable_certificate() {
            return Ok(None);
        }
        let certificate = evaluate::text(request, certificate);
        if certificate.is_empty() {
            return Ok(None);
        }
        let pair = Pair::written(self.context.conf_prefix(), &certificate, &evaluate::text(request, key));
        let files = &request.connection.engine.certificate_files;
        let cache = self.ssl.certificate_cache.as_ref();
        files.with_pair(cache, &pair, |read| self.context.identity(&pair, read)).map(Some).map_err(|fault| {
            request.log(Level::Error, fault);
            Faulty::Request(500)
        })
    }
}

/// Makes a new connection secure within what is left of `proxy_connect_timeout`.
pub async fn begin(
    request: &mut Request,
    job: &Job,
    tls: &Secure,
    server: &Server,
    (stream, began_ms): (Stream, u64),
) -> Result<Stream, Faulty> {
    let name = tls.name(request, job);
    let server_name = tls.server_name(&name);
    let reuses = tls.ssl.session_reuse && job.group.is_declared;
    let wish = Wish {
        server_name: server_name.as_deref(),
        session_of: reuses.then(|| (Rc::as_ptr(&job.group) as usize, server.target.clone())),
        identity: tls.identity(request)?,
        protocols: if job.http2.is_some() { &[b"h2"] } else { &[] },
    };
    if reuses && request.location.settings.core.tcp_nodelay {
        // A socket that is closed already shows that in the handshake.
        drop(stream.set_nodelay());
    }
    request.action = "SSL handshaking to upstream";
    let left_ms = job.proxy.connect_timeout_ms.saturating_sub(now_ms() - began_ms);
    let secured = match wait_for(request, job, left_ms, tls.context.connect(stream, wish)).await {
        Waited::Done(Ok(secured)) => secured,
        Waited::Done(Err(fault)) => return Err(explain(request, fault, &name)),
        Waited::TimedOut => {
            log_timeout(request, Level::Error);
            return Err(Faulty::Server(Failure::Timeout));
        }
        Waited::ClientGone => return Err(Faulty::ClientGone),
    };
    verify(request, tls, &secured, &name)?;
    Ok(Stream::TlsClient(Box::new(secured)))
}

fn verify(request: &Request, tls: &Secure, secured: &Secured, name: &[u8]) -> Result<(), Faulty> {
    if !tls.context.verifies() {
        return Ok(());
    }
    if let Err(distrust) = tls.context.judge(secured, now::since_epoch().as_secs() as i64) {
        request.log(Level::Error, format_args!("upstream SSL certificate verify error: {distrust}"));
        return Err(Faulty::Server(Failure::Error));
    }
    if !shows_host(secured, name) {
        let name = String::from_utf8_lossy(name);
        request.log(Level::Error, format_args!("upstream SSL certificate does not match \"{name}\""));
        return Err(Faulty::Server(Failure::Error));
    }
    Ok(())
}

fn explain(request: &Request, fault: HandshakeFault, name: &[u8]) -> Faulty {
    match fault {
        HandshakeFault::Closed(None) => request.log(Level::Error, "peer closed connection in SSL handshake"),
        HandshakeFault::Closed(Some(error)) => {
            request.log_error(Level::Error, &error, "peer closed connection in SSL handshake");
        }
        HandshakeFault::Failed(fault) => {
            let words = InOpensslsWords(&fault);
            let level = if words.is_usual() { Level::Error } else { Level::Crit };
            request.log(level, format_args!("SSL_do_handshake() failed (SSL: {words})"));
        }
        HandshakeFault::BadName => {
            let name = String::from_utf8_lossy(name);
            request.log(Level::Error, format_args!("SSL_set_tlsext_host_name(\"{name}\") failed"));
            return Faulty::Request(500);
        }
        HandshakeFault::Io(error) => request.log_error(Level::Error, &error, "SSL_do_handshake() failed"),
        HandshakeFault::NoVersion => {
            let words = "SSL_do_handshake() failed (SSL: error:0A0000BF:SSL routines::no protocols available)";
            request.log(Level::Crit, words);
        }
    }
    Faulty::Server(Failure::Error)
}

/// Says that reading or writing failed: the system's call, or TLS itself.
pub fn log_socket_error(request: &Request, error: &io::Error, call: &str) {
    match rustls_fault(error) {
        Some(fault) => {
            let call = if call.starts_with("write") { "SSL_write() failed" } else { "SSL_read() failed" };
            request.log(Level::Error, format_args!("{call} (SSL: {})", InOpensslsWords(fault)));
        }
        None => request.log_error(Level::Error, error, call),
    }
}
