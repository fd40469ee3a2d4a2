//! How keys sign: by the hash that OpenSSL would take.

use std::sync::Arc;

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

/// The schemes of RSA in the order of OpenSSL's list, which is that of its clients and, for the first, of all browsers. rustls takes
/// the longest hash of those that are offered.
const RSA_SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// A key that signs as OpenSSL would.
pub fn as_openssl(key: Arc<dyn SigningKey>) -> Arc<dyn SigningKey> {
    match key.algorithm() {
        SignatureAlgorithm::RSA => Arc::new(Rsa(key)),
        _ => key,
    }
}

#[derive(Debug)]
struct Rsa(Arc<dyn SigningKey>);

impl SigningKey for Rsa {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let first = RSA_SCHEMES.iter().find(|scheme| offered.contains(scheme))?;
        self.0.choose_scheme(&[*first])
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

/// A key that signs nothing.
#[derive(Debug)]
pub struct NoKey;

impl SigningKey for NoKey {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        None
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::Unknown(0)
    }
}
