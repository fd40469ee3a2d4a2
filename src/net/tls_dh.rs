//! The file of `ssl_dhparam`: checked as OpenSSL checks it, and left aside, for finite-field Diffie-Hellman is not negotiated.

use std::io;

use super::tls_fault::TlsFault;
use super::tls_pem;
use crate::ir::tls::ServerTls;
use crate::ir::value::Text;
use crate::wire::der::{Malformed, Reader, tag};
use crate::wire::pem;

const NO_START: &str = "error:0480006C:PEM routines::no start line:Expecting: DH PARAMETERS";
const BAD_DER: &str = "error:068000A8:asn1 encoding routines::wrong tag \
                       error:0688010A:asn1 encoding routines::nested asn1 error:Type=DHparams \
                       error:0488000D:PEM routines::ASN1 lib";
/// How long the prime has to be at each level of security; level 0 refuses the least, too.
const SMALLEST_PRIME_BITS: [usize; 6] = [1024, 1024, 2048, 3072, 7680, 15360];

/// Refuses a file that OpenSSL would refuse.
pub fn check(wanted: &ServerTls, read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> Result<(), TlsFault> {
    let Some(path) = &wanted.dhparam else { return Ok(()) };
    let pem = read(path).map_err(|fault| TlsFault::DhUnreadable(path.clone(), fault))?;
    let bits = prime_bits(&pem).map_err(|reason| TlsFault::NoDhParameters(path.clone(), reason))?;
    match bits < SMALLEST_PRIME_BITS[wanted.security_level.min(5)] {
        true => Err(TlsFault::DhTooSmall(path.clone())),
        false => Ok(()),
    }
}

/// The length of the prime, or OpenSSL's reason why there is none.
fn prime_bits(text: &[u8]) -> Result<usize, &'static str> {
    for section in pem::sections(text) {
        let section = section.map_err(tls_pem::words)?;
        if section.label.ends_with(b"DH PARAMETERS") {
            let prime = Reader::new(&section.data).inside(tag::SEQUENCE).and_then(|mut inner| inner.integer_bits());
            return prime.map_err(|Malformed| BAD_DER);
        }
    }
    Err(NO_START)
}
