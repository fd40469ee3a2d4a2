//! What a client's first message of TLS says and offers, in OpenSSL's words.

use std::fmt::Write;

use rustls::server::ClientHello;

use crate::ir::tls::cipher_table::SUITES;

/// What variables show of a client's hello.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The name of the server that is wanted.
    pub server_name: Option<Box<str>>,
    suites: Box<[u16]>,
    groups: Box<[u16]>,
    schemes: Box<[u16]>,
}

impl Hello {
    /// Keeps what is shown.
    pub fn of(hello: &ClientHello<'_>) -> Self {
        Self {
            server_name: hello.server_name().map(Box::from),
            suites: hello.cipher_suites().iter().map(|suite| u16::from(*suite)).collect(),
            groups: hello.named_groups().unwrap_or_default().iter().map(|group| u16::from(*group)).collect(),
            schemes: hello.signature_schemes().iter().map(|scheme| u16::from(*scheme)).collect(),
        }
    }

    /// `$ssl_ciphers`
    pub fn ciphers(&self) -> String {
        joined(&self.suites, suite_name)
    }

    /// `$ssl_curves`
    pub fn curves(&self) -> String {
        joined(&self.groups, group_name)
    }

    /// `$ssl_sigalgs`: OpenSSL before 4.0 has no names for them, so nginx shows numbers.
    pub fn signature_algorithms(&self) -> String {
        joined(&self.schemes, |_| None)
    }
}

fn joined(numbers: &[u16], name: impl Fn(u16) -> Option<&'static str>) -> String {
    let mut text = String::new();
    for (index, &number) in numbers.iter().enumerate() {
        if index > 0 {
            text.push(':');
        }
        match name(number) {
            Some(name) => text.push_str(name),
            None => write!(text, "0x{number:04x}").expect("a text takes everything"),
        }
    }
    text
}

/// The suites of TLS 1.3 and the two numbers that are none stand in no cipher list.
fn suite_name(number: u16) -> Option<&'static str> {
    match number {
        0x00ff => Some("TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
        0x1301 => Some("TLS_AES_128_GCM_SHA256"),
        0x1302 => Some("TLS_AES_256_GCM_SHA384"),
        0x1303 => Some("TLS_CHACHA20_POLY1305_SHA256"),
        0x1304 => Some("TLS_AES_128_CCM_SHA256"),
        0x1305 => Some("TLS_AES_128_CCM_8_SHA256"),
        0x5600 => Some("TLS_FALLBACK_SCSV"),
        _ => SUITES.iter().find(|suite| suite.number == number).map(|suite| suite.name),
    }
}

/// The name of a group for the key exchange, which `$ssl_curve` shows too.
pub fn group_name(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0013 => "prime192v1",
        0x0015 => "secp224r1",
        0x0016 => "secp256k1",
        0x0017 => "prime256v1",
        0x0018 => "secp384r1",
        0x0019 => "secp521r1",
        0x001a => "brainpoolP256r1",
        0x001b => "brainpoolP384r1",
        0x001c => "brainpoolP512r1",
        0x001d => "X25519",
        0x001e => "X448",
        0x0100 => "ffdhe2048",
        0x0101 => "ffdhe3072",
        0x0102 => "ffdhe4096",
        0x0103 => "ffdhe6144",
        0x0104 => "ffdhe8192",
        0x11eb => "SecP256r1MLKEM768",
        0x11ec => "X25519MLKEM768",
        0x11ed => "SecP384r1MLKEM1024",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names() {
        assert_eq!(joined(&[0x1302, 0xc02c, 0x0a0a, 0xff], suite_name), {
            "TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384:0x0a0a:TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
        });
        assert_eq!(joined(&[0x17, 0x2a2a], group_name), "prime256v1:0x2a2a");
        assert_eq!(joined(&[], group_name), "");
    }
}
