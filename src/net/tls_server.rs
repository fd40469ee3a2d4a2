//! TLS towards clients: what the `ssl_…` directives say, as rustls wants it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;

use ::aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use rustls::CertificateCompressionAlgorithm;
use rustls::compress::{CertCompressor, CompressionFailed, CompressionLevel};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::server::{Acceptor, ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;

use rustls::{
    AlertDescription, Error, NamedGroup, PeerIncompatible, PeerMisbehaved, ServerConfig, SignatureAlgorithm,
    SignatureScheme, SupportedCipherSuite,
};

use super::ocsp::Responder;
use super::tls_clients::{self, Asking};
use super::tls_fault::TlsFault;
use super::tls_key_log::KeyLogFile;
use super::tls_p521::P521;
use super::tls_server_stream::ServerStream;
use super::tls_sessions::{Remembered, SessionContext, SessionZone, SharedMemory, Tickets};
use super::tls_signing::NoKey;
use super::tls_stapling::Staples;
use super::tls_verify::{Distrust, Purpose, Trust};
use super::tls_words::{InOpensslsWords, rustls_fault};
use super::{tls_dh, tls_keys};
use crate::ir::ids::ServerId;
use crate::ir::tls::{Curve, Pair, ServerTls, SessionCache, VerifyClient};
use crate::ir::value::Text;
use crate::primitives::os_error;

/// The tags that an OCSP answer begins with.
const SEQUENCE: u8 = 0x30;
const ENUMERATED: u8 = 0x0a;
/// How much a client may send before the end of its handshake: as much as fits a buffer of nginx.
const EARLY_DATA: u32 = 16 * 1024;
/// The first byte of the suites of TLS 1.3.
const TLS13_SUITES: u16 = 0x13;
/// How many sessions a worker remembers for clients without tickets.
const REMEMBERED_SESSIONS: usize = 20_480;

/// The TLS of each server that has any; `None` for one that refuses every handshake.
pub type Contexts = HashMap<ServerId, Option<Context>>;

/// The TLS of one server.
#[derive(Debug)]
pub struct Context {
    /// For clients that are offered HTTP/1 alone, and for those that are offered HTTP/2 as well.
    configs: RefCell<[Arc<ServerConfig>; 2]>,
    /// Whom to trust of those who show a certificate.
    pub trust: Rc<Trust>,
    /// What responders say of its certificates.
    pub staples: Staples,
    /// TLS 1.3 is spoken.
    tls13: bool,
    /// What responders are asked of certificates of clients.
    pub client_status: Option<ClientStatus>,
    /// What locked keys may open with.
    passwords: Vec<Vec<u8>>,
}

/// `ssl_ocsp`
#[derive(Debug)]
pub struct ClientStatus {
    /// Only about the client's own certificate.
    pub leaf_only: bool,
    /// Whom to ask; nothing for the one that each certificate names.
    pub responder: Option<Responder>,
    /// What is known already.
    pub cache: Option<SessionZone>,
}

/// What a server's TLS needs and others may have, too.
#[derive(Default, Debug)]
pub struct Shared {
    /// `ssl_session_cache`
    pub sessions: Option<SessionZone>,
    /// `ssl_ocsp_cache`
    pub ocsp: Option<SessionZone>,
    /// `ssl_key_log`
    pub key_log: Option<Arc<KeyLogFile>>,
}

impl Context {
    fn configs(http1: ServerConfig) -> [Arc<ServerConfig>; 2] {
        let mut http2 = http1.clone();
        http2.alpn_protocols.insert(0, b"h2".to_vec());
        [Arc::new(http1), Arc::new(http2)]
    }

    /// Shows clients what responders said last.
    pub fn restaple(&self, now: i64) {
        let resolver = Arc::new(Certificates { keys: self.staples.renew(now), tls13: self.tls13 });
        for config in self.configs.borrow_mut().iter_mut() {
            Arc::make_mut(config).cert_resolver = Arc::<Certificates>::clone(&resolver);
        }
    }

    /// Reads a certificate with its key, for one handshake.
    pub fn certified(
        &self,
        pair: &Pair,
        read: impl Fn(&Text) -> io::Result<Vec<u8>>,
    ) -> Result<Arc<CertifiedKey>, TlsFault> {
        tls_keys::certified_key(pair, &self.passwords, self.offering(false).crypto_provider(), read)
    }

    /// What to shake hands with, showing these certificates.
    pub fn showing(&self, http2: bool, certificates: Vec<Arc<CertifiedKey>>) -> Arc<ServerConfig> {
        let mut config = ServerConfig::clone(&self.offering(http2));
        config.cert_resolver = Arc::new(Certificates { keys: certificates, tls13: self.tls13 });
        Arc::new(config)
    }

    /// Whether a client's certificates, its own first, are to be trusted.
    pub fn judge(&self, sent: &[CertificateDer<'_>], now: i64) -> Result<(), Distrust> {
        self.trust.judge(sent, Purpose::Client, now)
    }

    /// What to shake hands with.
    pub fn offering(&self, http2: bool) -> Arc<ServerConfig> {
        Arc::clone(&self.configs.borrow()[usize::from(http2)])
    }
}

/// Why there was no handshake: the client's doing, or nobody's.
#[derive(Debug)]
pub enum HandshakeFault {
    /// The client has left without a word, or because of this.
    NeverBegun(Option<io::Error>),
    /// The client closed the connection.
    ClosedByClient,
    /// The client was silent for too long.
    TimedOut,
    /// What the client sent makes no handshake, or the two sides have nothing in common.
    Io(io::Error),
    /// We end it.
    Refused(Refusal),
}

/// Why a handshake is ended before it has begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The server's certificates cannot be read.
    NoCertificate = 80,
    /// The client knows no TLS that is offered here.
    ProtocolVersion = 70,
    /// No server here takes the name, or any handshake at all.
    UnrecognizedName = 112,
}

impl fmt::Display for HandshakeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverBegun(None) => f.write_str("client closed connection"),
            Self::NeverBegun(Some(fault)) => write!(f, "recv() failed{}", os_error::suffix(fault)),
            Self::ClosedByClient => f.write_str("peer closed connection in SSL handshake"),
            Self::TimedOut => f.write_str("client timed out (110: Connection timed out)"),
            Self::Io(fault) => match rustls_fault(fault) {
                Some(fault) => write!(f, "SSL_do_handshake() failed (SSL: {})", InOpensslsWords(fault)),
                None => write!(f, "SSL_do_handshake() failed{}", os_error::suffix(fault)),
            },
            Self::Refused(Refusal::UnrecognizedName) => f.write_str("handshake rejected"),
            Self::Refused(Refusal::ProtocolVersion) => {
                f.write_str("SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol)")
            }
            Self::Refused(Refusal::NoCertificate) => {
                f.write_str("SSL_do_handshake() failed (SSL: error:0A000179:SSL routines::cert cb error)")
            }
        }
    }
}

const RECORD_HEAD: usize = 5;
/// Where a client's hello says which version it knows best, behind the heads of record and message (RFC 5246 section 7.4.1.2).
const VERSION: std::ops::Range<usize> = 9..11;
const TLS12_VERSION: [u8; 2] = [3, 3];

/// Takes a client's hello, lets the caller choose by it, and finishes the handshake.
pub async fn handshake(
    stream: TcpStream,
    choose: impl FnOnce(&ClientHello<'_>) -> Result<Arc<ServerConfig>, Refusal>,
) -> Result<ServerStream, HandshakeFault> {
    // rustls wants extensions that an older client does not send before it looks at the version.
    let mut head = [0; VERSION.end];
    if stream.peek(&mut head).await.is_ok_and(|length| length == head.len()) && is_too_old(head) {
        send_alert(stream, Refusal::ProtocolVersion as u8).await;
        return Err(HandshakeFault::Refused(Refusal::ProtocolVersion));
    }
    let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), stream);
    let start = match (&mut acceptor).await {
        Ok(start) => start,
        Err(fault) => {
            if let Some(stream) = acceptor.take_io().filter(|_| is_interrupted(&fault)) {
                send_alert(stream, AlertDescription::UnexpectedMessage.into()).await;
            }
            return Err(broken(fault));
        }
    };
    let hello = start.client_hello();
    let (chosen, knows_tls13) = (choose(&hello), knows_tls13(&hello));
    match chosen {
        Ok(config) => {
            ServerStream::accept(start.io, start.accepted, config).await.map_err(|fault| match rustls_fault(&fault) {
                // Before TLS 1.3 a suite stands for the key exchange, too.
                Some(Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon)) if !knows_tls13 => {
                    HandshakeFault::Io(io::Error::other(Error::from(PeerIncompatible::NoCipherSuitesInCommon)))
                }
                _ => broken(fault),
            })
        }
        Err(refusal) => {
            send_alert(start.io, refusal as u8).await;
            Err(HandshakeFault::Refused(refusal))
        }
    }
}

fn knows_tls13(hello: &ClientHello<'_>) -> bool {
    hello.cipher_suites().iter().any(|suite| u16::from(*suite) >> 8 == TLS13_SUITES)
}

/// Whether a hello knows no version that is offered here. Its first record may be too short to say.
fn is_too_old(head: [u8; VERSION.end]) -> bool {
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    RECORD_HEAD + length >= VERSION.end && head[VERSION] < TLS12_VERSION[..]
}

/// Whether a hello was broken by a record of another kind, of which rustls tells the client nothing.
fn is_interrupted(fault: &io::Error) -> bool {
    let interrupted = PeerMisbehaved::MessageInterleavedWithHandshakeMessage;
    rustls_fault(fault) == Some(&Error::PeerMisbehaved(interrupted))
}

fn broken(fault: io::Error) -> HandshakeFault {
    let says_goodbye = matches!(rustls_fault(&fault), Some(Error::AlertReceived(AlertDescription::CloseNotify)));
    match fault.kind() {
        io::ErrorKind::UnexpectedEof => HandshakeFault::ClosedByClient,
        _ if says_goodbye => HandshakeFault::ClosedByClient,
        _ => HandshakeFault::Io(fault),
    }
}

/// A fatal alert (RFC 8446 section 6.2) with the number that nginx sends.
async fn send_alert(mut stream: TcpStream, description: u8) {
    let alert = [21, 3, 3, 0, 2, 2, description];
    // The connection ends here, whether the client hears it or not.
    stream.write_all(&alert).await.ok();
}

/// Reads the files that a server names and makes its TLS. `None` where every handshake is to be refused.
pub fn build(
    wanted: &ServerTls,
    shared: Shared,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<(Option<Context>, Vec<String>), TlsFault> {
    let provider = Arc::new(crypto(&wanted.ciphers, &wanted.ciphersuites, &wanted.curves));
    // The file was readable when the directive was met.
    let passwords = wanted.passwords.as_ref().and_then(|path| read(path).ok());
    let passwords = passwords.map(|text| tls_keys::passwords(&text)).unwrap_or_default();
    let pairs = wanted.certificates.iter();
    let mut keys =
        pairs.map(|pair| tls_keys::certified_key(pair, &passwords, &provider, &read)).collect::<Result<Vec<_>, _>>()?;
    let (trust, named) = tls_clients::trust(wanted, &provider, &read)?;
    tls_dh::check(wanted, &read)?;
    staple(wanted, &mut keys, &read)?;
    let session_context = session_context(wanted, &keys, &trust.authorities[..named]);
    let versions: Vec<_> =
        [(wanted.protocols.tls13, &TLS13), (wanted.protocols.tls12 && !wanted.ciphers.is_empty(), &TLS12)]
            .into_iter()
            .filter_map(|(enabled, version)| enabled.then_some(version))
            .collect();
    let (staples, mut warnings) = Staples::new(wanted, &keys, &trust);
    if wanted.reject_handshake || versions.is_empty() {
        return Ok((None, warnings));
    }
    if wanted.wants_ech {
        // The words of an nginx whose OpenSSL has none.
        warnings.push("\"ssl_ech_file\" is not supported on this platform, ignored".to_owned());
    }
    let tls13 = wanted.protocols.tls13;
    let asking = match wanted.verify_client {
        VerifyClient::Off => WebPkiClientVerifier::no_client_auth(),
        _ => Arc::new(Asking::new(&trust.authorities[..named], &provider)),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(TlsFault::Settings)?
        .with_client_cert_verifier(asking)
        .with_cert_resolver(Arc::new(Certificates { keys, tls13 }));
    config.ignore_client_order = wanted.prefer_server_ciphers;
    // rustls counts the five bytes that begin a record.
    config.max_fragment_size = Some(wanted.buffer_size.clamp(32, 16 * 1024) + 5);
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec(), b"http/0.9".to_vec()];
    if wanted.certificate_compression {
        config.cert_compressors = vec![&Zlib];
    }
    if let Some(file) = shared.key_log {
        config.key_log = file;
    }
    remember_sessions(&mut config, wanted, shared.sessions.as_ref(), session_context, &read)?;
    let configs = RefCell::new(Context::configs(config));
    let client_status = client_status(wanted, shared.ocsp)?;
    Ok((Some(Context { configs, tls13, trust: Rc::new(trust), staples, client_status, passwords }), warnings))
}

fn client_status(wanted: &ServerTls, cache: Option<SessionZone>) -> Result<Option<ClientStatus>, TlsFault> {
    let Some(ocsp) = &wanted.ocsp else { return Ok(None) };
    let named = Some(&ocsp.responder).filter(|url| !url.is_empty());
    let responder = named.map(|url| Responder::parse(url, true)).transpose().map_err(TlsFault::BadResponder)?;
    Ok(Some(ClientStatus { leaf_only: ocsp.leaf_only, responder, cache }))
}

/// `ssl_certificate_compression` by zlib (RFC 8879); rustls keeps what it has compressed once.
#[derive(Debug)]
struct Zlib;

impl CertCompressor for Zlib {
    fn compress(&self, input: Vec<u8>, _: CompressionLevel) -> Result<Vec<u8>, CompressionFailed> {
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(input.len()), Compression::best());
        encoder.write_all(&input).map_err(|_| CompressionFailed)?;
        encoder.finish().map_err(|_| CompressionFailed)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::Zlib
    }
}

/// The key of a file with the lengths that nginx asks for.
fn ticket_key(path: &Text, read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> Result<Vec<u8>, TlsFault> {
    let key = read(path).map_err(|fault| TlsFault::TicketKeyUnreadable(path.clone(), fault))?;
    match key.len() {
        48 | 80 => Ok(key),
        _ => Err(TlsFault::TicketKeyLength(path.clone())),
    }
}

/// `ssl_stapling_file`: what an OCSP responder says of the certificate, for clients that ask.
fn staple(
    wanted: &ServerTls,
    keys: &mut [Arc<CertifiedKey>],
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<(), TlsFault> {
    let Some(path) = &wanted.staple else { return Ok(()) };
    let answer = read(path).map_err(|fault| TlsFault::StapleUnreadable(path.clone(), fault))?;
    // RFC 6960 section 4.2.1: a sequence that begins with the status, of which 0 is success.
    let body = answer.iter().position(|&byte| byte == ENUMERATED).map(|at| &answer[at..]);
    if answer.first() != Some(&SEQUENCE) || !body.is_some_and(|body| body.starts_with(&[ENUMERATED, 1, 0])) {
        return Err(TlsFault::NoStaple(path.clone()));
    }
    for key in keys {
        Arc::make_mut(key).ocsp = Some(answer.clone());
    }
    Ok(())
}

/// What sessions are bound to (`ngx_ssl_session_id_context`).
fn session_context(
    wanted: &ServerTls,
    keys: &[Arc<CertifiedKey>],
    authorities: &[CertificateDer<'_>],
) -> SessionContext {
    let mut bytes = Vec::new();
    keys.iter().filter_map(|key| key.cert.first()).for_each(|certificate| bytes.extend_from_slice(certificate));
    // What variables name is known by its names.
    wanted.variable_certificates.iter().for_each(|pair| bytes.extend(format!("{:?}", pair.certificate).into_bytes()));
    bytes.push(wanted.verify_client as u8);
    authorities.iter().for_each(|authority| bytes.extend_from_slice(authority));
    digest(&SHA256, &bytes).as_ref().try_into().unwrap_or_default()
}

/// Tickets are made before the workers are forked, so that each opens what another one sealed. With early data a ticket is but the
/// name of a session that is remembered and taken away by its first use, so that nobody can send a request once more (RFC 8446
/// section 8.1).
fn remember_sessions(
    config: &mut ServerConfig,
    wanted: &ServerTls,
    zone: Option<&SessionZone>,
    context: SessionContext,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<(), TlsFault> {
    let timeout_s = wanted.session_timeout_s;
    if wanted.early_data {
        config.max_early_data_size = EARLY_DATA;
        config.send_half_rtt_data = true;
    }
    let keys = wanted.ticket_keys.iter().map(|path| ticket_key(path, &read)).collect::<Result<Vec<_>, _>>()?;
    if wanted.session_tickets && !wanted.early_data {
        let tickets =
            Tickets::new(timeout_s, &keys, zone, context).ok_or(TlsFault::Settings(Error::FailedToGetRandomBytes))?;
        config.ticketer = Arc::new(tickets);
    } else if !wanted.session_tickets {
        config.send_tls13_tickets = usize::from(wanted.session_cache != SessionCache::None);
    }
    config.session_storage = match (&wanted.session_cache, zone) {
        (SessionCache::Shared(_), Some(zone)) => Arc::new(SharedMemory::new(zone, timeout_s, context)),
        (SessionCache::Builtin(count), _) => Arc::new(Remembered::new(*count, timeout_s)),
        (SessionCache::None, _) if !(wanted.session_tickets && wanted.early_data) => {
            Arc::new(NoServerSessionStorage {})
        }
        _ => Arc::new(Remembered::new(REMEMBERED_SESSIONS, timeout_s)),
    };
    Ok(())
}

/// The cryptography of a list of suites (of TLS 1.2; of 1.3, where an empty one is all) and groups.
pub fn crypto(ciphers: &[&'static str], ciphersuites: &[&'static str], curves: &[Curve]) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let all = std::mem::take(&mut provider.cipher_suites);
    let named = |name: &&'static str| all.iter().find(|suite| openssl_name(suite) == *name).copied();
    let tls13: Vec<_> = match ciphersuites {
        [] => all.iter().filter(|suite| suite.tls13().is_some()).copied().collect(),
        names => names.iter().filter_map(named).collect(),
    };
    provider.cipher_suites = tls13.into_iter().chain(ciphers.iter().filter_map(named)).collect();
    match curves {
        [] => provider.kx_groups.push(&P521),
        curves => provider.kx_groups = curves.iter().map(|curve| group(*curve)).collect(),
    }
    provider
}

/// The name that OpenSSL, and so `$ssl_cipher`, has for a suite.
pub fn openssl_name(suite: &SupportedCipherSuite) -> &'static str {
    use rustls::CipherSuite as Id;
    match suite.suite() {
        Id::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        Id::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        Id::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        Id::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        Id::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        Id::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        Id::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        Id::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        Id::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => "",
    }
}

fn group(curve: Curve) -> &'static dyn SupportedKxGroup {
    match curve {
        Curve::X25519MlKem768 => aws_lc_rs::kx_group::X25519MLKEM768,
        Curve::X25519 => aws_lc_rs::kx_group::X25519,
        Curve::P256 => aws_lc_rs::kx_group::SECP256R1,
        Curve::P384 => aws_lc_rs::kx_group::SECP384R1,
        Curve::P521 => &P521,
    }
}

/// The certificates of one server. A client gets the last whose key can sign in a way it knows, since OpenSSL keeps one of each kind;
/// elliptic curves go first, as OpenSSL prefers their suites.
#[derive(Debug)]
struct Certificates {
    keys: Vec<Arc<CertifiedKey>>,
    /// TLS 1.3 is spoken with clients that know it.
    tls13: bool,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_ecdsa = |key: &&Arc<CertifiedKey>| key.key.algorithm() == SignatureAlgorithm::ECDSA;
        let mut candidates = self.keys.iter().rev().filter(|key| self.is_usable(key, &hello));
        let found = candidates.clone().find(is_ecdsa).or_else(|| candidates.next()).cloned();
        // With one of no use the handshake fails for want of a cipher, which is what clients are told (`no shared cipher`).
        found.or_else(|| Some(Arc::new(CertifiedKey::new(self.keys.last()?.cert.clone(), Arc::new(NoKey)))))
    }
}

impl Certificates {
    /// Whether a client can check what a key signs. Before TLS 1.3 the curve of the key, too, has to be among the groups that it
    /// names (RFC 8422 section 5.1).
    fn is_usable(&self, key: &CertifiedKey, hello: &ClientHello<'_>) -> bool {
        const CURVES: [(SignatureScheme, NamedGroup); 3] = [
            (SignatureScheme::ECDSA_NISTP256_SHA256, NamedGroup::secp256r1),
            (SignatureScheme::ECDSA_NISTP384_SHA384, NamedGroup::secp384r1),
            (SignatureScheme::ECDSA_NISTP521_SHA512, NamedGroup::secp521r1),
        ];
        let signs = |scheme: &SignatureScheme| key.key.choose_scheme(&[*scheme]).is_some();
        let groups = hello.named_groups().filter(|_| !(self.tls13 && knows_tls13(hello)));
        let curve = CURVES.iter().find(|(scheme, _)| signs(scheme)).map(|(_, curve)| curve);
        key.key.choose_scheme(hello.signature_schemes()).is_some()
            && curve.zip(groups).is_none_or(|(curve, groups)| groups.contains(curve))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::tls::Pair;
    use crate::ir::value::Text;

    #[test]
    fn text_that_is_no_certificate_is_refused() {
        let wanted = ServerTls {
            certificates: vec![Pair { certificate: Text::from("c"), key: Text::from("k") }],
            ..ServerTls::default()
        };
        let fault = build(&wanted, Shared::default(), |_| Ok(b"junk\n".to_vec())).expect_err("junk is no certificate");
        assert!(matches!(fault, TlsFault::NoCertificate(..)), "{fault}");
    }
}
