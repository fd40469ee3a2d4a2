//! Certificates and lists of revoked ones (RFC 5280): their parts as places in the bytes, nothing judged.

use super::der::{Malformed, Reader, tag};

/// The object identifiers of the extensions that are read.
mod extension {
    pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
    pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
    pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
    pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
    pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
    pub const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
    pub const AUTHORITY_INFORMATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
    /// Certificate policies: they limit nobody who does not ask for one.
    pub const POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
}

/// `id-at-commonName`
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `id-ad-ocsp`
const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
/// `id-kp-OCSPSigning`
pub const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
/// `id-kp-serverAuth`
pub const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// `id-kp-clientAuth`
pub const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// `rsaEncryption`
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1];

/// A key, or the like, with the way it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicKey<'d> {
    /// All of it, as a sequence.
    pub whole: &'d [u8],
    /// What is in the sequence that names the algorithm.
    pub algorithm: &'d [u8],
    /// The key itself.
    pub key: &'d [u8],
}

impl PublicKey<'_> {
    /// How many bits the modulus of an RSA key has; nothing of other keys.
    pub fn rsa_bits(&self) -> Option<usize> {
        let name = Reader::new(self.algorithm).expect(tag::OBJECT).ok()?;
        let is_rsa = name.content == RSA_ENCRYPTION;
        is_rsa.then(|| Reader::new(self.key).inside(tag::SEQUENCE)?.integer_bits()).and_then(Result::ok)
    }
}

/// Bytes with the signature over them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed<'d> {
    /// What is signed.
    pub message: &'d [u8],
    /// What is in the sequence that names the algorithm.
    pub algorithm: &'d [u8],
    /// The signature.
    pub signature: &'d [u8],
}

/// A certificate.
#[derive(Clone, PartialEq, Debug)]
pub struct Certificate<'d> {
    /// The whole of it.
    pub der: &'d [u8],
    /// 1 or 3.
    pub version: u64,
    /// The serial number's bytes.
    pub serial: &'d [u8],
    /// Who signed it, as the bytes of the name.
    pub issuer: &'d [u8],
    /// Whose it is, as the bytes of the name.
    pub subject: &'d [u8],
    /// Seconds since 1970 from which it is good.
    pub not_before: i64,
    /// Seconds since 1970 until which it is good.
    pub not_after: i64,
    /// The key.
    pub public_key: PublicKey<'d>,
    /// The signature.
    pub signed: Signed<'d>,
    /// `basicConstraints`
    pub basic_constraints: Option<BasicConstraints>,
    /// `keyUsage`: the first two bytes, the first bit being the highest.
    pub key_usage: Option<u16>,
    /// `extKeyUsage`: the object identifiers.
    pub extended_key_usage: Option<Vec<&'d [u8]>>,
    /// `subjectAltName`
    pub alt_names: Vec<AltName<'d>>,
    /// `subjectKeyIdentifier`
    pub subject_key_id: Option<&'d [u8]>,
    /// `authorityKeyIdentifier`, its key part.
    pub authority_key_id: Option<&'d [u8]>,
    /// Where its issuer says whether it is revoked, the first such URL.
    pub ocsp_responder: Option<&'d [u8]>,
    /// There is a critical extension that is not read here.
    pub has_unknown_critical: bool,
}

/// `basicConstraints`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BasicConstraints {
    /// Other certificates may be signed with it.
    pub ca: bool,
    /// So many authorities may stand between it and the last certificate.
    pub path_length: Option<u64>,
}

/// One of a certificate's names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AltName<'d> {
    /// `dNSName`
    Dns(&'d [u8]),
    /// `iPAddress`
    Ip(&'d [u8]),
    /// Any other kind.
    Other,
}

/// `digitalSignature`, `keyCertSign` and `cRLSign` in [`Certificate::key_usage`].
pub const DIGITAL_SIGNATURE: u16 = 0x8000;
/// `keyCertSign`
pub const KEY_CERT_SIGN: u16 = 0x0400;
/// `cRLSign`
pub const CRL_SIGN: u16 = 0x0200;

impl<'d> Certificate<'d> {
    /// Reads a certificate.
    pub fn parse(der: &'d [u8]) -> Result<Self, Malformed> {
        let (mut body, signed, der) = signed(der)?;
        let version = match body.optional(tag::constructed(0))? {
            Some(version) => Reader::new(version.content).small_integer()? + 1,
            None => 1,
        };
        let serial = body.expect(tag::INTEGER)?.content;
        body.expect(tag::SEQUENCE)?;
        let issuer = body.expect(tag::SEQUENCE)?.whole;
        let mut validity = body.inside(tag::SEQUENCE)?;
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = body.expect(tag::SEQUENCE)?.whole;
        let public_key = public_key(&mut body)?;
        body.optional(tag::implicit(1))?;
        body.optional(tag::implicit(2))?;
        let mut certificate = Self {
            der,
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            signed,
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            alt_names: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
            ocsp_responder: None,
            has_unknown_critical: false,
        };
        if let Some(extensions) = body.optional(tag::constructed(3))? {
            let mut list = Reader::new(extensions.content).inside(tag::SEQUENCE)?;
            while !list.is_empty() {
                certificate.take_extension(&mut list)?;
            }
        }
        Ok(certificate)
    }

    fn take_extension(&mut self, list: &mut Reader<'d>) -> Result<(), Malformed> {
        let (name, critical, value) = read_extension(list)?;
        let mut value = Reader::new(value);
        match name {
            extension::BASIC_CONSTRAINTS => {
                let mut inner = value.inside(tag::SEQUENCE)?;
                let ca = inner.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
                let path_length = if inner.is_empty() { None } else { Some(inner.small_integer()?) };
                self.basic_constraints = Some(BasicConstraints { ca, path_length });
            }
            extension::KEY_USAGE => {
                let bits = value.expect(tag::BIT_STRING)?.content;
                let byte = |index: usize| bits.get(index).copied().unwrap_or(0);
                self.key_usage = Some(u16::from_be_bytes([byte(1), byte(2)]));
            }
            extension::EXTENDED_KEY_USAGE => {
                let mut inner = value.inside(tag::SEQUENCE)?;
                let usages = self.extended_key_usage.get_or_insert_default();
                while !inner.is_empty() {
                    usages.push(inner.expect(tag::OBJECT)?.content);
                }
            }
            extension::SUBJECT_ALT_NAME => {
                let mut inner = value.inside(tag::SEQUENCE)?;
                while !inner.is_empty() {
                    let name = inner.any()?;
                    self.alt_names.push(match name.tag & 0x1f {
                        2 => AltName::Dns(name.content),
                        7 => AltName::Ip(name.content),
                        _ => AltName::Other,
                    });
                }
            }
            extension::SUBJECT_KEY_ID => self.subject_key_id = Some(value.expect(tag::OCTET_STRING)?.content),
            extension::AUTHORITY_KEY_ID => {
                let key = value.inside(tag::SEQUENCE)?.optional(tag::implicit(0))?;
                self.authority_key_id = key.map(|key| key.content);
            }
            extension::AUTHORITY_INFORMATION => {
                let mut inner = value.inside(tag::SEQUENCE)?;
                while !inner.is_empty() {
                    let mut access = inner.inside(tag::SEQUENCE)?;
                    let (method, location) = (access.expect(tag::OBJECT)?, access.any()?);
                    if method.content == OCSP && location.tag == tag::implicit(6) {
                        self.ocsp_responder.get_or_insert(location.content);
                    }
                }
            }
            extension::POLICIES => {}
            _ => self.has_unknown_critical |= critical,
        }
        Ok(())
    }

    /// Whether issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it may be used for a purpose; without a list of purposes, for any.
    pub fn is_for(&self, purpose: &[u8]) -> bool {
        self.extended_key_usage.as_ref().is_none_or(|usages| usages.contains(&purpose))
    }

    /// The common names in its subject.
    pub fn common_names(&self) -> Vec<&'d [u8]> {
        attributes(self.subject).into_iter().filter(|(name, _)| *name == COMMON_NAME).map(|(_, value)| value).collect()
    }
}

/// The attributes of a name in order: object identifier and text.
pub fn attributes(name: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    // A name that is none has no attributes.
    let Ok(mut sets) = Reader::new(name).inside(tag::SEQUENCE) else { return found };
    while let Ok(mut set) = sets.inside(tag::SET) {
        while let Ok(mut pair) = set.inside(tag::SEQUENCE) {
            if let (Ok(object), Ok(value)) = (pair.expect(tag::OBJECT), pair.any()) {
                found.push((object.content, value.content));
            }
        }
    }
    found
}

/// A list of revoked certificates.
#[derive(Clone, PartialEq, Debug)]
pub struct RevocationList<'d> {
    /// Who signed it, as the bytes of the name.
    pub issuer: &'d [u8],
    /// Seconds since 1970 from which it holds.
    pub this_update: i64,
    /// Seconds since 1970 until which it holds.
    pub next_update: Option<i64>,
    /// The serial numbers.
    pub revoked: Vec<&'d [u8]>,
    /// The signature.
    pub signed: Signed<'d>,
    /// There is a critical extension.
    pub has_unknown_critical: bool,
}

impl<'d> RevocationList<'d> {
    /// Reads a list.
    pub fn parse(der: &'d [u8]) -> Result<Self, Malformed> {
        let (mut body, signed, _) = signed(der)?;
        body.optional(tag::INTEGER)?;
        body.expect(tag::SEQUENCE)?;
        let issuer = body.expect(tag::SEQUENCE)?.whole;
        let this_update = time(&mut body)?;
        let mut ahead = body;
        let next_update = match ahead.any() {
            Ok(element) if matches!(element.tag, tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(time(&mut body)?),
            _ => None,
        };
        let mut revoked = Vec::new();
        if let Some(entries) = body.optional(tag::SEQUENCE)? {
            let mut entries = Reader::new(entries.content);
            while !entries.is_empty() {
                revoked.push(entries.inside(tag::SEQUENCE)?.expect(tag::INTEGER)?.content);
            }
        }
        let mut has_unknown_critical = false;
        if let Some(extensions) = body.optional(tag::constructed(0))? {
            let mut list = Reader::new(extensions.content).inside(tag::SEQUENCE)?;
            while !list.is_empty() {
                has_unknown_critical |= read_extension(&mut list)?.1;
            }
        }
        Ok(Self { issuer, this_update, next_update, revoked, signed, has_unknown_critical })
    }
}

/// What is signed, as a reader; the signature; and all of it.
pub(super) fn signed(der: &[u8]) -> Result<(Reader<'_>, Signed<'_>, &[u8]), Malformed> {
    let outer = Reader::new(der).expect(tag::SEQUENCE)?;
    let mut inner = Reader::new(outer.content);
    let body = inner.expect(tag::SEQUENCE)?;
    let algorithm = inner.expect(tag::SEQUENCE)?.content;
    let signature = inner.bits()?;
    Ok((Reader::new(body.content), Signed { message: body.whole, algorithm, signature }, outer.whole))
}

fn public_key<'d>(reader: &mut Reader<'d>) -> Result<PublicKey<'d>, Malformed> {
    let outer = reader.expect(tag::SEQUENCE)?;
    let mut inner = Reader::new(outer.content);
    Ok(PublicKey { whole: outer.whole, algorithm: inner.expect(tag::SEQUENCE)?.content, key: inner.bits()? })
}

/// The public half of a key as rustls shows it.
pub fn parse_public_key(der: &[u8]) -> Result<PublicKey<'_>, Malformed> {
    public_key(&mut Reader::new(der))
}

/// Name, whether it is critical, value.
fn read_extension<'d>(list: &mut Reader<'d>) -> Result<(&'d [u8], bool, &'d [u8]), Malformed> {
    let mut inner = list.inside(tag::SEQUENCE)?;
    let name = inner.expect(tag::OBJECT)?.content;
    let critical = inner.optional(tag::BOOLEAN)?.is_some_and(|flag| flag.content != [0]);
    Ok((name, critical, inner.expect(tag::OCTET_STRING)?.content))
}

/// Seconds since 1970. Both kinds of time end with seconds and `Z` (RFC 5280 section 4.1.2.5).
pub(super) fn time(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
    let element = reader.any()?;
    let (century_digits, text) = match (element.tag, element.content) {
        (tag::UTC_TIME, text) if text.len() == 13 => (0, text),
        (tag::GENERALIZED_TIME, text) if text.len() == 15 => (2, text),
        _ => return Err(Malformed),
    };
    let (digits, b"Z") = text.split_at(text.len() - 1) else { return Err(Malformed) };
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed);
    }
    let pair = |at: usize| i64::from((digits[at] - b'0') * 10 + (digits[at + 1] - b'0'));
    let at = |index: usize| pair(century_digits + index);
    let year = match (century_digits, at(0)) {
        (0, year @ 50..) => 1900 + year,
        (0, year) => 2000 + year,
        (_, year) => pair(0) * 100 + year,
    };
    Ok(((days_since_1970(year, at(2), at(4)) * 24 + at(6)) * 60 + at(8)) * 60 + at(10))
}

/// Days of the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // The year is taken to begin in March, so that a leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    365 * year + year / 4 - year / 100 + year / 400 + days_before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let parse = |tag: u8, text: &str| {
            let bytes = [&[tag, text.len() as u8], text.as_bytes()].concat();
            time(&mut Reader::new(&bytes))
        };
        assert_eq!(parse(tag::UTC_TIME, "700101000000Z"), Ok(0));
        assert_eq!(parse(tag::UTC_TIME, "240229120000Z"), Ok(1_709_208_000));
        assert_eq!(parse(tag::UTC_TIME, "500101000000Z"), Ok(-631_152_000));
        assert_eq!(parse(tag::GENERALIZED_TIME, "20500101000000Z"), Ok(2_524_608_000));
        assert_eq!(parse(tag::UTC_TIME, "7001010000Z"), Err(Malformed));
    }

    #[test]
    fn junk_is_malformed() {
        assert!(Certificate::parse(b"junk").is_err());
        assert!(Certificate::parse(&[0x30, 0x80, 0, 0]).is_err());
        assert!(RevocationList::parse(&[0x30, 0]).is_err());
    }
}
