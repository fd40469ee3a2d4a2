//! Certificates of clients. A handshake takes any whose holder has its key; whether it is to be trusted is asked afterwards,
//! because nginx answers that with a page, not with an alert.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::tls_fault::TlsFault;
use super::tls_keys;
use super::tls_signatures::SignaturesOnly;
use super::tls_verify::Trust;
use crate::ir::tls::{ServerTls, VerifyClient};
use crate::ir::value::Text;
use crate::wire::x509::Certificate;

/// Asks a client for a certificate, and names the authorities it may be from.
#[derive(Debug)]
pub struct Asking {
    authorities: Vec<DistinguishedName>,
    signatures: SignaturesOnly,
}

impl Asking {
    /// The question of a server that names these authorities, each once (`SSL_load_client_CA_file`).
    pub fn new(named: &[CertificateDer<'_>], provider: &Arc<CryptoProvider>) -> Self {
        let mut subjects: Vec<&[u8]> = Vec::new();
        for certificate in named.iter().filter_map(|der| Certificate::parse(der).ok()) {
            if !subjects.contains(&certificate.subject) {
                subjects.push(certificate.subject);
            }
        }
        let authorities = subjects.into_iter().map(|subject| subject.to_vec().into()).collect();
        Self { authorities, signatures: SignaturesOnly::new(Arc::clone(provider)) }
    }
}

/// Whom a server trusts, and whom of them it names to its clients, the first so many.
pub fn trust(
    wanted: &ServerTls,
    provider: &CryptoProvider,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<(Trust, usize), TlsFault> {
    let mut authorities = Vec::new();
    if let Some(path) = wanted.client_certificate.as_ref().filter(|_| wanted.verify_client != VerifyClient::Off) {
        authorities = tls_keys::authorities(path, &read)?;
    }
    let named = authorities.len();
    if let Some(path) = &wanted.trusted_certificate {
        authorities.extend(tls_keys::authorities(path, &read)?);
    }
    let revocation_lists = match &wanted.revocation_lists {
        Some(path) => tls_keys::revocation_lists(path, &read)?,
        None => Vec::new(),
    };
    let algorithms = provider.signature_verification_algorithms.all;
    Ok((Trust { authorities, revocation_lists, depth: wanted.verify_depth, algorithms }, named))
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signatures.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signatures.supported_verify_schemes()
    }
}
