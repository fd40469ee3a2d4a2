//! What the `ssl_…` directives of a server say, for `http` and `stream` alike.

pub mod cipher_table;
pub mod ciphers;
pub mod conf_command;

use self::cipher_table::{Authentication, Encryption, KeyExchange, SUITES, Suite};
use std::rc::Rc;

use super::value::{Template, Text, Zone, below};

/// Why what is written has no effect.
pub const OLD_VERSION: &str = "versions before TLS 1.2 are not negotiated";
/// The same.
pub const WEAK_SUITE: &str = "only forward secret suites with authenticated encryption are negotiated";
/// The same.
pub const OTHER_GROUP: &str = "rustls has no such group";
const NO_CHOICE: &str = "rustls has no such choice";

/// Words without effect, each with its reason.
pub type WithoutEffect = Vec<(String, &'static str)>;

/// TLS towards clients.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ServerTls {
    /// Certificate chains and their keys, as paths.
    pub certificates: Vec<Pair>,
    /// Chains and keys that each handshake reads anew, because their names have variables; in the place of `certificates`.
    pub variable_certificates: Vec<VariablePair>,
    /// `ssl_certificate_cache`
    pub certificate_cache: Option<Rc<CertificateCache>>,
    /// `ssl_protocols`, as far as evenkeel negotiates them.
    pub protocols: Protocols,
    /// `ssl_ciphers`, as far as evenkeel negotiates them: OpenSSL's names, the preferred first.
    pub ciphers: Vec<&'static str>,
    /// The suites of TLS 1.3, as `ssl_conf_command Ciphersuites` names them; empty for all.
    pub ciphersuites: Vec<&'static str>,
    /// `ssl_prefer_server_ciphers`
    pub prefer_server_ciphers: bool,
    /// `ssl_ecdh_curve`, as far as evenkeel negotiates them; empty for its own choice.
    pub curves: Vec<Curve>,
    /// `ssl_session_tickets`
    pub session_tickets: bool,
    /// `ssl_session_timeout`
    pub session_timeout_s: u32,
    /// `ssl_session_cache`
    pub session_cache: SessionCache,
    /// `ssl_early_data`
    pub early_data: bool,
    /// `ssl_buffer_size`
    pub buffer_size: usize,
    /// `ssl_reject_handshake`
    pub reject_handshake: bool,
    /// The full path of `ssl_password_file`.
    pub passwords: Option<Text>,
    /// `ssl_verify_client`
    pub verify_client: VerifyClient,
    /// `ssl_verify_depth`
    pub verify_depth: usize,
    /// The full path of `ssl_client_certificate`.
    pub client_certificate: Option<Text>,
    /// The full path of `ssl_trusted_certificate`.
    pub trusted_certificate: Option<Text>,
    /// The full path of `ssl_crl`.
    pub revocation_lists: Option<Text>,
    /// The full paths of `ssl_session_ticket_key`; the first one seals, all open.
    pub ticket_keys: Vec<Text>,
    /// The full path of `ssl_stapling_file`, where `ssl_stapling` is on.
    pub staple: Option<Text>,
    /// `ssl_stapling` without a file.
    pub stapling: Option<Stapling>,
    /// `ssl_ocsp`
    pub ocsp: Option<Ocsp>,
    /// `ssl_certificate_compression`
    pub certificate_compression: bool,
    /// There is a `ssl_ech_file`, which has no effect.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wants_ech: bool,
    /// The full path of `ssl_dhparam`: it has to be readable, and is not used.
    pub dhparam: Option<Text>,
    /// The full path of `ssl_key_log`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_log: Option<Text>,
    /// `@SECLEVEL` of `ssl_ciphers`, from 0 to 5.
    #[serde(skip_serializing_if = "is_usual_level")]
    pub security_level: usize,
}

fn is_usual_level(level: &usize) -> bool {
    *level == ciphers::USUAL_SECURITY_LEVEL
}

/// Answers of OCSP responders that are shown to clients.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Stapling {
    /// `ssl_stapling_responder`; empty for the one that the certificate names.
    pub responder: Text,
    /// `ssl_stapling_verify`
    pub verify: bool,
}

/// What OCSP responders are asked about certificates of clients.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Ocsp {
    /// `ssl_ocsp leaf`: only about the client's own certificate.
    pub leaf_only: bool,
    /// `ssl_ocsp_responder`; empty for the one that each certificate names.
    pub responder: Text,
    /// `ssl_ocsp_cache`
    pub cache: Option<Zone>,
}

words! {
    /// `ssl_ocsp`
    pub enum OcspScope {
        /// Nobody is asked.
        Off = "off",
        /// About every certificate of the chain but the authority.
        On = "on",
        /// About the client's own certificate.
        Leaf = "leaf",
    }
}

/// `ssl_session_cache`: who remembers the sessions of clients that do not take tickets.
#[derive(Clone, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub enum SessionCache {
    /// Nobody.
    #[default]
    None,
    /// Each worker, so many.
    Builtin(usize),
    /// All workers together, over reloads too.
    Shared(Zone),
}

impl SessionCache {
    /// The zone of all workers.
    pub fn zone(&self) -> Option<&Zone> {
        match self {
            Self::Shared(zone) => Some(zone),
            Self::None | Self::Builtin(_) => None,
        }
    }
}

words! {
    /// `ssl_verify_client`
    pub enum VerifyClient {
        /// No certificate is asked for.
        Off = "off",
        /// One is needed, and has to be trusted.
        On = "on",
        /// One is asked for, and has to be trusted if there is one.
        Optional = "optional",
        /// One is asked for, and may be of anybody.
        OptionalNoCa = "optional_no_ca",
    }
}

/// TLS towards backends.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ClientTls {
    /// `proxy_ssl_protocols`, as far as evenkeel negotiates them.
    pub protocols: Protocols,
    /// `proxy_ssl_ciphers`, as far as evenkeel negotiates them: OpenSSL's names, the preferred first.
    pub ciphers: Vec<&'static str>,
    /// The suites of TLS 1.3; empty for all.
    pub ciphersuites: Vec<&'static str>,
    /// The groups for the key exchange; empty for evenkeel's own choice.
    pub curves: Vec<Curve>,
    /// `proxy_ssl_certificate`, where it has no variables.
    pub certificate: Option<Pair>,
    /// The full path of `proxy_ssl_password_file`.
    pub passwords: Option<Text>,
    /// `proxy_ssl_verify`
    pub verify: Option<Verify>,
}

/// Whom to trust.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Verify {
    /// The full path of the trusted authorities.
    pub trusted: Text,
    /// The full path of the lists of revoked certificates.
    pub revocation_lists: Option<Text>,
    /// How many authorities may stand between a certificate and a trusted one.
    pub depth: usize,
}

/// A certificate chain and its key.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Pair {
    /// The full path of the chain, the server's own certificate first.
    pub certificate: Text,
    /// The full path of the key.
    pub key: Text,
}

impl Pair {
    /// As both are written: paths begin at the prefix, `data:` is the thing itself, and a key may lie in a store of OpenSSL.
    pub fn written(prefix: &str, certificate: &[u8], key: &[u8]) -> Self {
        let key = if key.starts_with(b"store:") { Text::from(key) } else { certificate_path(prefix, key) };
        Self { certificate: certificate_path(prefix, certificate), key }
    }
}

/// The path of certificates, which begins at the prefix, or `data:` with the certificates themselves.
pub fn certificate_path(prefix: &str, written: &[u8]) -> Text {
    match written.starts_with(b"data:") {
        true => Text::from(written),
        false => below(prefix, written),
    }
}

/// `ssl_certificate_cache` and its like: how long files of certificates are kept whose names have variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CertificateCache {
    /// `max`
    pub max: usize,
    /// `inactive`, in seconds
    pub inactive_s: u64,
    /// `valid`, in seconds
    pub valid_s: u64,
}

/// A certificate chain and its key, by names with variables; relative ones begin at the configuration's folder.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct VariablePair {
    /// The chain.
    pub certificate: Template,
    /// The key.
    pub key: Template,
}

/// The versions that may be negotiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Protocols {
    /// TLS 1.2
    pub tls12: bool,
    /// TLS 1.3
    pub tls13: bool,
}

/// The groups for the key exchange that evenkeel knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Curve {
    /// X25519MLKEM768
    X25519MlKem768,
    /// X25519
    X25519,
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

impl Curve {
    /// Reads a name as OpenSSL does. `None` is a name it does not know; `Some(None)` is one that only it knows.
    pub fn of_name(name: &str) -> Option<Option<Self>> {
        let name = name.strip_prefix('?').unwrap_or(name);
        match name {
            "X25519MLKEM768" => Some(Some(Self::X25519MlKem768)),
            "X25519" | "x25519" => Some(Some(Self::X25519)),
            "prime256v1" | "P-256" | "secp256r1" => Some(Some(Self::P256)),
            "secp384r1" | "P-384" => Some(Some(Self::P384)),
            "secp521r1" | "P-521" => Some(Some(Self::P521)),
            "X448" | "x448" | "secp256k1" | "secp224r1" | "P-224" | "brainpoolP256r1" | "brainpoolP384r1"
            | "brainpoolP512r1" | "ffdhe2048" | "ffdhe3072" | "ffdhe4096" | "ffdhe6144" | "ffdhe8192" => Some(None),
            _ => None,
        }
    }
}

/// Whether evenkeel negotiates a suite: forward secret and authenticated encryption, nothing else.
pub fn is_negotiated(suite: &Suite) -> bool {
    suite.key_exchange == KeyExchange::Ecdhe
        && matches!(suite.authentication, Authentication::Rsa | Authentication::Ecdsa)
        && matches!(suite.encryption, Encryption::AesGcm | Encryption::Chacha20)
}

/// The names of a list's suites that evenkeel negotiates.
pub fn negotiated(suites: &[&'static Suite]) -> Vec<&'static str> {
    suites.iter().filter(|suite| is_negotiated(suite)).map(|suite| suite.name).collect()
}

impl Default for ServerTls {
    /// nginx's defaults.
    fn default() -> Self {
        Self {
            certificates: Vec::new(),
            variable_certificates: Vec::new(),
            certificate_cache: None,
            protocols: Protocols { tls12: true, tls13: true },
            ciphers: negotiated(&SUITES.iter().collect::<Vec<_>>()),
            ciphersuites: Vec::new(),
            prefer_server_ciphers: false,
            curves: Vec::new(),
            session_tickets: true,
            session_timeout_s: 300,
            session_cache: SessionCache::None,
            early_data: false,
            buffer_size: 16 * 1024,
            reject_handshake: false,
            passwords: None,
            verify_client: VerifyClient::Off,
            verify_depth: 1,
            client_certificate: None,
            trusted_certificate: None,
            revocation_lists: None,
            ticket_keys: Vec::new(),
            staple: None,
            stapling: None,
            ocsp: None,
            certificate_compression: false,
            wants_ech: false,
            dhparam: None,
            key_log: None,
            security_level: ciphers::USUAL_SECURITY_LEVEL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_suites_of_tls_1_2_are_negotiated() {
        assert_eq!(ServerTls::default().ciphers.len(), 6);
        let high = ciphers::evaluate(b"HIGH:!aNULL:!MD5").expect("the list is not empty");
        assert_eq!(negotiated(&high).len(), 6);
    }

    #[test]
    fn curves_are_known_unknown_or_only_openssls() {
        assert_eq!(Curve::of_name("secp384r1"), Some(Some(Curve::P384)));
        assert_eq!(Curve::of_name("X448"), Some(None));
        assert_eq!(Curve::of_name("foo"), None);
    }
}
