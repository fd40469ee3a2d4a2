//! The cipher suites of OpenSSL 3.0 below TLS 1.3, in its own order of preference.
//!
//! evenkeel negotiates six of them. The others are here because a `ssl_ciphers` that names only them is right in
//! nginx, while one that names nothing known is an error.

/// The version of the protocol a suite came with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// SSL 3.0
    Ssl3,
    /// TLS 1.0
    Tls10,
    /// TLS 1.2
    Tls12,
}

/// How the two sides agree on a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are OpenSSL's")]
pub enum KeyExchange {
    Rsa,
    Dhe,
    Ecdhe,
    Psk,
    RsaPsk,
    DhePsk,
    EcdhePsk,
    Srp,
}

/// How the server proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are OpenSSL's")]
pub enum Authentication {
    Rsa,
    Dss,
    Ecdsa,
    None,
    Psk,
    Srp,
}

/// What hides the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are OpenSSL's")]
pub enum Encryption {
    AesGcm,
    AesCcm,
    AesCcm8,
    AesCbc,
    Chacha20,
    AriaGcm,
    Camellia,
    Null,
}

/// What guards the data against change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are OpenSSL's")]
pub enum Mac {
    Aead,
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

/// One cipher suite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Suite {
    /// Its number in a handshake.
    pub number: u16,
    /// OpenSSL's name for it.
    pub name: &'static str,
    /// The version it came with.
    pub protocol: Protocol,
    /// How the key is agreed.
    pub key_exchange: KeyExchange,
    /// How the server proves who it is.
    pub authentication: Authentication,
    /// What hides the data.
    pub encryption: Encryption,
    /// The strength of the key, in bits.
    pub key_bits: u16,
    /// What guards the data.
    pub mac: Mac,
}

#[allow(clippy::too_many_arguments, reason = "a row is one line of the table")]
const fn row(
    number: u16,
    name: &'static str,
    protocol: Protocol,
    key_exchange: KeyExchange,
    authentication: Authentication,
    encryption: Encryption,
    key_bits: u16,
    mac: Mac,
) -> Suite {
    Suite { number, name, protocol, key_exchange, authentication, encryption, key_bits, mac }
}

/// All suites, the preferred ones first.
#[rustfmt::skip]
pub const SUITES: &[Suite] = &[
    row(0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesGcm, 256, Mac::Aead),
    row(0xC030, "ECDHE-RSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row(0x00A3, "DHE-DSS-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesGcm, 256, Mac::Aead),
    row(0x009F, "DHE-RSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row(0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Chacha20, 256, Mac::Aead),
    row(0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row(0xCCAA, "DHE-RSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row(0xC0AF, "ECDHE-ECDSA-AES256-CCM8", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm8, 256, Mac::Aead),
    row(0xC0AD, "ECDHE-ECDSA-AES256-CCM", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm, 256, Mac::Aead),
    row(0xC0A3, "DHE-RSA-AES256-CCM8", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm8, 256, Mac::Aead),
    row(0xC09F, "DHE-RSA-AES256-CCM", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm, 256, Mac::Aead),
    row(0xC05D, "ECDHE-ECDSA-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AriaGcm, 256, Mac::Aead),
    row(0xC061, "ECDHE-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row(0xC057, "DHE-DSS-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AriaGcm, 256, Mac::Aead),
    row(0xC053, "DHE-RSA-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row(0x00A7, "ADH-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesGcm, 256, Mac::Aead),
    row(0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC02F, "ECDHE-RSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row(0x00A2, "DHE-DSS-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesGcm, 128, Mac::Aead),
    row(0x009E, "DHE-RSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC0AE, "ECDHE-ECDSA-AES128-CCM8", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm8, 128, Mac::Aead),
    row(0xC0AC, "ECDHE-ECDSA-AES128-CCM", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm, 128, Mac::Aead),
    row(0xC0A2, "DHE-RSA-AES128-CCM8", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm8, 128, Mac::Aead),
    row(0xC09E, "DHE-RSA-AES128-CCM", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm, 128, Mac::Aead),
    row(0xC05C, "ECDHE-ECDSA-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AriaGcm, 128, Mac::Aead),
    row(0xC060, "ECDHE-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row(0xC056, "DHE-DSS-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AriaGcm, 128, Mac::Aead),
    row(0xC052, "DHE-RSA-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row(0x00A6, "ADH-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC024, "ECDHE-ECDSA-AES256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 256, Mac::Sha384),
    row(0xC028, "ECDHE-RSA-AES256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha384),
    row(0x006B, "DHE-RSA-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha256),
    row(0x006A, "DHE-DSS-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha256),
    row(0xC073, "ECDHE-ECDSA-CAMELLIA256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Camellia, 256, Mac::Sha384),
    row(0xC077, "ECDHE-RSA-CAMELLIA256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha384),
    row(0x00C4, "DHE-RSA-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha256),
    row(0x00C3, "DHE-DSS-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 256, Mac::Sha256),
    row(0x006D, "ADH-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha256),
    row(0x00C5, "ADH-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 256, Mac::Sha256),
    row(0xC023, "ECDHE-ECDSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 128, Mac::Sha256),
    row(0xC027, "ECDHE-RSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x0067, "DHE-RSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x0040, "DHE-DSS-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha256),
    row(0xC072, "ECDHE-ECDSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC076, "ECDHE-RSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row(0x00BE, "DHE-RSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row(0x00BD, "DHE-DSS-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 128, Mac::Sha256),
    row(0x006C, "ADH-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x00BF, "ADH-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC00A, "ECDHE-ECDSA-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC014, "ECDHE-RSA-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0039, "DHE-RSA-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0038, "DHE-DSS-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0088, "DHE-RSA-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha1),
    row(0x0087, "DHE-DSS-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 256, Mac::Sha1),
    row(0xC019, "AECDH-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x003A, "ADH-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0089, "ADH-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 256, Mac::Sha1),
    row(0xC009, "ECDHE-ECDSA-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC013, "ECDHE-RSA-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0033, "DHE-RSA-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0032, "DHE-DSS-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0045, "DHE-RSA-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha1),
    row(0x0044, "DHE-DSS-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 128, Mac::Sha1),
    row(0xC018, "AECDH-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0034, "ADH-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0046, "ADH-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 128, Mac::Sha1),
    row(0x00AD, "RSA-PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row(0x00AB, "DHE-PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesGcm, 256, Mac::Aead),
    row(0xCCAE, "RSA-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row(0xCCAD, "DHE-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row(0xCCAC, "ECDHE-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row(0xC0AB, "DHE-PSK-AES256-CCM8", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm8, 256, Mac::Aead),
    row(0xC0A7, "DHE-PSK-AES256-CCM", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm, 256, Mac::Aead),
    row(0xC06F, "RSA-PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row(0xC06D, "DHE-PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AriaGcm, 256, Mac::Aead),
    row(0x009D, "AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row(0xC0A1, "AES256-CCM8", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm8, 256, Mac::Aead),
    row(0xC09D, "AES256-CCM", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm, 256, Mac::Aead),
    row(0xC051, "ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row(0x00A9, "PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesGcm, 256, Mac::Aead),
    row(0xCCAB, "PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row(0xC0A9, "PSK-AES256-CCM8", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm8, 256, Mac::Aead),
    row(0xC0A5, "PSK-AES256-CCM", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm, 256, Mac::Aead),
    row(0xC06B, "PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AriaGcm, 256, Mac::Aead),
    row(0x00AC, "RSA-PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row(0x00AA, "DHE-PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC0AA, "DHE-PSK-AES128-CCM8", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm8, 128, Mac::Aead),
    row(0xC0A6, "DHE-PSK-AES128-CCM", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm, 128, Mac::Aead),
    row(0xC06E, "RSA-PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row(0xC06C, "DHE-PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AriaGcm, 128, Mac::Aead),
    row(0x009C, "AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC0A0, "AES128-CCM8", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm8, 128, Mac::Aead),
    row(0xC09C, "AES128-CCM", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm, 128, Mac::Aead),
    row(0xC050, "ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row(0x00A8, "PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesGcm, 128, Mac::Aead),
    row(0xC0A8, "PSK-AES128-CCM8", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm8, 128, Mac::Aead),
    row(0xC0A4, "PSK-AES128-CCM", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm, 128, Mac::Aead),
    row(0xC06A, "PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AriaGcm, 128, Mac::Aead),
    row(0x003D, "AES256-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha256),
    row(0x00C0, "CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha256),
    row(0x003C, "AES128-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x00BA, "CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC038, "ECDHE-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row(0xC036, "ECDHE-PSK-AES256-CBC-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC022, "SRP-DSS-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC021, "SRP-RSA-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC020, "SRP-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Srp, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x00B7, "RSA-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha384),
    row(0x00B3, "DHE-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row(0x0095, "RSA-PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0091, "DHE-PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC09B, "ECDHE-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row(0xC099, "RSA-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha384),
    row(0xC097, "DHE-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row(0x0035, "AES256-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row(0x0084, "CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha1),
    row(0x00AF, "PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row(0x008D, "PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row(0xC095, "PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row(0xC037, "ECDHE-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row(0xC035, "ECDHE-PSK-AES128-CBC-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC01F, "SRP-DSS-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC01E, "SRP-RSA-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC01D, "SRP-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Srp, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x00B6, "RSA-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x00B2, "DHE-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x0094, "RSA-PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0090, "DHE-PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC09A, "ECDHE-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC098, "RSA-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC096, "DHE-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row(0x002F, "AES128-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row(0x0041, "CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha1),
    row(0x00AE, "PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row(0x008C, "PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row(0xC094, "PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row(0xC006, "ECDHE-ECDSA-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Null, 0, Mac::Sha1),
    row(0xC010, "ECDHE-RSA-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row(0xC015, "AECDH-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::Null, 0, Mac::Sha1),
    row(0x003B, "NULL-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Sha256),
    row(0xC03B, "ECDHE-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row(0xC03A, "ECDHE-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row(0xC039, "ECDHE-PSK-NULL-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
    row(0x00B9, "RSA-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha384),
    row(0x00B8, "RSA-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha256),
    row(0x00B5, "DHE-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row(0x00B4, "DHE-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row(0x002E, "RSA-PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row(0x002D, "DHE-PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
    row(0x0002, "NULL-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row(0x0001, "NULL-MD5", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Md5),
    row(0x00B1, "PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row(0x00B0, "PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row(0x002C, "PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
];
