//! Answers of OCSP responders: whom to ask, and whether to believe what they say (OpenSSL's `OCSP_basic_verify`).

use std::cell::RefCell;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;

use rustls::pki_types::CertificateDer;

use super::tls_verify::{self, Distrust, Purpose, Trust};
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::Text;
use crate::wire::ocsp::{Answer, CertificateId, NoAnswer, Status};
use crate::wire::x509::{Certificate, OCSP_SIGNING};

/// A clock may be so much behind the responder's.
const LEEWAY_S: i64 = 300;

/// Whom to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Responder {
    /// Its host, as written.
    pub host: Text,
    /// Its port.
    pub port: u16,
    /// The path that the question is appended to.
    pub path: Text,
    /// Its addresses, as far as they are known without asking anybody.
    pub addresses: Vec<SocketAddr>,
}

/// What is wrong with a responder's URL, in nginx's words up to the URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadUrl {
    /// What is wrong.
    pub fault: String,
    /// The part of the URL that nginx shows.
    pub shown: String,
}

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in OCSP responder \"{}\"", self.fault, self.shown)
    }
}

impl Responder {
    /// Reads a URL. A name in it is asked of the system's resolver if that is allowed: when a configuration is read.
    pub fn parse(url: &[u8], may_resolve: bool) -> Result<Self, BadUrl> {
        const SCHEME: &[u8] = b"http://";
        let is_http = url.len() > SCHEME.len() && url[..SCHEME.len()].eq_ignore_ascii_case(SCHEME);
        let bad = |fault: &str, shown: &[u8]| BadUrl {
            fault: fault.to_owned(),
            shown: String::from_utf8_lossy(shown).into_owned(),
        };
        if !is_http {
            return Err(bad("invalid URL prefix", url));
        }
        let rest = &url[SCHEME.len()..];
        let parsed = Url::parse(rest, 80, Form::WithUri).map_err(|fault| bad(fault, rest))?;
        let (host, addresses) = match parsed.host {
            Host::Address(address) => (address.to_string().into_bytes(), vec![SocketAddr::new(address, parsed.port)]),
            Host::Unix(_) => return Err(bad("invalid host", rest)),
            Host::Name(name) if may_resolve => {
                let text = String::from_utf8_lossy(name).into_owned();
                let found = (text.as_str(), parsed.port).to_socket_addrs();
                (name.to_vec(), found.map_err(|_| bad("host not found", rest))?.collect())
            }
            Host::Name(name) => (name.to_vec(), Vec::new()),
        };
        let path = if parsed.uri.is_empty() { b"/" } else { parsed.uri };
        Ok(Self { host: Text::from(host), port: parsed.port, path: Text::from(path), addresses })
    }

    /// Whether the host is a name, which a `resolver` is asked for.
    pub fn is_named(&self) -> bool {
        !self.addresses.iter().any(|address| address.ip().to_string().as_bytes() == &*self.host)
    }
}

/// What can be said of a certificate for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What is said.
    pub status: Status,
    /// Seconds since 1970 until which it holds; nothing for ever.
    pub valid_until: Option<i64>,
}

/// Why an answer is not believed, in OpenSSL's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disbelief {
    /// It is no answer.
    Malformed,
    /// The responder refuses.
    Refused(u8),
    /// Nobody knows who signed it.
    NoSigner,
    /// The signature is another's.
    BadSignature,
    /// Its signer's certificate is not trusted.
    Untrusted(Distrust),
    /// Its signer may not speak for the issuer.
    NotEntitled,
    /// It says nothing of the certificate.
    NotFound,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
}

impl fmt::Display for Disbelief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const VERIFY: &str = "OCSP_basic_verify() failed (SSL: error:138000";
        const VALIDITY: &str = "OCSP_check_validity() failed (SSL: error:138000";
        match self {
            Self::Malformed => f.write_str("d2i_OCSP_RESPONSE() failed"),
            Self::Refused(number) => {
                let words = match number {
                    1 => "malformedrequest",
                    2 => "internalerror",
                    3 => "trylater",
                    5 => "sigrequired",
                    6 => "unauthorized",
                    _ => "(UNKNOWN)",
                };
                write!(f, "OCSP response not successful ({number}: {words})")
            }
            Self::NoSigner => write!(f, "{VERIFY}76:OCSP routines::signer certificate not found)"),
            Self::BadSignature => write!(f, "{VERIFY}75:OCSP routines::signature failure)"),
            Self::Untrusted(reason) => {
                let words = reason.text();
                write!(f, "{VERIFY}65:OCSP routines::certificate verify error:Verify error: {words})")
            }
            Self::NotEntitled => write!(f, "{VERIFY}70:OCSP routines::root ca not trusted)"),
            Self::NotFound => f.write_str("certificate status not found in the OCSP response"),
            Self::NotYetValid => write!(f, "{VALIDITY}7E:OCSP routines::status not yet valid)"),
            Self::Expired => write!(f, "{VALIDITY}7D:OCSP routines::status expired)"),
        }
    }
}

/// How much is asked of who signed an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Care {
    /// It has to be signed by whom it says.
    Signature,
    /// A signer out of the server's own chain is believed; another has to be trusted and entitled.
    TrustChain,
    /// The signer has to be trusted, and the issuer itself or somebody it entitled.
    Full,
}

/// A certificate whose status is asked for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Who signed it.
    pub issuer: CertificateDer<'static>,
    /// Certificates among which the signer of an answer is looked for first.
    pub chain: Vec<CertificateDer<'static>>,
}

impl Subject {
    /// How a responder knows it.
    pub fn id(&self) -> Option<CertificateId> {
        let (certificate, issuer) =
            (Certificate::parse(&self.certificate).ok()?, Certificate::parse(&self.issuer).ok()?);
        Some(CertificateId::of(&certificate, &issuer))
    }

    /// What an answer says of it, if it is to be believed.
    pub fn believe(&self, answer: &[u8], trust: &Trust, care: Care, now_s: i64) -> Result<Verdict, Disbelief> {
        let parsed = Answer::parse(answer).map_err(|fault| match fault {
            NoAnswer::Malformed => Disbelief::Malformed,
            NoAnswer::Refused(number) => Disbelief::Refused(number),
        })?;
        self.check_signer(&parsed, trust, care, now_s)?;
        let id = self.id().ok_or(Disbelief::NotFound)?;
        let single = parsed.singles.iter().find(|single| single.id.as_ref() == Some(&id)).ok_or(Disbelief::NotFound)?;
        if single.this_update > now_s + LEEWAY_S {
            return Err(Disbelief::NotYetValid);
        }
        if single.next_update.is_some_and(|until| until < now_s - LEEWAY_S) {
            return Err(Disbelief::Expired);
        }
        Ok(Verdict { status: single.status, valid_until: single.next_update })
    }

    fn check_signer(&self, answer: &Answer<'_>, trust: &Trust, care: Care, now_s: i64) -> Result<(), Disbelief> {
        let own: Vec<_> = self.chain.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let sent: Vec<_> = answer.certificates.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let is_signer = |certificate: &&Certificate<'_>| answer.responder.is(certificate);
        let (signer, is_own) = match own.iter().find(is_signer) {
            Some(signer) => (signer, true),
            None => (sent.iter().find(is_signer).ok_or(Disbelief::NoSigner)?, false),
        };
        tls_verify::verify(trust.algorithms, &signer.public_key, &answer.signed)
            .map_err(|_| Disbelief::BadSignature)?;
        if care == Care::Signature || is_own && care == Care::TrustChain {
            return Ok(());
        }
        let others = answer.certificates.iter().map(|der| CertificateDer::from(*der)).chain(self.chain.iter().cloned());
        let certificates: Vec<_> = std::iter::once(CertificateDer::from(signer.der)).chain(others).collect();
        let chain = trust.chain(&certificates, Purpose::Responder, now_s).map_err(Disbelief::Untrusted)?;
        let chain: Vec<_> = chain.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let speaks_for_all = |authority: Option<&Certificate<'_>>| {
            let is_of = |single: &crate::wire::ocsp::Single| {
                single.id.as_ref().zip(authority).is_some_and(|(id, authority)| id.is_issued_by(authority))
            };
            !answer.singles.is_empty() && answer.singles.iter().all(is_of)
        };
        let names_purpose = |first: &Certificate<'_>| {
            first.extended_key_usage.as_ref().is_some_and(|usages| usages.contains(&OCSP_SIGNING))
        };
        let is_issuer = speaks_for_all(chain.first());
        let is_entitled = speaks_for_all(chain.get(1)) && chain.first().is_some_and(names_purpose);
        if is_issuer || is_entitled { Ok(()) } else { Err(Disbelief::NotEntitled) }
    }
}

/// A certificate of a server, and what its responder said last.
#[derive(Debug)]
pub struct Staple {
    /// The certificate.
    pub subject: Subject,
    /// The file it came from.
    pub name: Text,
    /// Whom to ask.
    pub responder: Responder,
    /// `ssl_stapling_verify`
    pub care: Care,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    is_loading: bool,
    refresh_s: i64,
    valid_until: i64,
    answer: Option<Rc<[u8]>>,
}

impl Staple {
    /// One whose responder was not asked yet.
    pub fn new(subject: Subject, name: Text, responder: Responder, care: Care) -> Self {
        let state = State { is_loading: false, refresh_s: 0, valid_until: 0, answer: None };
        Self { subject, name, responder, care, state: RefCell::new(state) }
    }

    /// What may be stapled now.
    /// And until when.
    pub fn answer(&self, now_s: i64) -> Option<(Rc<[u8]>, i64)> {
        let state = self.state.borrow();
        let answer = state.answer.clone().filter(|_| state.valid_until >= now_s)?;
        Some((answer, state.valid_until))
    }

    /// Whether the responder is to be asked now; whoever hears so has to do it.
    pub fn begin_refresh(&self, now_s: i64) -> bool {
        let mut state = self.state.borrow_mut();
        let is_due = !state.is_loading && state.refresh_s < now_s;
        state.is_loading |= is_due;
        is_due
    }

    /// What came of asking. A good answer is asked for anew before it ends, in an hour at the latest; anything else in five minutes.
    pub fn end_refresh(&self, good: Option<(Vec<u8>, Option<i64>)>, now_s: i64) {
        let mut state = self.state.borrow_mut();
        (state.is_loading, state.refresh_s) = (false, now_s + 300);
        if let Some((answer, valid_until)) = good {
            let valid_until = valid_until.unwrap_or(i64::MAX);
            state.refresh_s = (valid_until - 300).min(now_s + 3600).max(now_s + 300);
            (state.valid_until, state.answer) = (valid_until, Some(answer.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_responders() {
        let right = Responder::parse(b"HTTP://127.0.0.1:8081/x", false).expect("right");
        assert_eq!((&*right.host, right.port, &*right.path), (&b"127.0.0.1"[..], 8081, &b"/x"[..]));
        assert!(!right.is_named());
        let named = Responder::parse(b"http://ocsp.example", false).expect("right");
        assert!(named.is_named() && named.addresses.is_empty() && &*named.path == b"/");
        let https = Responder::parse(b"https://a/", false).expect_err("not by TLS");
        assert_eq!(https.to_string(), "invalid URL prefix in OCSP responder \"https://a/\"");
    }

    #[test]
    fn a_staple_is_asked_for_once_and_refreshed_in_time() {
        let (der, host) = (CertificateDer::from(Vec::new()), Responder::parse(b"http://127.0.0.1", false));
        let subject = Subject { certificate: der.clone(), issuer: der, chain: Vec::new() };
        let staple = Staple::new(subject, Text::default(), host.expect("right"), Care::Signature);
        assert!(staple.begin_refresh(1000) && !staple.begin_refresh(1000));
        staple.end_refresh(None, 1000);
        assert!(!staple.begin_refresh(1300) && staple.begin_refresh(1301));
        staple.end_refresh(Some((b"good".to_vec(), Some(9000))), 1301);
        assert!(staple.answer(9000).is_some() && staple.answer(9001).is_none());
        assert!(!staple.begin_refresh(4901) && staple.begin_refresh(4902));
    }
}
