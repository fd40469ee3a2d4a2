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

const fn row(
    name: &'static str,
    protocol: Protocol,
    key_exchange: KeyExchange,
    authentication: Authentication,
    encryption: Encryption,
    key_bits: u16,
    mac: Mac,
) -> Suite {
    Suite { name, protocol, key_exchange, authentication, encryption, key_bits, mac }
}

/// All suites, the preferred ones first.
#[rustfmt::skip]
pub const SUITES: &[Suite] = &[
    row("ECDHE-ECDSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesGcm, 256, Mac::Aead),
    row("ECDHE-RSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row("DHE-DSS-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesGcm, 256, Mac::Aead),
    row("DHE-RSA-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row("ECDHE-ECDSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Chacha20, 256, Mac::Aead),
    row("ECDHE-RSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row("DHE-RSA-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row("ECDHE-ECDSA-AES256-CCM8", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm8, 256, Mac::Aead),
    row("ECDHE-ECDSA-AES256-CCM", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm, 256, Mac::Aead),
    row("DHE-RSA-AES256-CCM8", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm8, 256, Mac::Aead),
    row("DHE-RSA-AES256-CCM", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm, 256, Mac::Aead),
    row("ECDHE-ECDSA-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AriaGcm, 256, Mac::Aead),
    row("ECDHE-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row("DHE-DSS-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AriaGcm, 256, Mac::Aead),
    row("DHE-RSA-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row("ADH-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesGcm, 256, Mac::Aead),
    row("ECDHE-ECDSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesGcm, 128, Mac::Aead),
    row("ECDHE-RSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row("DHE-DSS-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesGcm, 128, Mac::Aead),
    row("DHE-RSA-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row("ECDHE-ECDSA-AES128-CCM8", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm8, 128, Mac::Aead),
    row("ECDHE-ECDSA-AES128-CCM", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCcm, 128, Mac::Aead),
    row("DHE-RSA-AES128-CCM8", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm8, 128, Mac::Aead),
    row("DHE-RSA-AES128-CCM", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCcm, 128, Mac::Aead),
    row("ECDHE-ECDSA-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AriaGcm, 128, Mac::Aead),
    row("ECDHE-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row("DHE-DSS-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AriaGcm, 128, Mac::Aead),
    row("DHE-RSA-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row("ADH-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesGcm, 128, Mac::Aead),
    row("ECDHE-ECDSA-AES256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 256, Mac::Sha384),
    row("ECDHE-RSA-AES256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha384),
    row("DHE-RSA-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha256),
    row("DHE-DSS-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha256),
    row("ECDHE-ECDSA-CAMELLIA256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Camellia, 256, Mac::Sha384),
    row("ECDHE-RSA-CAMELLIA256-SHA384", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha384),
    row("DHE-RSA-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha256),
    row("DHE-DSS-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 256, Mac::Sha256),
    row("ADH-AES256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha256),
    row("ADH-CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 256, Mac::Sha256),
    row("ECDHE-ECDSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 128, Mac::Sha256),
    row("ECDHE-RSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row("DHE-RSA-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row("DHE-DSS-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha256),
    row("ECDHE-ECDSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Camellia, 128, Mac::Sha256),
    row("ECDHE-RSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row("DHE-RSA-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row("DHE-DSS-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 128, Mac::Sha256),
    row("ADH-AES128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha256),
    row("ADH-CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 128, Mac::Sha256),
    row("ECDHE-ECDSA-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("ECDHE-RSA-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("DHE-RSA-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("DHE-DSS-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha1),
    row("DHE-RSA-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha1),
    row("DHE-DSS-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 256, Mac::Sha1),
    row("AECDH-AES256-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha1),
    row("ADH-AES256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 256, Mac::Sha1),
    row("ADH-CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 256, Mac::Sha1),
    row("ECDHE-ECDSA-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("ECDHE-RSA-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("DHE-RSA-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("DHE-DSS-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha1),
    row("DHE-RSA-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha1),
    row("DHE-DSS-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::Dss, Encryption::Camellia, 128, Mac::Sha1),
    row("AECDH-AES128-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha1),
    row("ADH-AES128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::AesCbc, 128, Mac::Sha1),
    row("ADH-CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Dhe, Authentication::None, Encryption::Camellia, 128, Mac::Sha1),
    row("RSA-PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row("DHE-PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesGcm, 256, Mac::Aead),
    row("RSA-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Chacha20, 256, Mac::Aead),
    row("DHE-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row("ECDHE-PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row("DHE-PSK-AES256-CCM8", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm8, 256, Mac::Aead),
    row("DHE-PSK-AES256-CCM", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm, 256, Mac::Aead),
    row("RSA-PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row("DHE-PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AriaGcm, 256, Mac::Aead),
    row("AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesGcm, 256, Mac::Aead),
    row("AES256-CCM8", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm8, 256, Mac::Aead),
    row("AES256-CCM", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm, 256, Mac::Aead),
    row("ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AriaGcm, 256, Mac::Aead),
    row("PSK-AES256-GCM-SHA384", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesGcm, 256, Mac::Aead),
    row("PSK-CHACHA20-POLY1305", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::Chacha20, 256, Mac::Aead),
    row("PSK-AES256-CCM8", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm8, 256, Mac::Aead),
    row("PSK-AES256-CCM", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm, 256, Mac::Aead),
    row("PSK-ARIA256-GCM-SHA384", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AriaGcm, 256, Mac::Aead),
    row("RSA-PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row("DHE-PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesGcm, 128, Mac::Aead),
    row("DHE-PSK-AES128-CCM8", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm8, 128, Mac::Aead),
    row("DHE-PSK-AES128-CCM", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCcm, 128, Mac::Aead),
    row("RSA-PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row("DHE-PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::DhePsk, Authentication::Psk, Encryption::AriaGcm, 128, Mac::Aead),
    row("AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesGcm, 128, Mac::Aead),
    row("AES128-CCM8", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm8, 128, Mac::Aead),
    row("AES128-CCM", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCcm, 128, Mac::Aead),
    row("ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AriaGcm, 128, Mac::Aead),
    row("PSK-AES128-GCM-SHA256", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesGcm, 128, Mac::Aead),
    row("PSK-AES128-CCM8", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm8, 128, Mac::Aead),
    row("PSK-AES128-CCM", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AesCcm, 128, Mac::Aead),
    row("PSK-ARIA128-GCM-SHA256", Protocol::Tls12, KeyExchange::Psk, Authentication::Psk, Encryption::AriaGcm, 128, Mac::Aead),
    row("AES256-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha256),
    row("CAMELLIA256-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha256),
    row("AES128-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row("CAMELLIA128-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row("ECDHE-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row("ECDHE-PSK-AES256-CBC-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row("SRP-DSS-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Dss, Encryption::AesCbc, 256, Mac::Sha1),
    row("SRP-RSA-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("SRP-AES-256-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Srp, Encryption::AesCbc, 256, Mac::Sha1),
    row("RSA-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha384),
    row("DHE-PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row("RSA-PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("DHE-PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row("ECDHE-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row("RSA-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha384),
    row("DHE-PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row("AES256-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 256, Mac::Sha1),
    row("CAMELLIA256-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 256, Mac::Sha1),
    row("PSK-AES256-CBC-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha384),
    row("PSK-AES256-CBC-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 256, Mac::Sha1),
    row("PSK-CAMELLIA256-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Camellia, 256, Mac::Sha384),
    row("ECDHE-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row("ECDHE-PSK-AES128-CBC-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row("SRP-DSS-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Dss, Encryption::AesCbc, 128, Mac::Sha1),
    row("SRP-RSA-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("SRP-AES-128-CBC-SHA", Protocol::Ssl3, KeyExchange::Srp, Authentication::Srp, Encryption::AesCbc, 128, Mac::Sha1),
    row("RSA-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha256),
    row("DHE-PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row("RSA-PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("DHE-PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row("ECDHE-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row("RSA-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha256),
    row("DHE-PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row("AES128-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::AesCbc, 128, Mac::Sha1),
    row("CAMELLIA128-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Camellia, 128, Mac::Sha1),
    row("PSK-AES128-CBC-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha256),
    row("PSK-AES128-CBC-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::AesCbc, 128, Mac::Sha1),
    row("PSK-CAMELLIA128-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Camellia, 128, Mac::Sha256),
    row("ECDHE-ECDSA-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Ecdsa, Encryption::Null, 0, Mac::Sha1),
    row("ECDHE-RSA-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row("AECDH-NULL-SHA", Protocol::Tls10, KeyExchange::Ecdhe, Authentication::None, Encryption::Null, 0, Mac::Sha1),
    row("NULL-SHA256", Protocol::Tls12, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Sha256),
    row("ECDHE-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row("ECDHE-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row("ECDHE-PSK-NULL-SHA", Protocol::Tls10, KeyExchange::EcdhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
    row("RSA-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha384),
    row("RSA-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha256),
    row("DHE-PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row("DHE-PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row("RSA-PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::RsaPsk, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row("DHE-PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::DhePsk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
    row("NULL-SHA", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Sha1),
    row("NULL-MD5", Protocol::Ssl3, KeyExchange::Rsa, Authentication::Rsa, Encryption::Null, 0, Mac::Md5),
    row("PSK-NULL-SHA384", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha384),
    row("PSK-NULL-SHA256", Protocol::Tls10, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha256),
    row("PSK-NULL-SHA", Protocol::Ssl3, KeyExchange::Psk, Authentication::Psk, Encryption::Null, 0, Mac::Sha1),
];
