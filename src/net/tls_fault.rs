//! What can be wrong with the files that TLS is made of, in OpenSSL's words as nginx shows them.

use std::fmt;
use std::io;

use super::ocsp::BadUrl;
use super::tls_pem::{NOT_PROC_TYPE, Refused};
use crate::ir::value::Text;
use crate::primitives::os_error;

/// Why TLS cannot be set up, in nginx's words: the administrator's fault in every case.
#[derive(Debug)]
pub enum TlsFault {
    /// A certificate file cannot be read.
    CertificateUnreadable(Text, io::Error),
    /// A certificate file holds no certificate, or something among them is none.
    NoCertificate(Text, Refused),
    /// A key file cannot be read.
    KeyUnreadable(Text, io::Error),
    /// A key file holds no key, and OpenSSL's words for what is wrong with one.
    NoKey(Text, String),
    /// The key is written in a way that OpenSSL does not take.
    KeyHeader(Text),
    /// The key is locked by a pass phrase, and none is known; true for PEM's own way of locking one.
    NoPassword(Text, bool),
    /// The key does not open with any of the pass phrases; true for PEM's own way of locking one.
    WrongPassword(Text, bool),
    /// The key is locked in a way that is not known here.
    UnknownLock(Text),
    /// A store of OpenSSL holds no key, and OpenSSL's words for why.
    Store(Text, String),
    /// A list of revoked certificates cannot be read.
    RevocationListUnreadable(Text, io::Error),
    /// A file holds no list of revoked certificates, or something among them is none.
    NoRevocationList(Text, Refused),
    /// The key is of a kind that cannot sign.
    KeyUnusable(Text, rustls::Error),
    /// The certificate's key is shorter than OpenSSL takes, and than anything here signs with.
    KeyTooSmall(Text),
    /// The key belongs to another certificate.
    KeyMismatch(Text),
    /// The certificate is none.
    CertificateMalformed(Text, rustls::Error),
    /// The parameters for Diffie-Hellman cannot be read.
    DhUnreadable(Text, io::Error),
    /// The file holds no parameters for Diffie-Hellman, and OpenSSL's words for why.
    NoDhParameters(Text, &'static str),
    /// The parameters for Diffie-Hellman are below the level of security.
    DhTooSmall(Text),
    /// A key for tickets cannot be read.
    TicketKeyUnreadable(Text, io::Error),
    /// A key for tickets is too long or too short.
    TicketKeyLength(Text),
    /// An answer of an OCSP responder cannot be read.
    StapleUnreadable(Text, io::Error),
    /// The file holds no answer that says anything of a certificate.
    NoStaple(Text),
    /// Responders cannot be asked at this URL.
    BadResponder(BadUrl),
    /// The settings do not fit together.
    Settings(rustls::Error),
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateUnreadable(path, fault) => {
                let reason = unreadable(path, fault);
                write!(f, "cannot load certificate \"{path}\": BIO_new_file() failed (SSL: {reason})")
            }
            Self::NoCertificate(path, Refused { call, reason }) => {
                write!(f, "cannot load certificate \"{path}\": {call}() failed{}", in_brackets(reason))
            }
            Self::KeyUnreadable(path, fault) => {
                let reason = unreadable(path, fault);
                write!(f, "cannot load certificate key \"{path}\": BIO_new_file() failed (SSL: {reason})")
            }
            Self::NoKey(path, reason) => write!(
                f,
                "cannot load certificate key \"{path}\": PEM_read_bio_PrivateKey() failed \
                 (SSL: error:1E08010C:DECODER routines::unsupported:No supported data to decode. Input type: PEM{reason})"
            ),
            Self::KeyHeader(path) => write!(
                f,
                "cannot load certificate key \"{path}\": PEM_read_bio_PrivateKey() failed (SSL: {NOT_PROC_TYPE})"
            ),
            Self::NoPassword(path, _) => write!(
                f,
                "cannot load certificate key \"{path}\": PEM_read_bio_PrivateKey() failed \
                 (SSL: error:07880109:common libcrypto routines::interrupted or cancelled \
                 error:04800068:PEM routines::bad password read)"
            ),
            Self::WrongPassword(path, false) => write!(
                f,
                "cannot load certificate key \"{path}\": PEM_read_bio_PrivateKey() failed \
                 (SSL: error:1C800064:Provider routines::bad decrypt \
                 error:11800074:PKCS12 routines::pkcs12 cipherfinal error:maybe wrong password)"
            ),
            Self::WrongPassword(path, true) => write!(
                f,
                "cannot load certificate key \"{path}\": PEM_read_bio_PrivateKey() failed \
                 (SSL: error:1C800064:Provider routines::bad decrypt error:04800065:PEM routines::bad decrypt)"
            ),
            Self::UnknownLock(path) => write!(
                f,
                "cannot load certificate key \"{path}\": it is encrypted in a way that evenkeel does not know; \
                 \"openssl pkcs8 -topk8 -v2 aes256\" changes that"
            ),
            Self::Store(path, reason) => write!(f, "cannot load certificate key \"{path}\": {reason}"),
            Self::RevocationListUnreadable(path, fault) => {
                let reason = unreadable(path, fault);
                write!(f, "cannot load CRL \"{path}\": BIO_new_file() failed (SSL: {reason})")
            }
            Self::NoRevocationList(path, Refused { call, reason }) => {
                write!(f, "cannot load CRL \"{path}\": {call}() failed{}", in_brackets(reason))
            }
            Self::KeyUnusable(path, fault) => write!(f, "cannot load certificate key \"{path}\": {fault}"),
            Self::KeyTooSmall(path) => write!(
                f,
                "SSL_CTX_use_certificate(\"{path}\") failed (SSL: error:0A00018F:SSL routines::ee key too small)"
            ),
            Self::KeyMismatch(path) => write!(
                f,
                "SSL_CTX_use_PrivateKey(\"{path}\") failed \
                 (SSL: error:05800074:x509 certificate routines::key values mismatch)"
            ),
            Self::CertificateMalformed(path, fault) => write!(f, "cannot load certificate \"{path}\": {fault}"),
            other => other.write_beside(f),
        }
    }
}

impl TlsFault {
    /// Whether nginx names the place at which it found this out.
    pub fn has_place(&self) -> bool {
        matches!(self, Self::TicketKeyUnreadable(..) | Self::TicketKeyLength(_))
    }

    /// What is neither certificate nor key.
    fn write_beside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DhUnreadable(path, fault) => {
                write!(f, "BIO_new_file(\"{path}\") failed (SSL: {})", unreadable(path, fault))
            }
            Self::NoDhParameters(path, reason) => {
                write!(f, "PEM_read_bio_DHparams(\"{path}\") failed{}", in_brackets(reason))
            }
            Self::DhTooSmall(path) => {
                write!(f, "SSL_CTX_set_tmp_dh(\"{path}\") failed (SSL: error:0A00018A:SSL routines::dh key too small)")
            }
            Self::TicketKeyUnreadable(path, fault) => {
                write!(f, "open() \"{path}\" failed{}", os_error::suffix(fault))
            }
            Self::TicketKeyLength(path) => write!(f, "\"{path}\" must be 48 or 80 bytes"),
            Self::StapleUnreadable(path, fault) => {
                write!(f, "BIO_new_file(\"{path}\", \"rb\") failed (SSL: {})", unreadable(path, fault))
            }
            Self::NoStaple(path) => write!(f, "d2i_OCSP_RESPONSE_bio(\"{path}\") failed"),
            Self::BadResponder(fault) => write!(f, "{fault} in \"ssl_ocsp_responder\""),
            Self::Settings(fault) => write!(f, "SSL_CTX_new() failed (SSL: {fault})"),
            // All others are written above.
            _ => Ok(()),
        }
    }
}

/// OpenSSL's words behind the call that failed, if it has any.
fn in_brackets(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" (SSL: {reason})") }
}

/// OpenSSL's two lines about a file that cannot be opened.
fn unreadable(path: &Text, fault: &io::Error) -> String {
    let system = system(fault, format_args!("fopen({path}, r)"));
    match fault.kind() {
        io::ErrorKind::NotFound => format!("{system} error:10000080:BIO routines::no such file"),
        _ => format!("{system} error:10080002:BIO routines::system lib"),
    }
}

/// OpenSSL's line about a call that failed.
pub fn system(fault: &io::Error, call: fmt::Arguments) -> String {
    let number = fault.raw_os_error().unwrap_or(0);
    let words = fault.to_string();
    let words = words.split(" (os error").next().unwrap_or(&words);
    format!("error:{:08X}:system library::{words}:calling {call}", 0x8000_0000_u32 | number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_certificate_is_named_as_openssl_names_it() {
        let fault = TlsFault::CertificateUnreadable(Text::from("/c.crt"), io::Error::from_raw_os_error(2));
        assert_eq!(
            fault.to_string(),
            "cannot load certificate \"/c.crt\": BIO_new_file() failed (SSL: error:80000002:system library::\
             No such file or directory:calling fopen(/c.crt, r) error:10000080:BIO routines::no such file)"
        );
    }
}
