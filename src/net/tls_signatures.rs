//! Whether a peer holds the key of the certificate it shows: the part of a handshake that no trust is asked for.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};

use crate::wire::x509::Certificate;

/// Checks that a peer holds its certificate's key; whether that certificate is trusted is asked later, if at all.
#[derive(Debug)]
pub struct SignaturesOnly(Arc<CryptoProvider>);

impl SignaturesOnly {
    /// With the algorithms of a provider.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self(provider)
    }
}

/// The public key of a certificate of any version, with its sequence around it.
fn public_key(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, Error> {
    let bad = |_| Error::InvalidCertificate(rustls::CertificateError::BadEncoding);
    Certificate::parse(certificate).map(|certificate| certificate.public_key.whole.to_vec()).map_err(bad)
}

impl ServerCertVerifier for SignaturesOnly {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let parsed = Certificate::parse(certificate);
        let certificate = parsed.map_err(|_| Error::InvalidCertificate(rustls::CertificateError::BadEncoding))?;
        let key = certificate.public_key;
        let schemes = self.0.signature_verification_algorithms.mapping;
        let offered = schemes.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, algorithms) = offered.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let mut fitting = algorithms.iter().filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
        match fitting.any(|algorithm| algorithm.verify_signature(key.key, message, signed.signature()).is_ok()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(Error::InvalidCertificate(rustls::CertificateError::BadSignature)),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(public_key(certificate)?);
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
