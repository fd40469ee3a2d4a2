//! Whether a peer's certificate is to be trusted, judged as OpenSSL judges it: its search for a chain, its checks in its order,
//! and, where several fail, the one that it reports.
//!
//! The judgement of the library below us (WebPKI's) is another one: it refuses certificates of version 1, authorities that
//! serve as end points, and names in the subject, all of which private networks use, and has no numbers for its reasons.

use std::fmt;

use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm};

use crate::wire::x509::{
    AltName, CRL_SIGN, Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN, PublicKey, RevocationList, SERVER_AUTH, Signed,
    attributes,
};

/// `keyEncipherment` and `keyAgreement`: with `digitalSignature` the uses of a server's key.
const SERVER_KEY_USAGE: u16 = DIGITAL_SIGNATURE | 0x2000 | 0x0800;
/// `digitalSignature` and `keyAgreement`: the uses of a client's key.
const CLIENT_KEY_USAGE: u16 = DIGITAL_SIGNATURE | 0x0800;
/// What the algorithm of RSA signatures over SHA-1 begins with, and that of ECDSA over SHA-1.
const WEAK_ALGORITHMS: [&[u8]; 2] =
    [&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5], &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]];

/// The algorithms with which certificates are signed.
pub type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

macro_rules! reasons {
    ($( $(#[$doc:meta])* $variant:ident = $number:literal, $text:literal; )*) => {
        /// Why a certificate is not trusted: OpenSSL's numbers and words.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Distrust {
            $( $(#[$doc])* $variant = $number, )*
        }

        impl Distrust {
            /// OpenSSL's words.
            pub fn text(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )*
                }
            }
        }
    };
}

reasons! {
    /// The chain ends at a certificate that is trusted and not self-signed.
    NoIssuer = 2, "unable to get issuer certificate";
    /// There is no list of revoked certificates for it.
    NoRevocationList = 3, "unable to get certificate CRL";
    /// Its signature is not its issuer's.
    BadSignature = 7, "certificate signature failure";
    /// The list's signature is not its issuer's.
    BadListSignature = 8, "CRL signature failure";
    /// Its time has not begun.
    NotYetValid = 9, "certificate is not yet valid";
    /// Its time is over.
    Expired = 10, "certificate has expired";
    /// The list's time has not begun.
    ListNotYetValid = 11, "CRL is not yet valid";
    /// The list's time is over.
    ListExpired = 12, "CRL has expired";
    /// Alone and self-signed.
    SelfSigned = 18, "self-signed certificate";
    /// The chain ends at an authority that is not among the trusted.
    SelfSignedInChain = 19, "self-signed certificate in certificate chain";
    /// The chain ends before an authority.
    NoLocalIssuer = 20, "unable to get local issuer certificate";
    /// Alone, and nobody knows who signed it.
    NoFirstIssuer = 21, "unable to verify the first certificate";
    /// More authorities in between than allowed.
    ChainTooLong = 22, "certificate chain too long";
    /// It is on its issuer's list.
    Revoked = 23, "certificate revoked";
    /// More authorities below an authority than it allows.
    PathTooLong = 25, "path length constraint exceeded";
    /// It is not meant for this.
    WrongPurpose = 26, "unsuitable certificate purpose";
    /// It has an extension that has to be understood, and is not.
    UnknownCritical = 34, "unhandled critical extension";
    /// The list's issuer may not sign lists.
    NoListSigning = 35, "key usage does not include CRL signing";
    /// The list has an extension that has to be understood, and is not.
    UnknownCriticalInList = 36, "unhandled critical CRL extension";
    /// Signed over a digest that nobody trusts any more.
    WeakDigest = 68, "CA signature digest algorithm too weak";
    /// An issuer is no authority.
    NoAuthority = 79, "invalid CA certificate";
}

impl Distrust {
    /// Only who signed it is in doubt: `optional_no_ca` forgives that (`ngx_ssl_verify_error_optional`).
    pub fn is_about_authority(self) -> bool {
        matches!(self, Self::SelfSigned | Self::SelfSignedInChain | Self::NoLocalIssuer | Self::NoFirstIssuer)
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}:{})", *self as u8, self.text())
    }
}

/// Which end of a connection a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A server's.
    Server,
    /// A client's.
    Client,
    /// For answers about revoked certificates; who may give them is asked elsewhere.
    Responder,
}

/// Whom to trust.
#[derive(Debug)]
pub struct Trust {
    /// The authorities.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The lists of revoked certificates; if there are any, every certificate of a chain needs its issuer's.
    pub revocation_lists: Vec<CertificateRevocationListDer<'static>>,
    /// How many authorities may stand between the first certificate and a trusted one.
    pub depth: usize,
    /// How signatures are checked.
    pub algorithms: Algorithms,
}

impl Trust {
    /// Judges the certificates that a peer has sent, its own first.
    pub fn judge(&self, sent: &[CertificateDer<'_>], purpose: Purpose, now: i64) -> Result<(), Distrust> {
        self.chain(sent, purpose, now).map(drop)
    }

    /// The chain from a peer's certificate up to one that is trusted.
    pub fn chain(
        &self,
        sent: &[CertificateDer<'_>],
        purpose: Purpose,
        now: i64,
    ) -> Result<Vec<CertificateDer<'static>>, Distrust> {
        let Some((first, others)) = sent.split_first() else { return Err(Distrust::NoFirstIssuer) };
        let Ok(first) = Certificate::parse(first) else { return Err(Distrust::NoFirstIssuer) };
        let others: Vec<Certificate<'_>> = others.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let trusted: Vec<Certificate<'_>> =
            self.authorities.iter().filter_map(|der| Certificate::parse(der).ok()).collect();
        let lists = self.revocation_lists.iter().filter_map(|der| RevocationList::parse(der).ok()).collect();
        let mut chain = Chain {
            certificates: vec![&first],
            untrusted: 1,
            reason: None,
            // A responder's chain is not bound to the depth of clients' chains; this is OpenSSL's own limit.
            depth: if purpose == Purpose::Responder { 100 } else { self.depth },
            algorithms: self.algorithms,
            now,
        };
        chain.build(&others, &trusted);
        chain.check_extensions(purpose);
        chain.check_revocation(&lists);
        chain.check_signatures();
        match chain.reason {
            Some(reason) => Err(reason),
            None => Ok(chain.certificates.iter().map(|found| CertificateDer::from(found.der.to_vec())).collect()),
        }
    }
}

/// A chain in the making, from the peer's own certificate upwards.
struct Chain<'c> {
    certificates: Vec<&'c Certificate<'c>>,
    /// So many of them, from the beginning, are not out of the trusted ones.
    untrusted: usize,
    /// The last fault: what OpenSSL reports when it is told to go on after each.
    reason: Option<Distrust>,
    depth: usize,
    algorithms: Algorithms,
    now: i64,
}

impl<'c> Chain<'c> {
    fn last(&self) -> &'c Certificate<'c> {
        self.certificates[self.certificates.len() - 1]
    }

    fn is_within_depth(&self) -> bool {
        self.certificates.len() <= self.depth + 1
    }

    /// The trusted certificates are asked first; those that the peer sent lead on where they know nothing.
    fn build(&mut self, sent: &'c [Certificate<'c>], trusted: &'c [Certificate<'c>]) {
        let mut sent: Vec<&Certificate<'c>> = sent.iter().collect();
        loop {
            let last = self.last();
            let found = if self.is_within_depth() { self.find_issuer(trusted.iter()) } else { None };
            if let Some(issuer) = found {
                if !is_self_signed(last) {
                    self.certificates.push(issuer);
                } else if issuer.der == last.der {
                    self.untrusted = self.untrusted.min(self.certificates.len() - 1);
                } else {
                    break;
                }
                if is_self_signed(self.last()) {
                    return;
                }
                continue;
            }
            let is_open = !is_self_signed(last) && self.untrusted == self.certificates.len() && self.is_within_depth();
            let next = if is_open { self.find_issuer(sent.iter().copied()) } else { None };
            let Some(issuer) = next else { break };
            sent.retain(|candidate| !std::ptr::eq(*candidate, issuer));
            self.certificates.push(issuer);
            self.untrusted = self.certificates.len();
        }
        let count = self.certificates.len();
        self.reason = Some(match () {
            () if count > self.depth + 1 => Distrust::ChainTooLong,
            () if is_self_signed(self.last()) && count == 1 => Distrust::SelfSigned,
            () if is_self_signed(self.last()) => Distrust::SelfSignedInChain,
            () if self.untrusted < count => Distrust::NoIssuer,
            () => Distrust::NoLocalIssuer,
        });
    }

    /// Who may have signed the last certificate; one whose time it is goes first.
    fn find_issuer(&self, candidates: impl Iterator<Item = &'c Certificate<'c>>) -> Option<&'c Certificate<'c>> {
        let last = self.last();
        let fitting: Vec<_> = candidates.filter(|candidate| may_have_issued(candidate, last)).collect();
        let is_good = |candidate: &&&Certificate<'_>| (candidate.not_before..=candidate.not_after).contains(&self.now);
        fitting.iter().find(is_good).or(fitting.first()).copied()
    }

    fn check_extensions(&mut self, purpose: Purpose) {
        let mut authorities_below = 0;
        for (index, certificate) in self.certificates.iter().enumerate() {
            if certificate.has_unknown_critical {
                self.reason = Some(Distrust::UnknownCritical);
            }
            if index > 0 && !is_authority(certificate) {
                self.reason = Some(Distrust::NoAuthority);
            }
            if !is_for(certificate, purpose, index > 0) {
                self.reason = Some(Distrust::WrongPurpose);
            }
            let allowed = certificate.basic_constraints.and_then(|constraints| constraints.path_length);
            if index > 1 && allowed.is_some_and(|allowed| authorities_below > allowed) {
                self.reason = Some(Distrust::PathTooLong);
            }
            if index > 0 && !certificate.is_self_issued() {
                authorities_below += 1;
            }
        }
    }

    fn check_revocation(&mut self, lists: &Vec<RevocationList<'_>>) {
        if lists.is_empty() {
            return;
        }
        for index in 0..self.certificates.len() {
            let certificate = self.certificates[index];
            let issuer = self.certificates.get(index + 1).copied().unwrap_or(certificate);
            let of_issuer = |list: &&RevocationList<'_>| same_name(list.issuer, certificate.issuer);
            let good = |list: &&RevocationList<'_>| list.next_update.is_none_or(|until| until >= self.now);
            let list = lists.iter().filter(of_issuer).find(good).or_else(|| lists.iter().find(of_issuer));
            let Some(list) = list else {
                self.reason = Some(Distrust::NoRevocationList);
                continue;
            };
            let faults = [
                (list.this_update > self.now, Distrust::ListNotYetValid),
                (list.next_update.is_some_and(|until| until < self.now), Distrust::ListExpired),
                (issuer.key_usage.is_some_and(|usage| usage & CRL_SIGN == 0), Distrust::NoListSigning),
                (list.has_unknown_critical, Distrust::UnknownCriticalInList),
                (verify(self.algorithms, &issuer.public_key, &list.signed).is_err(), Distrust::BadListSignature),
                (list.revoked.contains(&certificate.serial), Distrust::Revoked),
            ];
            self.reason = faults.iter().rfind(|(is_fault, _)| *is_fault).map(|(_, fault)| *fault).or(self.reason);
        }
    }

    /// From the top down. What an authority signed for itself proves nothing, and is not looked at.
    fn check_signatures(&mut self) {
        let mut index = self.certificates.len() - 1;
        if !may_have_issued(self.certificates[index], self.certificates[index]) {
            if index == 0 {
                self.reason = Some(Distrust::NoFirstIssuer);
            } else {
                index -= 1;
            }
        }
        loop {
            let certificate = self.certificates[index];
            if let Some(issuer) = self.certificates.get(index + 1) {
                self.reason = verify(self.algorithms, &issuer.public_key, &certificate.signed).err().or(self.reason);
            }
            if certificate.not_before > self.now {
                self.reason = Some(Distrust::NotYetValid);
            }
            if certificate.not_after < self.now {
                self.reason = Some(Distrust::Expired);
            }
            match index.checked_sub(1) {
                Some(below) => index = below,
                None => return,
            }
        }
    }
}

/// Checks a signature. Which algorithms there are is the library's choice; none of them uses SHA-1.
pub fn verify(algorithms: Algorithms, key: &PublicKey<'_>, signed: &Signed<'_>) -> Result<(), Distrust> {
    if WEAK_ALGORITHMS.iter().any(|weak| signed.algorithm.starts_with(weak)) {
        return Err(Distrust::WeakDigest);
    }
    let fits = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.signature_alg_id().as_ref() == signed.algorithm
            && algorithm.public_key_alg_id().as_ref() == key.algorithm
    };
    let is_right = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        algorithm.verify_signature(key.key, signed.message, signed.signature).is_ok()
    };
    match algorithms.iter().filter(fits).any(is_right) {
        true => Ok(()),
        false => Err(Distrust::BadSignature),
    }
}

fn is_self_signed(certificate: &Certificate<'_>) -> bool {
    certificate.is_self_issued() && key_ids_agree(certificate, certificate)
}

/// A key that an issued certificate names has to be the issuer's, where both say which it is.
fn key_ids_agree(issuer: &Certificate<'_>, issued: &Certificate<'_>) -> bool {
    match (issuer.subject_key_id, issued.authority_key_id) {
        (Some(own), Some(named)) => own == named,
        _ => true,
    }
}

/// Whether a certificate may have been signed with another one, by what they say of each other.
pub fn may_have_issued(issuer: &Certificate<'_>, issued: &Certificate<'_>) -> bool {
    same_name(issuer.subject, issued.issuer)
        && key_ids_agree(issuer, issued)
        && issuer.key_usage.is_none_or(|usage| usage & KEY_CERT_SIGN != 0)
}

/// Names are compared without regard to letter case, and whatever kind of text they are written as.
fn same_name(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (attributes(one), attributes(other));
    let same = |((a, b), (c, d)): ((&[u8], &[u8]), (&[u8], &[u8]))| a == c && b.eq_ignore_ascii_case(d);
    !one.is_empty() && one.len() == other.len() && one.into_iter().zip(other).all(same)
}

/// Whether other certificates may be signed with it; of version 1 only a root's own name says so.
fn is_authority(certificate: &Certificate<'_>) -> bool {
    match (certificate.key_usage, certificate.basic_constraints) {
        (Some(usage), _) if usage & KEY_CERT_SIGN == 0 => false,
        (_, Some(constraints)) => constraints.ca,
        (Some(_), None) => true,
        (None, None) => certificate.version == 1 && certificate.is_self_issued(),
    }
}

fn is_for(certificate: &Certificate<'_>, purpose: Purpose, as_authority: bool) -> bool {
    let (extended, usage) = match purpose {
        Purpose::Server => (SERVER_AUTH, SERVER_KEY_USAGE),
        Purpose::Client => (crate::wire::x509::CLIENT_AUTH, CLIENT_KEY_USAGE),
        Purpose::Responder => return true,
    };
    let has_usage = as_authority || certificate.key_usage.is_none_or(|own| own & usage != 0);
    has_usage && certificate.is_for(extended)
}

/// Whether a certificate is for a host: one of its DNS names, or else its common name (`X509_check_host`).
pub fn is_for_host(certificate: &CertificateDer<'_>, host: &[u8]) -> bool {
    let Ok(certificate) = Certificate::parse(certificate) else { return false };
    let mut names = certificate.alt_names.iter().filter_map(|name| match name {
        AltName::Dns(name) => Some(*name),
        AltName::Ip(_) | AltName::Other => None,
    });
    match certificate.alt_names.iter().any(|name| matches!(name, AltName::Dns(_))) {
        true => names.any(|name| fits_host(name, host)),
        false => certificate.common_names().iter().any(|name| fits_host(name, host)),
    }
}

/// A star stands in the first label alone, for part of it or all, with two labels behind it at least (RFC 6125 section 6.4.3).
fn fits_host(pattern: &[u8], host: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let is_valid = !before.contains(&b'.')
        && !after.contains(&b'*')
        && after.iter().filter(|byte| **byte == b'.').count() >= 2
        && !pattern.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--"));
    if !is_valid || host.len() < before.len() + after.len() {
        return false;
    }
    let (start, rest) = host.split_at(before.len());
    let (covered, end) = rest.split_at(rest.len() - after.len());
    start.eq_ignore_ascii_case(before)
        && end.eq_ignore_ascii_case(after)
        && !covered.contains(&b'.')
        && !(covered.is_empty() && before.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_one_label() {
        assert!(fits_host(b"*.example.com", b"a.example.com"));
        assert!(fits_host(b"f*.example.com", b"foo.example.com"));
        assert!(fits_host(b"Example.COM", b"example.com"));
        assert!(!fits_host(b"*.example.com", b"a.b.example.com"));
        assert!(!fits_host(b"*.example.com", b".example.com"));
        assert!(!fits_host(b"*.com", b"example.com"));
        assert!(!fits_host(b"a.*.example.com", b"a.b.example.com"));
    }

    #[test]
    fn reasons_are_told_as_openssl_tells_them() {
        assert_eq!(Distrust::NoFirstIssuer.to_string(), "(21:unable to verify the first certificate)");
    }
}
