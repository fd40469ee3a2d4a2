//! Certificates and private keys out of PEM: in files or in the configuration itself, keys also locked by a pass phrase.

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use des::TdesEde3;
use des::cipher::{BlockDecrypt, KeyInit};
use md5::{Digest, Md5};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer,
    PrivateSec1KeyDer,
};
use rustls::sign::CertifiedKey;

use super::tls_fault::TlsFault;
use super::tls_pem::Refused;
use super::{tls_pem, tls_signing, tls_store};
use crate::ir::tls::Pair;
use crate::ir::value::Text;
use crate::wire::der::{Malformed, Reader, tag};
use crate::wire::pem::{self, Section};
use crate::wire::x509::{Certificate, RevocationList, parse_public_key};

/// The object identifiers of the ways to lock a key in PKCS #8.
mod object {
    pub const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 13];
    pub const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 5, 12];
    pub const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 2];
    pub const AES: &[u8] = &[0x60, 0x86, 0x48, 1, 101, 3, 4, 1];
    pub const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 3, 7];
}

/// What stands in front of a certificate or key that is written where the path of its file would be.
const DATA: &[u8] = b"data:";

/// Shorter RSA keys OpenSSL refuses at its usual level of security, and aws-lc at any.
const SMALLEST_RSA_BITS: usize = 2048;

/// Reads what a path names; `data:` is the thing itself.
pub fn contents(path: &Text, read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match path.strip_prefix(DATA) {
        Some(data) => Ok(data.to_vec()),
        None => read(path),
    }
}

/// A chain with its key, which have to belong together.
pub fn certified_key(
    pair: &Pair,
    passwords: &[Vec<u8>],
    provider: &CryptoProvider,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Arc<CertifiedKey>, TlsFault> {
    let chain = chain(&pair.certificate, &read)?;
    let certificate = Certificate::parse(&chain[0]).map_err(|Malformed| {
        let refused = Refused { call: "PEM_read_bio_X509_AUX", reason: tls_pem::NESTED.to_owned() };
        TlsFault::NoCertificate(pair.certificate.clone(), refused)
    })?;
    if certificate.public_key.rsa_bits().is_some_and(|bits| bits < SMALLEST_RSA_BITS) {
        return Err(TlsFault::KeyTooSmall(pair.certificate.clone()));
    }
    let key = private_key(&pair.key, passwords, &read)?;
    let key =
        provider.key_provider.load_private_key(key).map_err(|fault| TlsFault::KeyUnusable(pair.key.clone(), fault))?;
    // A key that cannot show its public half is taken on trust, as rustls itself does.
    if let Some(public) = key.public_key()
        && parse_public_key(&public) != Ok(certificate.public_key)
    {
        return Err(TlsFault::KeyMismatch(pair.key.clone()));
    }
    Ok(Arc::new(CertifiedKey::new(chain, tls_signing::as_openssl(key))))
}

/// The certificates of a file, at least one.
pub fn chain(
    path: &Text,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    certificates(path, &tls_pem::CHAIN, read)
}

/// The authorities of a file, at least one.
pub fn authorities(
    path: &Text,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    certificates(path, &tls_pem::AUTHORITIES, read)
}

fn certificates(
    path: &Text,
    kind: &tls_pem::Kind,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let text = contents(path, read).map_err(|fault| TlsFault::CertificateUnreadable(path.clone(), fault))?;
    let found = tls_pem::read(&text, kind).map_err(|refused| TlsFault::NoCertificate(path.clone(), refused))?;
    Ok(found.into_iter().map(CertificateDer::from).collect())
}

/// The lists of revoked certificates of a file, at least one.
pub fn revocation_lists(
    path: &Text,
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsFault> {
    let text = contents(path, read).map_err(|fault| TlsFault::RevocationListUnreadable(path.clone(), fault))?;
    let found = tls_pem::read(&text, &tls_pem::REVOCATION_LISTS);
    let refused = |refused| TlsFault::NoRevocationList(path.clone(), refused);
    let found = found.map_err(refused)?;
    if found.iter().any(|list| RevocationList::parse(list).is_err()) {
        return Err(refused(Refused { call: "PEM_read_bio_X509_CRL", reason: tls_pem::NESTED.to_owned() }));
    }
    Ok(found.into_iter().map(CertificateRevocationListDer::from).collect())
}

/// The lines of a password file.
pub fn passwords(text: &[u8]) -> Vec<Vec<u8>> {
    let line = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
    text.split(|byte| *byte == b'\n').map(line).filter(|line| !line.is_empty()).collect()
}

/// The key of a file.
pub fn private_key(
    path: &Text,
    passwords: &[Vec<u8>],
    read: impl Fn(&Text) -> io::Result<Vec<u8>>,
) -> Result<PrivateKeyDer<'static>, TlsFault> {
    if let Some(name) = path.strip_prefix(tls_store::PREFIX) {
        let file = tls_store::read(name, read).map_err(|reason| TlsFault::Store(path.clone(), reason))?;
        // OpenSSL asks for one pass phrase alone.
        let key = open_key(path, &file, &passwords[..passwords.len().min(1)]);
        return key.or_else(|fault| match PrivateKeyDer::try_from(file) {
            Ok(key) => Ok(key),
            Err(_) => Err(TlsFault::Store(path.clone(), tls_store::reason(&fault))),
        });
    }
    let pem = contents(path, read).map_err(|fault| TlsFault::KeyUnreadable(path.clone(), fault))?;
    open_key(path, &pem, passwords)
}

/// The first key in a text.
fn open_key(path: &Text, text: &[u8], passwords: &[Vec<u8>]) -> Result<PrivateKeyDer<'static>, TlsFault> {
    let no_key = || TlsFault::NoKey(path.clone(), String::new());
    for section in pem::sections(text) {
        let section = section.map_err(|_| no_key())?;
        let kind = match section.label {
            b"ENCRYPTED PRIVATE KEY" => return unlock(path, Locked::of_pkcs8(&section.data), passwords),
            b"PRIVATE KEY" => Kind::Pkcs8,
            b"RSA PRIVATE KEY" => Kind::Pkcs1,
            b"EC PRIVATE KEY" => Kind::Sec1,
            _ => continue,
        };
        if section.header.starts_with(b"Proc-Type:") {
            return unlock(path, Locked::of_pem(&section, kind), passwords);
        }
        if section.header.len() > LONGEST_HEADER_LEFT_ASIDE {
            return Err(TlsFault::KeyHeader(path.clone()));
        }
        return kind.checked(section.data).map_err(|reason| TlsFault::NoKey(path.clone(), reason));
    }
    Err(no_key())
}

/// OpenSSL looks at none that is as short.
const LONGEST_HEADER_LEFT_ASIDE: usize = 10;

fn unlock(
    path: &Text,
    locked: Result<Locked, Malformed>,
    passwords: &[Vec<u8>],
) -> Result<PrivateKeyDer<'static>, TlsFault> {
    let locked = locked.map_err(|Malformed| TlsFault::UnknownLock(path.clone()))?;
    let is_traditional = matches!(locked.derivation, Derivation::Pem);
    if passwords.is_empty() {
        return Err(TlsFault::NoPassword(path.clone(), is_traditional));
    }
    let opened = passwords.iter().find_map(|password| locked.open(password));
    opened.ok_or_else(|| TlsFault::WrongPassword(path.clone(), is_traditional))
}

/// A key that is locked by a pass phrase.
struct Locked {
    derivation: Derivation,
    salt: Vec<u8>,
    cipher: Cipher,
    initial: Vec<u8>,
    data: Vec<u8>,
    /// What the key is once it is open.
    kind: Kind,
}

/// What the key is locked with, in blocks that hang together (CBC).
#[derive(Clone, Copy)]
enum Cipher {
    /// AES, and how long its keys are.
    Aes(&'static Algorithm, usize),
    /// What OpenSSL took for decades.
    TripleDes,
}

impl Cipher {
    const fn key_length(self) -> usize {
        match self {
            Self::Aes(_, length) => length,
            Self::TripleDes => 24,
        }
    }

    const fn block_length(self) -> usize {
        match self {
            Self::Aes(..) => 16,
            Self::TripleDes => 8,
        }
    }

    fn open(self, key: &[u8], initial: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let Self::Aes(algorithm, _) = self else { return open_triple_des(key, initial, data) };
        let key = UnboundCipherKey::new(algorithm, key).ok()?;
        let context = DecryptionContext::Iv128(FixedLength::from(<[u8; 16]>::try_from(initial).ok()?));
        let mut data = data.to_vec();
        Some(PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?.decrypt(&mut data, context).ok()?.to_vec())
    }
}

/// How the cipher's key is made of the pass phrase.
enum Derivation {
    /// PKCS #5's way.
    Pbkdf2(pbkdf2::Algorithm, NonZeroU32),
    /// OpenSSL's old way for PEM, MD5 once.
    Pem,
}

#[derive(Clone, Copy)]
enum Kind {
    Pkcs1,
    Pkcs8,
    Sec1,
}

impl Kind {
    fn key(self, der: Vec<u8>) -> PrivateKeyDer<'static> {
        match self {
            Self::Pkcs1 => PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der)),
            Self::Pkcs8 => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)),
            Self::Sec1 => PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(der)),
        }
    }

    /// The key, or what OpenSSL's decoders say of its beginning, one after the other.
    fn checked(self, der: Vec<u8>) -> Result<PrivateKeyDer<'static>, String> {
        let own = match self {
            Self::Pkcs1 => Some("RSAPrivateKey"),
            Self::Sec1 => Some("EC_PRIVATEKEY"),
            Self::Pkcs8 => None,
        };
        let names = own.into_iter().chain(["PKCS8_PRIV_KEY_INFO"]);
        let reasons = names.filter_map(|name| tls_pem::outer_length(&der, name).err());
        let reason: String = reasons.flat_map(|reason| [" ".to_owned(), reason]).collect();
        if reason.is_empty() { Ok(self.key(der)) } else { Err(reason) }
    }
}

impl Locked {
    /// RFC 8018 section A.4: PBES2 over PBKDF2.
    fn of_pkcs8(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der).inside(tag::SEQUENCE)?;
        let mut scheme = outer.inside(tag::SEQUENCE)?;
        let data = outer.expect(tag::OCTET_STRING)?.content.to_vec();
        if scheme.expect(tag::OBJECT)?.content != object::PBES2 {
            return Err(Malformed);
        }
        let mut parameters = scheme.inside(tag::SEQUENCE)?;
        let (mut derivation, mut encryption) = (parameters.inside(tag::SEQUENCE)?, parameters.inside(tag::SEQUENCE)?);
        if derivation.expect(tag::OBJECT)?.content != object::PBKDF2 {
            return Err(Malformed);
        }
        let mut derivation = derivation.inside(tag::SEQUENCE)?;
        let salt = derivation.expect(tag::OCTET_STRING)?.content.to_vec();
        let rounds = u32::try_from(derivation.small_integer()?).ok().and_then(NonZeroU32::new).ok_or(Malformed)?;
        derivation.optional(tag::INTEGER)?;
        let hash = match derivation.optional(tag::SEQUENCE)? {
            None => pbkdf2::PBKDF2_HMAC_SHA1,
            Some(named) => match Reader::new(named.content).expect(tag::OBJECT)?.content.strip_prefix(object::HMAC) {
                Some([7]) => pbkdf2::PBKDF2_HMAC_SHA1,
                Some([9]) => pbkdf2::PBKDF2_HMAC_SHA256,
                Some([10]) => pbkdf2::PBKDF2_HMAC_SHA384,
                Some([11]) => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(Malformed),
            },
        };
        let named = encryption.expect(tag::OBJECT)?.content;
        let cipher = match named.strip_prefix(object::AES) {
            Some([2]) => Cipher::Aes(&AES_128, 16),
            Some([22]) => Cipher::Aes(&AES_192, 24),
            Some([42]) => Cipher::Aes(&AES_256, 32),
            None if named == object::DES_EDE3_CBC => Cipher::TripleDes,
            _ => return Err(Malformed),
        };
        let initial = encryption.expect(tag::OCTET_STRING)?.content.to_vec();
        let derivation = Derivation::Pbkdf2(hash, rounds);
        Ok(Self { derivation, salt, cipher, initial, data, kind: Kind::Pkcs8 })
    }

    /// RFC 1421's headers: `Proc-Type: 4,ENCRYPTED` and `DEK-Info: AES-128-CBC,…`.
    fn of_pem(section: &Section<'_>, kind: Kind) -> Result<Self, Malformed> {
        let header = std::str::from_utf8(&section.header).map_err(|_| Malformed)?;
        let info = header.lines().find_map(|line| line.strip_prefix("DEK-Info: ")).ok_or(Malformed)?;
        let (name, hex) = info.trim().split_once(',').ok_or(Malformed)?;
        let cipher = match name {
            "AES-128-CBC" => Cipher::Aes(&AES_128, 16),
            "AES-192-CBC" => Cipher::Aes(&AES_192, 24),
            "AES-256-CBC" => Cipher::Aes(&AES_256, 32),
            "DES-EDE3-CBC" => Cipher::TripleDes,
            _ => return Err(Malformed),
        };
        let mut initial = vec![0; cipher.block_length()];
        if hex.len() != 2 * initial.len() || !hex.is_ascii() {
            return Err(Malformed);
        }
        for (index, byte) in initial.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map_err(|_| Malformed)?;
        }
        let salt = initial[..8].to_vec();
        Ok(Self { derivation: Derivation::Pem, salt, cipher, initial, data: section.data.clone(), kind })
    }

    fn open(&self, password: &[u8]) -> Option<PrivateKeyDer<'static>> {
        let mut key = vec![0; self.cipher.key_length()];
        match &self.derivation {
            Derivation::Pbkdf2(hash, rounds) => pbkdf2::derive(*hash, *rounds, &self.salt, password, &mut key),
            Derivation::Pem => derive_pem(password, &self.salt, &mut key),
        }
        let opened = self.cipher.open(&key, &self.initial, &self.data)?;
        // A wrong pass phrase can leave a right padding by chance, but no structure.
        Reader::new(&opened).expect(tag::SEQUENCE).ok()?;
        Some(self.kind.key(opened))
    }
}

/// aws-lc-rs leaves it out.
fn open_triple_des(key: &[u8], initial: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    const BLOCK: usize = 8;
    let cipher = TdesEde3::new_from_slice(key).ok()?;
    let mut before: [u8; BLOCK] = initial.try_into().ok()?;
    let mut opened = Vec::with_capacity(data.len());
    for block in data.chunks(BLOCK) {
        let block: [u8; BLOCK] = block.try_into().ok()?;
        let mut plain = block.into();
        cipher.decrypt_block(&mut plain);
        opened.extend(plain.iter().zip(before).map(|(byte, mask)| byte ^ mask));
        before = block;
    }
    let padding = usize::from(*opened.last()?);
    let length = opened.len().checked_sub(padding)?;
    let is_padded = (1..=BLOCK).contains(&padding) && opened[length..].iter().all(|byte| usize::from(*byte) == padding);
    opened.truncate(length);
    is_padded.then_some(opened)
}

fn derive_pem(password: &[u8], salt: &[u8], key: &mut [u8]) {
    let mut block = Vec::new();
    for part in key.chunks_mut(16) {
        block = Md5::new().chain_update(&block).chain_update(password).chain_update(salt).finalize().to_vec();
        part.copy_from_slice(&block[..part.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_password_file() {
        assert_eq!(passwords(b"one\r\n\ntwo"), [b"one".to_vec(), b"two".to_vec()]);
        assert!(passwords(b"\n").is_empty());
    }

    #[test]
    fn junk_in_a_locked_key_is_refused() {
        let junk = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(matches!(open_key(&Text::from("k"), junk, &[]), Err(TlsFault::UnknownLock(_))));
    }
}
