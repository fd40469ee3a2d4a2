//! `ssl_stapling` with responders: whom to ask about each certificate of a server, and what is shown to clients.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::ocsp::{Care, Responder, Staple, Subject};
use super::tls_verify::{Trust, may_have_issued};
use crate::ir::tls::{ServerTls, Stapling};
use crate::ir::value::Text;
use crate::wire::x509::Certificate;

/// The certificates of a server with what responders said of them.
#[derive(Default, Debug)]
pub struct Staples {
    keys: RefCell<Vec<Arc<CertifiedKey>>>,
    /// For each key, if its responder can be asked.
    staples: Vec<Option<Rc<Staple>>>,
    /// Until this second, what is shown is what may be shown.
    shown_until: Cell<i64>,
}

impl Staples {
    /// What a server's certificates lead to, with nginx's warnings about those that lead nowhere.
    pub fn new(wanted: &ServerTls, keys: &[Arc<CertifiedKey>], trust: &Trust) -> (Self, Vec<String>) {
        let Some(stapling) = &wanted.stapling else { return (Self::default(), Vec::new()) };
        let mut warnings = Vec::new();
        let names = wanted.certificates.iter().map(|pair| &pair.certificate);
        let staples = keys.iter().zip(names).map(|(key, name)| {
            staple(stapling, &key.cert, name, trust).map_err(|warning| warnings.push(warning)).ok().map(Rc::new)
        });
        let staples = staples.collect();
        (Self { keys: RefCell::new(keys.to_vec()), staples, shown_until: Cell::new(i64::MAX) }, warnings)
    }

    /// Those whose responders are to be asked now; whoever hears so has to do it.
    pub fn due(&self, now_s: i64) -> Vec<Rc<Staple>> {
        self.staples.iter().flatten().filter(|staple| staple.begin_refresh(now_s)).cloned().collect()
    }

    /// Whether what is shown is not to be shown any longer.
    pub fn is_outdated(&self, now_s: i64) -> bool {
        !self.staples.is_empty() && now_s > self.shown_until.get()
    }

    /// The certificates with what may be shown beside them now.
    pub fn renew(&self, now_s: i64) -> Vec<Arc<CertifiedKey>> {
        let mut keys = self.keys.borrow_mut();
        let mut until = i64::MAX;
        for (key, staple) in keys.iter_mut().zip(&self.staples) {
            let answer = staple.as_ref().and_then(|staple| staple.answer(now_s));
            if let Some((_, valid_until)) = &answer {
                until = until.min(*valid_until);
            }
            Arc::make_mut(key).ocsp = answer.map(|(answer, _)| answer.to_vec());
        }
        self.shown_until.set(until);
        keys.clone()
    }
}

fn staple(
    stapling: &Stapling,
    chain: &[CertificateDer<'static>],
    name: &Text,
    trust: &Trust,
) -> Result<Staple, String> {
    let ignored = |reason: &str| format!("\"ssl_stapling\" ignored, {reason} \"{name}\"");
    let no_issuer = || ignored("issuer certificate not found for certificate");
    let first = chain.first().ok_or_else(no_issuer)?;
    let certificate = Certificate::parse(first).map_err(|_| no_issuer())?;
    let is_issuer = |candidate: &&CertificateDer<'static>| {
        Certificate::parse(candidate).is_ok_and(|candidate| may_have_issued(&candidate, &certificate))
    };
    let mut candidates = chain[1..].iter().chain(&trust.authorities);
    let issuer = candidates.find(is_issuer).ok_or_else(no_issuer)?.clone();
    let url = match (&*stapling.responder, certificate.ocsp_responder) {
        (b"", None) => return Err(ignored("no OCSP responder URL in the certificate")),
        (b"", Some(url)) => url,
        (url, _) => url,
    };
    let responder = Responder::parse(url, true)
        .map_err(|fault| format!("\"ssl_stapling\" ignored, {fault} in the certificate \"{name}\""))?;
    let subject = Subject { certificate: first.clone(), issuer, chain: chain[1..].to_vec() };
    let care = if stapling.verify { Care::TrustChain } else { Care::Signature };
    Ok(Staple::new(subject, name.clone(), responder, care))
}
