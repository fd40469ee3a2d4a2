//! Variables that come from a client's certificate.

use sha1::{Digest, Sha1};

use super::put::{Write1, put, put_bytes};
use crate::http::request::Request;
use crate::log::now;
use crate::primitives::escape::{self, Escape};
use crate::primitives::http_date;
use crate::wire::x509::Certificate;
use crate::wire::x509_name;

const DAY_SECONDS: i64 = 86_400;

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "ssl_client_verify" => |request, out| {
            if !request.connection.is_secure() {
                return false;
            }
            if let Some(fault) = request.connection.client_fault() {
                return put(out, format_args!("FAILED:{fault}"));
            }
            match request.connection.client_trusted() {
                None => put_bytes(out, b"NONE"),
                Some(Ok(())) => put_bytes(out, b"SUCCESS"),
                Some(Err(reason)) => put(out, format_args!("FAILED:{}", reason.text())),
            }
        },
        "ssl_client_s_dn" => |request, out| of(request, out, |found| x509_name::rfc2253(found.subject)),
        "ssl_client_i_dn" => |request, out| of(request, out, |found| x509_name::rfc2253(found.issuer)),
        "ssl_client_s_dn_legacy" => |request, out| of(request, out, |found| x509_name::one_line(found.subject)),
        "ssl_client_i_dn_legacy" => |request, out| of(request, out, |found| x509_name::one_line(found.issuer)),
        "ssl_client_serial" => |request, out| of(request, out, |found| serial(found.serial)),
        "ssl_client_fingerprint" => |request, out| of(request, out, |found| hexadecimal(&Sha1::digest(found.der))),
        "ssl_client_v_start" => |request, out| of(request, out, |found| time(found.not_before)),
        "ssl_client_v_end" => |request, out| of(request, out, |found| time(found.not_after)),
        "ssl_client_v_remain" => |request, out| of(request, out, |found| remaining_days(found.not_after).to_string()),
        "ssl_client_raw_cert" => |request, out| of(request, out, |found| pem(found.der)),
        "ssl_client_cert" => |request, out| of(request, out, |found| pem(found.der).trim_end().replace('\n', "\n\t")),
        "ssl_client_escaped_cert" => |request, out| {
            let mut raw = Vec::new();
            let found = of(request, &mut raw, |found| pem(found.der));
            escape::write(&raw, Escape::UriComponent, out);
            found
        },
        _ => return None,
    })
}

fn of(request: &Request, out: &mut Vec<u8>, get: impl FnOnce(&Certificate<'_>) -> String) -> bool {
    let shown = request.connection.with_tls(|tls| {
        let first = Certificate::parse(tls.peer_certificates()?.first()?).ok()?;
        Some(put_bytes(out, get(&first).as_bytes()))
    });
    shown.unwrap_or(false)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn serial(number: &[u8]) -> String {
    let start = number.iter().position(|&byte| byte != 0).unwrap_or(number.len().saturating_sub(1));
    number[start..].iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `Feb  3 00:55:52 2015 GMT`, as OpenSSL prints times; an HTTP date has the same parts in another order.
fn time(unix_seconds: i64) -> String {
    let date = http_date::format(unix_seconds);
    match date.split(' ').collect::<Vec<_>>()[..] {
        [_, day, month, year, time, zone] => {
            format!("{month} {:>2} {time} {year} {zone}", day.trim_start_matches('0'))
        }
        _ => date,
    }
}

fn remaining_days(until: i64) -> i64 {
    (until - now::since_epoch().as_secs() as i64).max(0) / DAY_SECONDS
}

/// RFC 7468, in lines of 64.
fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n");
    let body: String = lines.collect();
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_are_openssls() {
        assert_eq!(time(1_422_924_952), "Feb  3 00:55:52 2015 GMT");
        assert_eq!(serial(&[0, 0xab, 1]), "AB01");
        assert_eq!(serial(&[0]), "00");
        assert!(pem(&[1; 49]).contains("AQ\nAQ") || pem(&[1; 49]).lines().nth(1).is_some_and(|line| line.len() == 64));
    }
}
