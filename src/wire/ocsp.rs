//! OCSP (RFC 6960): the question whether a certificate is revoked, and the answer to it.

use std::fmt;

use sha1::{Digest, Sha1};

use super::der::{Malformed, Reader, tag};
use super::x509::{Certificate, Signed, signed, time};

/// `id-pkix-ocsp-basic`
const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// SHA-1 without parameters, as the content of an algorithm: that its collisions are known does no harm here.
const SHA1: &[u8] = &[6, 5, 0x2b, 14, 3, 2, 26, 5, 0];
const SHA1_OBJECT: &[u8] = &[0x2b, 14, 3, 2, 26];
const ENUMERATED: u8 = 0x0a;

/// A certificate as a responder knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateId {
    name_hash: [u8; 20],
    key_hash: [u8; 20],
    serial: Vec<u8>,
}

impl CertificateId {
    /// The one that this issuer signed.
    pub fn of(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Self {
        let name_hash = Sha1::digest(issuer.subject).into();
        let key_hash = Sha1::digest(issuer.public_key.key).into();
        Self { name_hash, key_hash, serial: certificate.serial.to_vec() }
    }

    /// All of it in a row.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.name_hash[..], &self.key_hash, &self.serial].concat()
    }

    /// The question for the responder.
    pub fn request(&self) -> Vec<u8> {
        let id = [
            element(tag::SEQUENCE, SHA1),
            element(tag::OCTET_STRING, &self.name_hash),
            element(tag::OCTET_STRING, &self.key_hash),
            element(tag::INTEGER, &self.serial),
        ];
        // OCSPRequest, TBSRequest, requestList, Request, CertID.
        (0..5).fold(id.concat(), |inner, _| element(tag::SEQUENCE, &inner))
    }

    /// Whether an issuer is the one that is meant.
    pub fn is_issued_by(&self, issuer: &Certificate<'_>) -> bool {
        self.name_hash == *Sha1::digest(issuer.subject) && self.key_hash == *Sha1::digest(issuer.public_key.key)
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..=0x7f => bytes.push(length as u8),
        0x80..=0xff => bytes.extend([0x81, length as u8]),
        _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    bytes.extend_from_slice(content);
    bytes
}

/// What a responder says of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
        })
    }
}

/// Who signed an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Responder<'d> {
    /// Whose name this is.
    Name(&'d [u8]),
    /// Whose key has this hash.
    KeyHash(&'d [u8]),
}

impl Responder<'_> {
    /// Whether that is the one.
    pub fn is(&self, certificate: &Certificate<'_>) -> bool {
        match self {
            Self::Name(name) => certificate.subject == *name,
            Self::KeyHash(hash) => *hash == &Sha1::digest(certificate.public_key.key)[..],
        }
    }
}

/// What is said of one certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Single {
    /// Of which; nothing if it is not named by hashes of SHA-1.
    pub id: Option<CertificateId>,
    /// What.
    pub status: Status,
    /// Seconds since 1970 from which it holds.
    pub this_update: i64,
    /// Seconds since 1970 until which it holds.
    pub next_update: Option<i64>,
}

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer<'d> {
    /// Who signed it.
    pub responder: Responder<'d>,
    /// The signature.
    pub signed: Signed<'d>,
    /// Certificates that come along.
    pub certificates: Vec<&'d [u8]>,
    /// What is said.
    pub singles: Vec<Single>,
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// The bytes are none.
    Malformed,
    /// The responder refuses, by this number.
    Refused(u8),
}

impl From<Malformed> for NoAnswer {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl<'d> Answer<'d> {
    /// Reads an answer.
    pub fn parse(der: &'d [u8]) -> Result<Self, NoAnswer> {
        let mut outer = Reader::new(der).inside(tag::SEQUENCE)?;
        match outer.expect(ENUMERATED)?.content {
            [0] => {}
            [number] => return Err(NoAnswer::Refused(*number)),
            _ => return Err(NoAnswer::Malformed),
        }
        let mut bytes = outer.inside(tag::constructed(0))?.inside(tag::SEQUENCE)?;
        if bytes.expect(tag::OBJECT)?.content != BASIC {
            return Err(NoAnswer::Malformed);
        }
        let basic = bytes.expect(tag::OCTET_STRING)?.content;
        let (mut data, signed, _) = signed(basic)?;
        data.optional(tag::constructed(0))?;
        let responder = data.any()?;
        let responder = match responder.tag {
            tag if tag == tag::constructed(1) => Responder::Name(responder.content),
            tag if tag == tag::constructed(2) => {
                Responder::KeyHash(Reader::new(responder.content).expect(tag::OCTET_STRING)?.content)
            }
            _ => return Err(NoAnswer::Malformed),
        };
        time(&mut data)?;
        let mut list = data.inside(tag::SEQUENCE)?;
        let mut singles = Vec::new();
        while !list.is_empty() {
            singles.push(single(&mut list)?);
        }
        Ok(Self { responder, signed, certificates: certificates(basic)?, singles })
    }
}

/// They stand behind the signature.
fn certificates(basic: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut outer = Reader::new(basic).inside(tag::SEQUENCE)?;
    for _ in ["data", "algorithm", "signature"] {
        outer.any()?;
    }
    let mut found = Vec::new();
    if let Some(list) = outer.optional(tag::constructed(0))? {
        let mut list = Reader::new(list.content).inside(tag::SEQUENCE)?;
        while !list.is_empty() {
            found.push(list.any()?.whole);
        }
    }
    Ok(found)
}

fn single(list: &mut Reader<'_>) -> Result<Single, Malformed> {
    let mut inner = list.inside(tag::SEQUENCE)?;
    let mut id = inner.inside(tag::SEQUENCE)?;
    let is_sha1 = id.inside(tag::SEQUENCE)?.expect(tag::OBJECT)?.content == SHA1_OBJECT;
    let (name_hash, key_hash) = (id.expect(tag::OCTET_STRING)?.content, id.expect(tag::OCTET_STRING)?.content);
    let serial = id.expect(tag::INTEGER)?.content.to_vec();
    let id = match (<[u8; 20]>::try_from(name_hash), <[u8; 20]>::try_from(key_hash)) {
        (Ok(name_hash), Ok(key_hash)) if is_sha1 => Some(CertificateId { name_hash, key_hash, serial }),
        _ => None,
    };
    let status = match inner.any()?.tag & 0x1f {
        0 => Status::Good,
        1 => Status::Revoked,
        2 => Status::Unknown,
        _ => return Err(Malformed),
    };
    let this_update = time(&mut inner)?;
    let next_update = match inner.optional(tag::constructed(0))? {
        Some(next) => Some(time(&mut Reader::new(next.content))?),
        None => None,
    };
    Ok(Single { id, status, this_update, next_update })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_five_sequences_around_an_id() {
        let id = CertificateId { name_hash: [1; 20], key_hash: [2; 20], serial: vec![0x10, 3] };
        let request = id.request();
        assert_eq!(request[..6], [0x30, 67, 0x30, 65, 0x30, 63]);
        assert!(request.ends_with(&[2, 2, 0x10, 3]));
    }

    #[test]
    fn junk_and_refusals_are_no_answers() {
        assert_eq!(Answer::parse(b"junk"), Err(NoAnswer::Malformed));
        assert_eq!(Answer::parse(&[0x30, 3, 10, 1, 6]), Err(NoAnswer::Refused(6)));
        assert_eq!(Answer::parse(&[0x30, 3, 10, 1, 0]), Err(NoAnswer::Malformed));
    }
}
