//! TLS towards backends: what `proxy_ssl_…` says, as rustls wants it. Whether a backend's certificate is trusted is asked
//! behind the handshake, as nginx asks it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use rustls::client::{ClientSessionMemoryCache, ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, Error, SignatureScheme, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;

use super::connect::Target;
use super::stream::{Secured, Stream};
use super::tls_fault::TlsFault;
use super::tls_keys;
use super::tls_server::crypto;
use super::tls_signatures::SignaturesOnly;
use super::tls_verify::{Distrust, Purpose, Trust, is_for_host};
use super::tls_words::rustls_fault;
use crate::ir::tls::{ClientTls, Pair};
use crate::ir::value::Text;

/// Tickets of up to so many names are remembered for one server.
const REMEMBERED_NAMES: usize = 32;
/// How many tickets rustls keeps of one name.
const TICKETS_PER_NAME: usize = 8;

/// The TLS of one or more locations. Made before the workers are forked; what it remembers is each worker's own.
#[derive(Debug)]
pub struct Context {
    /// Nothing, where no version that evenkeel negotiates is enabled.
    config: Option<ClientConfig>,
    provider: Arc<CryptoProvider>,
    trust: Option<Trust>,
    passwords: Vec<Vec<u8>>,
    /// Where relative paths of certificates begin.
    conf_prefix: Box<str>,
    configs: RefCell<HashMap<(Option<SessionKey>, bool, Protocols), Arc<ClientConfig>>>,
}

/// Reads the files that a location names, and makes its TLS.
pub fn build(
    wanted: &ClientTls,
    conf_prefix: &str,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Context, TlsFault> {
    let provider = Arc::new(crypto(&wanted.ciphers, &wanted.ciphersuites, &wanted.curves));
    // The file was readable when the directive was met.
    let passwords = wanted.passwords.as_ref().and_then(|path| read(path).ok());
    let passwords = passwords.map(|text| tls_keys::passwords(&text)).unwrap_or_default();
    let identity = wanted.certificate.as_ref();
    let identity = identity.map(|pair| tls_keys::certified_key(pair, &passwords, &provider, &read)).transpose()?;
    let trust = match &wanted.verify {
        None => None,
        Some(verify) => Some(Trust {
            authorities: tls_keys::authorities(&verify.trusted, &read)?,
            revocation_lists: match &verify.revocation_lists {
                Some(path) => tls_keys::revocation_lists(path, &read)?,
                None => Vec::new(),
            },
            depth: verify.depth,
            algorithms: provider.signature_verification_algorithms.all,
        }),
    };
    let versions: Vec<&'static SupportedProtocolVersion> =
        [(wanted.protocols.tls13, &TLS13), (wanted.protocols.tls12 && !wanted.ciphers.is_empty(), &TLS12)]
            .into_iter()
            .filter_map(|(enabled, version)| enabled.then_some(version))
            .collect();
    let config = match versions.is_empty() {
        true => None,
        false => Some(config(&provider, &versions, identity)?),
    };
    Ok(Context { config, provider, trust, passwords, conf_prefix: conf_prefix.into(), configs: RefCell::default() })
}

/// For whoever only looks at what a server says: any certificate will do.
pub fn trusting() -> Result<Context, TlsFault> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = Some(config(&provider, &[&TLS13, &TLS12], None)?);
    let (passwords, conf_prefix) = (Vec::new(), Box::default());
    Ok(Context { config, provider, trust: None, passwords, conf_prefix, configs: RefCell::default() })
}

fn config(
    provider: &Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    identity: Option<Arc<CertifiedKey>>,
) -> Result<ClientConfig, TlsFault> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)
        .map_err(TlsFault::Settings)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SignaturesOnly::new(Arc::clone(provider))))
        .with_client_cert_resolver(Arc::new(Identity(identity)));
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The TLS of locations, by the place of their values in memory.
pub type Contexts = HashMap<usize, Rc<Context>>;

/// Sessions are kept for each server of each group: the group's place in memory, and the address.
pub type SessionKey = (usize, Target);

/// A certificate with its key, as rustls shares it.
pub type Certified = Arc<CertifiedKey>;

/// The names of application protocols, the preferred first.
pub type Protocols = &'static [&'static [u8]];

/// How a connection differs from others with the same TLS.
#[derive(Default, Debug)]
pub struct Wish<'w> {
    /// The name that is sent, if any.
    pub server_name: Option<&'w str>,
    /// The server whose sessions may be resumed.
    pub session_of: Option<SessionKey>,
    /// A certificate of this connection's own.
    pub identity: Option<Certified>,
    /// The application protocols offered.
    pub protocols: Protocols,
}

/// Why there is no TLS with a backend.
#[derive(Debug)]
pub enum HandshakeFault {
    /// The backend closed the connection; with the error, if there was one.
    Closed(Option<io::Error>),
    /// The two sides do not come together.
    Failed(Error),
    /// The name cannot be sent.
    BadName,
    /// The socket failed.
    Io(io::Error),
    /// No version is enabled.
    NoVersion,
}

impl Context {
    /// Whether certificates are looked at.
    pub fn verifies(&self) -> bool {
        self.trust.is_some()
    }

    /// Where relative paths of certificates begin.
    pub fn conf_prefix(&self) -> &str {
        &self.conf_prefix
    }

    /// Whether the keys may be locked.
    pub fn has_passwords(&self) -> bool {
        !self.passwords.is_empty()
    }

    /// A certificate with its key, for a connection of its own.
    pub fn identity(&self, pair: &Pair, read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> Result<Certified, TlsFault> {
        tls_keys::certified_key(pair, &self.passwords, &self.provider, read)
    }

    /// Makes a connection secure.
    pub async fn connect(&self, stream: Stream, wish: Wish<'_>) -> Result<Secured, HandshakeFault> {
        let config = self.config(&wish).ok_or(HandshakeFault::NoVersion)?;
        let name = match wish.server_name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(|_| HandshakeFault::BadName)?,
            // It is sent nowhere, and remembers no other server's sessions.
            None => ServerName::IpAddress(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED).into()),
        };
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Secured::new(stream)),
            Err(error) => Err(explain(error)),
        }
    }

    fn config(&self, wish: &Wish<'_>) -> Option<Arc<ClientConfig>> {
        let base = self.config.as_ref()?;
        let protocols = || wish.protocols.iter().map(|name| name.to_vec()).collect();
        if let Some(identity) = &wish.identity {
            // A session would be resumed with whatever certificate it began with.
            let mut config = base.clone();
            config.enable_sni = wish.server_name.is_some();
            config.client_auth_cert_resolver = Arc::new(Identity(Some(Arc::clone(identity))));
            config.alpn_protocols = protocols();
            return Some(Arc::new(config));
        }
        let key = (wish.session_of.clone(), wish.server_name.is_some(), wish.protocols);
        let mut configs = self.configs.borrow_mut();
        let config = configs.entry(key).or_insert_with(|| {
            let mut config = base.clone();
            config.enable_sni = wish.server_name.is_some();
            config.alpn_protocols = protocols();
            if wish.session_of.is_some() {
                let memory = ClientSessionMemoryCache::new(REMEMBERED_NAMES * TICKETS_PER_NAME);
                config.resumption = Resumption::store(Arc::new(memory));
            }
            Arc::new(config)
        });
        Some(Arc::clone(config))
    }

    /// Judges the certificate of a backend, resumed sessions' too.
    pub fn judge(&self, secured: &Secured, now: i64) -> Result<(), Distrust> {
        let sent = secured.tls().peer_certificates().unwrap_or_default();
        self.trust.as_ref().map_or(Ok(()), |trust| trust.judge(sent, Purpose::Server, now))
    }
}

/// Whether the backend's certificate is for a host.
pub fn shows_host(secured: &Secured, host: &[u8]) -> bool {
    let sent = secured.tls().peer_certificates().unwrap_or_default();
    !host.is_empty() && sent.first().is_some_and(|certificate| is_for_host(certificate, host))
}

fn explain(error: io::Error) -> HandshakeFault {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return HandshakeFault::Closed(None);
    }
    if let Some(fault) = rustls_fault(&error) {
        return HandshakeFault::Failed(fault.clone());
    }
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => HandshakeFault::Closed(Some(error)),
        _ => HandshakeFault::Io(error),
    }
}

/// The certificate that a backend gets when it asks for one.
#[derive(Debug)]
struct Identity(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Identity {
    fn resolve(&self, _authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.as_ref().filter(|identity| identity.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
