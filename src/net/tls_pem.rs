//! What a file of PEM has to hold for TLS, and OpenSSL's words for what is wrong with it.

use crate::wire::der::{Reader, tag};
use crate::wire::pem::{self, Fault, Section};

/// A kind of thing that files of PEM hold.
pub struct Kind {
    first: Reading,
    later: Reading,
    structure: Structure,
}

/// How OpenSSL reads one of them.
struct Reading {
    call: &'static str,
    /// The labels that it takes; the last one is what it misses where there is none.
    labels: &'static [&'static str],
    /// Whether notes on trust may stand behind it.
    has_notes: bool,
}

/// What OpenSSL calls a structure of DER, the first element in it, and what that is.
struct Structure(&'static str, &'static str, &'static str);

const CERTIFICATE: Reading =
    Reading { call: "PEM_read_bio_X509", labels: &["X509 CERTIFICATE", "CERTIFICATE"], has_notes: false };
const TRUSTED: Reading = Reading {
    call: "PEM_read_bio_X509_AUX",
    labels: &["X509 CERTIFICATE", "CERTIFICATE", "TRUSTED CERTIFICATE"],
    has_notes: true,
};
const REVOCATION_LIST: Reading = Reading { call: "PEM_read_bio_X509_CRL", labels: &["X509 CRL"], has_notes: false };

/// A certificate, and the chain behind it.
pub const CHAIN: Kind =
    Kind { first: TRUSTED, later: CERTIFICATE, structure: Structure("X509", "X509_CINF", "cert_info") };
/// Certificates of authorities.
pub const AUTHORITIES: Kind = Kind { later: TRUSTED, ..CHAIN };
/// Lists of revoked certificates.
pub const REVOCATION_LISTS: Kind =
    Kind { first: REVOCATION_LIST, later: REVOCATION_LIST, structure: Structure("X509_CRL", "X509_CRL_INFO", "crl") };

/// Why things are none.
#[derive(Debug)]
pub struct Refused {
    /// What of OpenSSL's refused.
    pub call: &'static str,
    /// OpenSSL's words; nothing where it has none.
    pub reason: String,
}

/// All things of a kind, at least one, without notes on trust.
pub fn read(text: &[u8], kind: &Kind) -> Result<Vec<Vec<u8>>, Refused> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for section in pem::sections(text) {
        let reading = if found.is_empty() { &kind.first } else { &kind.later };
        let refused = |reason: String| Refused { call: reading.call, reason };
        let section = section.map_err(|fault| refused(words(fault).to_owned()))?;
        if reading.labels.iter().any(|label| label.as_bytes() == section.label) {
            found.push(checked(section, reading, &kind.structure).map_err(refused)?);
        }
    }
    match (&*found, kind.first.labels) {
        ([], [.., expected]) => {
            let reason = format!("error:0480006C:PEM routines::no start line:Expecting: {expected}");
            Err(Refused { call: kind.first.call, reason })
        }
        _ => Ok(found),
    }
}

fn checked(section: Section<'_>, reading: &Reading, structure: &Structure) -> Result<Vec<u8>, String> {
    if !is_plain(&section) {
        return Err(NOT_PROC_TYPE.to_owned());
    }
    let in_pem = |reason: String| format!("{reason} error:0488000D:PEM routines::ASN1 lib");
    let mut data = section.data;
    let notes = data.split_off(structure.length(&data).map_err(in_pem)?);
    if reading.has_notes && !notes.is_empty() {
        outer_length(&notes, "X509_CERT_AUX").map_err(in_pem)?;
    }
    Ok(data)
}

/// Whether a section has no header, or only the one that tells of a pass phrase.
fn is_plain(section: &Section<'_>) -> bool {
    matches!(&*section.header, b"" | b"\n") || section.header.starts_with(b"Proc-Type:")
}

/// OpenSSL's words for a header of another kind.
pub const NOT_PROC_TYPE: &str = "error:0480006B:PEM routines::not proc type";

/// OpenSSL's words for a fault of the text; it has none for a section that holds nothing.
pub const fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::BadEndLine => "error:04800066:PEM routines::bad end line",
        Fault::BadBase64 => "error:04800064:PEM routines::bad base64 decode",
        Fault::Empty => "",
    }
}

impl Structure {
    /// How many of the bytes are the structure; else OpenSSL's words for what is wrong with its beginning.
    fn length(&self, der: &[u8]) -> Result<usize, String> {
        let Self(outer, inner, field) = self;
        let length = outer_length(der, outer)?;
        let content = Reader::new(der).inside(tag::SEQUENCE).map(Reader::rest).unwrap_or_default();
        match outer_length(content, inner) {
            Ok(_) => Ok(length),
            Err(reason) => Err(format!("{reason} {NESTED}:Field={field}, Type={outer}")),
        }
    }
}

/// OpenSSL's words for a fault further inside.
pub const NESTED: &str = "error:0688010A:asn1 encoding routines::nested asn1 error";

/// How long the structure at the beginning is; else OpenSSL's words, in which it has this name.
pub fn outer_length(der: &[u8], name: &str) -> Result<usize, String> {
    if let Ok(element) = Reader::new(der).expect(tag::SEQUENCE) {
        return Ok(element.whole.len());
    }
    let reason = match der.first() {
        Some(&tag::SEQUENCE) => {
            "error:0680009B:asn1 encoding routines::too long error:06800066:asn1 encoding routines::bad object header"
        }
        _ => "error:068000A8:asn1 encoding routines::wrong tag",
    };
    Err(format!("{reason} {NESTED}:Type={name}"))
}
