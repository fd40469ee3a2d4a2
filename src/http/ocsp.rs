//! OCSP responders are asked about the server's own certificates (`ssl_stapling`) and about those of clients (`ssl_ocsp`).

use std::cell::RefCell;
use std::fmt::Display;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::engine::Engine;
use crate::ir::ids::ServerId;
use crate::log::error_log::{Level, Whose};
use crate::log::now;
use crate::net::ocsp::{Care, Responder, Staple, Subject, Verdict};
use crate::net::tls_server::{ClientStatus, Context};
use crate::net::tls_verify::{Purpose, Trust};
use crate::primitives::escape::{self, Escape};
use crate::wire::http1::status_line;
use crate::wire::ocsp::Status;
use crate::wire::x509::Certificate;

/// How long a responder may take to answer, and the longest answer.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST_ANSWER: u64 = 16_384;
/// How long an answer is kept that does not say how long it holds.
const UNLIMITED_KEPT_S: i64 = 3600;

/// Asks the responders of a server's certificates whose time has come, and does not wait for them.
pub fn refresh_staples(engine: &Rc<Engine>, server: ServerId) {
    let Some(Some(context)) = engine.tls.get(&server) else { return };
    let now_s = now::second();
    if context.staples.is_outdated(now_s) {
        context.restaple(now_s);
    }
    for staple in context.staples.due(now_s) {
        tokio::task::spawn_local(refresh(Rc::clone(engine), server, staple));
    }
}

async fn refresh(engine: Rc<Engine>, server: ServerId, staple: Rc<Staple>) {
    let Some(Some(context)) = engine.tls.get(&server) else { return };
    let Staple { subject, responder, care, .. } = &*staple;
    let name = format!(", certificate: \"{}\"", staple.name);
    let (trust, care) = (&context.trust, *care);
    let question = Question {
        engine: &engine,
        server,
        responder,
        subject,
        trust,
        care,
        name,
        whose: None,
        peer: RefCell::default(),
    };
    let good = match question.ask().await {
        Some((answer, Verdict { status: Status::Good, valid_until })) => Some((answer, valid_until)),
        Some((_, Verdict { status, .. })) => {
            question.log(Level::Error, format_args!("certificate status \"{status}\" in the OCSP response"));
            None
        }
        None => None,
    };
    staple.end_refresh(good, now::second());
    context.restaple(now::second());
}

/// What is wrong with a client's certificate by what responders say; nothing, if nothing is.
pub async fn client_fault(
    engine: &Rc<Engine>,
    (server, context): (ServerId, &Context),
    sent: &[CertificateDer<'_>],
    whose: Whose,
) -> Option<&'static str> {
    let settings = context.client_status.as_ref()?;
    // A certificate that is not trusted is refused without asking anybody.
    let chain = context.trust.chain(sent, Purpose::Client, now::second()).ok()?;
    for (index, pair) in chain.windows(2).enumerate() {
        if settings.leaf_only && index > 0 {
            break;
        }
        let subject = Subject { certificate: pair[0].clone(), issuer: pair[1].clone(), chain: chain.clone() };
        match client_status(engine, (server, context, settings), &subject, whose).await {
            Some(Status::Good) => {}
            Some(Status::Revoked) => return Some("certificate revoked"),
            Some(Status::Unknown) => return Some("certificate status unknown"),
            None => return Some("certificate status request failed"),
        }
    }
    None
}

async fn client_status(
    engine: &Rc<Engine>,
    (server, context, settings): (ServerId, &Context, &ClientStatus),
    subject: &Subject,
    whose: Whose,
) -> Option<Status> {
    let named;
    let responder = match &settings.responder {
        Some(responder) => responder,
        None => {
            let log = engine.error_log(&engine.server(server).location);
            let fail = |text: &dyn Display| log.write(Level::Error, Some(whose), |line| line.push_display(text));
            let certificate = Certificate::parse(&subject.certificate).ok()?;
            let Some(url) = certificate.ocsp_responder else {
                fail(&"no OCSP responder URL in certificate");
                return None;
            };
            named = Responder::parse(url, false).map_err(|fault| fail(&format_args!("{fault} in certificate"))).ok()?;
            &named
        }
    };
    let id = subject.id()?.bytes();
    let cached = settings.cache.as_ref().and_then(|cache| cache.status(&id));
    if let Some(cached) = cached {
        return Some(cached);
    }
    let (trust, care, name, whose) = (&context.trust, Care::Full, String::new(), Some(whose));
    let question = Question { engine, server, responder, subject, trust, care, name, whose, peer: RefCell::default() };
    let (_, verdict) = question.ask().await?;
    if let Some(cache) = &settings.cache {
        let until_s = verdict.valid_until.unwrap_or(now::second() + UNLIMITED_KEPT_S);
        cache.keep_status(&id, verdict.status, until_s);
    }
    Some(verdict.status)
}

/// One question to a responder.
struct Question<'q> {
    engine: &'q Rc<Engine>,
    server: ServerId,
    responder: &'q Responder,
    subject: &'q Subject,
    trust: &'q Trust,
    care: Care,
    /// What the log says of the certificate.
    name: String,
    whose: Option<Whose>,
    peer: RefCell<String>,
}

impl Question<'_> {
    /// The answer, if there is one that is to be believed.
    async fn ask(&self) -> Option<(Vec<u8>, Verdict)> {
        let request = self.request()?;
        let mut response = None;
        for address in self.addresses().await? {
            *self.peer.borrow_mut() = format!(", peer: {address}");
            match tokio::time::timeout(PATIENCE, self.ask_at(address, &request)).await {
                Ok(None) => {}
                Ok(answered) => {
                    response = answered;
                    break;
                }
                Err(_) => self.log(Level::Error, "OCSP responder timed out (110: Connection timed out)"),
            }
        }
        let (status, answer) = response?;
        if status != 200 {
            return None;
        }
        match self.subject.believe(&answer, self.trust, self.care, now::second()) {
            Ok(verdict) => Some((answer, verdict)),
            Err(disbelief) => {
                self.log(Level::Error, disbelief);
                None
            }
        }
    }

    fn request(&self) -> Option<Vec<u8>> {
        let question = base64::engine::general_purpose::STANDARD.encode(self.subject.id()?.request());
        let mut request = [b"GET ", &*self.responder.path].concat();
        if !self.responder.path.ends_with(b"/") {
            request.push(b'/');
        }
        escape::write(question.as_bytes(), Escape::UriComponent, &mut request);
        request.extend_from_slice(b" HTTP/1.0\r\nHost: ");
        request.extend_from_slice(&self.responder.host);
        request.extend_from_slice(b"\r\n\r\n");
        Some(request)
    }

    /// A name is asked of the `resolver`; without one, what the system knew at the start is taken.
    async fn addresses(&self) -> Option<Vec<SocketAddr>> {
        let Responder { host, port, addresses, .. } = self.responder;
        if !self.responder.is_named() {
            return Some(addresses.clone());
        }
        let location = &self.engine.server(self.server).location;
        let Some(resolver) = self.engine.resolver(location) else {
            let level = if addresses.is_empty() { Level::Error } else { Level::Warn };
            self.log(level, format_args!("no resolver defined to resolve {host}"));
            return Some(addresses.clone()).filter(|addresses| !addresses.is_empty());
        };
        match resolver.addresses(host, location.settings.core.resolver_timeout_ms).await {
            Ok((found, _)) => Some(found.iter().map(|address| SocketAddr::new(*address, *port)).collect()),
            Err(failure) => {
                self.log(Level::Error, format_args!("{host} could not be resolved ({failure})"));
                None
            }
        }
    }

    async fn ask_at(&self, address: SocketAddr, request: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut response = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(request).await?;
            stream.take(LONGEST_ANSWER).read_to_end(&mut response).await
        };
        if let Err(error) = exchange.await {
            self.log(Level::Error, format_args!("OCSP responder failed: {error}"));
            return None;
        }
        let line = match status_line::parse(&response) {
            Ok(Some(line)) => line,
            Ok(None) => {
                self.log(Level::Error, "OCSP responder prematurely closed connection");
                return None;
            }
            Err(_) => {
                self.log(Level::Error, "OCSP responder sent invalid response");
                return None;
            }
        };
        let Some(body) = self.body(&response[line.end..]) else {
            self.log(Level::Error, "OCSP responder prematurely closed connection");
            return None;
        };
        Some((line.status, body?.to_vec()))
    }

    /// What follows the headers; `Some(None)` if one of them is wrong, which is said.
    fn body<'r>(&self, headers: &'r [u8]) -> Option<Option<&'r [u8]>> {
        const RIGHT: &[u8] = b"application/ocsp-response";
        let mut rest = headers;
        loop {
            let end = memchr::memchr(b'\n', rest)?;
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = &rest[end + 1..];
            if line.is_empty() {
                return Some(Some(rest));
            }
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default().trim_ascii());
            if name.eq_ignore_ascii_case(b"content-type") && !value.eq_ignore_ascii_case(RIGHT) {
                let shown = String::from_utf8_lossy(value);
                self.log(
                    Level::Error,
                    format_args!("OCSP responder sent invalid \"Content-Type\" header: \"{shown}\""),
                );
                return Some(None);
            }
        }
    }

    fn log(&self, level: Level, text: impl Display) {
        self.engine.error_log(&self.engine.server(self.server).location).write(level, self.whose, |line| {
            line.push_display(text);
            line.push(b" while requesting certificate status, responder: ");
            line.push(&self.responder.host);
            line.push(self.peer.borrow().as_bytes());
            line.push(self.name.as_bytes());
        });
    }
}
