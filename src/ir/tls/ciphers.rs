//! The language of `ssl_ciphers`: OpenSSL's cipher lists, evaluated over its own table.

use super::cipher_table::{Authentication, Encryption, KeyExchange, Mac, Protocol, SUITES, Suite};
use super::{NO_CHOICE, WEAK_SUITE, WithoutEffect, is_negotiated};

/// Evaluates a cipher list. `None` is what OpenSSL calls "no cipher match".
pub fn evaluate(list: &[u8]) -> Option<Vec<&'static Suite>> {
    let text = String::from_utf8_lossy(list);
    let mut state = State { active: Vec::new(), inactive: SUITES.iter().collect() };
    for element in elements(&text) {
        state.apply(element);
    }
    (!state.active.is_empty()).then_some(state.active)
}

/// The level of security that Debian's OpenSSL has where a list names none.
pub const USUAL_SECURITY_LEVEL: usize = 2;

/// The level of security that a list names last.
pub fn security_level(list: &[u8]) -> usize {
    let text = String::from_utf8_lossy(list);
    let levels = elements(&text).filter_map(|element| element.strip_prefix("@SECLEVEL=")?.parse().ok());
    levels.last().unwrap_or(USUAL_SECURITY_LEVEL)
}

/// What a list asks for, by name or property, where all of it is never negotiated; and the level of security.
pub fn without_effect(list: &str) -> WithoutEffect {
    let reason = |element: &str| {
        let mut asked = SUITES.iter().filter(|suite| matches(suite, element)).peekable();
        match element.starts_with("@SECLEVEL") {
            true => Some(NO_CHOICE),
            false => (asked.peek().is_some() && !asked.any(is_negotiated)).then_some(WEAK_SUITE),
        }
    };
    elements(list).filter_map(|element| Some((element.to_owned(), reason(element)?))).collect()
}

/// OpenSSL lets a command stand right behind a name, as in `DEFAULT@SECLEVEL=1`.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let parts = list.split([':', ',', ';', ' ']);
    let elements = parts.flat_map(|part| {
        let (name, command) = part.split_at(part.find('@').unwrap_or(part.len()));
        [name, command]
    });
    elements.filter(|element| !element.is_empty())
}

struct State {
    active: Vec<&'static Suite>,
    /// What could still be added, in the order in which it would be.
    inactive: Vec<&'static Suite>,
}

impl State {
    fn apply(&mut self, element: &str) {
        if let Some(command) = element.strip_prefix('@') {
            if command == "STRENGTH" {
                self.active.sort_by_key(|suite| std::cmp::Reverse(suite.key_bits));
            }
            return;
        }
        if let Some(rest) = element.strip_prefix('!') {
            self.active.retain(|suite| !matches(suite, rest));
            self.inactive.retain(|suite| !matches(suite, rest));
        } else if let Some(rest) = element.strip_prefix('-') {
            let (mut gone, kept) = self.active.iter().partition::<Vec<_>, _>(|suite| matches(suite, rest));
            gone.append(&mut self.inactive);
            (self.active, self.inactive) = (kept, gone);
        } else if let Some(rest) = element.strip_prefix('+') {
            self.active.sort_by_key(|suite| matches(suite, rest));
        } else if element == "DEFAULT" {
            self.add(|suite| is_alias(suite, "DEFAULT"));
        } else {
            self.add(|suite| matches(suite, element));
        }
    }

    fn add(&mut self, wanted: impl Fn(&Suite) -> bool) {
        let (mut added, left) = self.inactive.iter().partition::<Vec<_>, _>(|suite| wanted(suite));
        self.active.append(&mut added);
        self.inactive = left;
    }
}

/// Whether a suite has all the properties in `A+B+C`; a name that nobody knows has none.
fn matches(suite: &Suite, properties: &str) -> bool {
    properties.split('+').all(|property| suite.name == property || is_alias(suite, property))
}

fn is_alias(suite: &Suite, alias: &str) -> bool {
    let anonymous = suite.authentication == Authentication::None;
    let null = suite.encryption == Encryption::Null;
    let key_exchange = suite.key_exchange;
    match alias {
        "ALL" => !null,
        "DEFAULT" => !null && !anonymous,
        "COMPLEMENTOFALL" | "eNULL" | "NULL" => null,
        "COMPLEMENTOFDEFAULT" => anonymous && !null,
        "HIGH" => !null,
        "FIPS" => !null && matches!(suite.encryption, Encryption::AesGcm | Encryption::AesCcm | Encryption::AesCbc),
        "aNULL" => anonymous,
        "ADH" => anonymous && key_exchange == KeyExchange::Dhe,
        "AECDH" => anonymous && key_exchange == KeyExchange::Ecdhe,
        "kRSA" => key_exchange == KeyExchange::Rsa,
        "RSA" => key_exchange == KeyExchange::Rsa,
        "kDHE" | "kEDH" | "DH" => key_exchange == KeyExchange::Dhe,
        "DHE" | "EDH" => key_exchange == KeyExchange::Dhe && !anonymous,
        "kECDHE" | "kEECDH" | "ECDH" => key_exchange == KeyExchange::Ecdhe,
        "ECDHE" | "EECDH" => key_exchange == KeyExchange::Ecdhe && !anonymous,
        "kPSK" => key_exchange == KeyExchange::Psk,
        "kRSAPSK" => key_exchange == KeyExchange::RsaPsk,
        "kDHEPSK" => key_exchange == KeyExchange::DhePsk,
        "kECDHEPSK" => key_exchange == KeyExchange::EcdhePsk,
        "PSK" => {
            matches!(key_exchange, KeyExchange::Psk | KeyExchange::RsaPsk | KeyExchange::DhePsk | KeyExchange::EcdhePsk)
        }
        "SRP" | "kSRP" => key_exchange == KeyExchange::Srp,
        "aRSA" => suite.authentication == Authentication::Rsa,
        "aECDSA" | "ECDSA" => suite.authentication == Authentication::Ecdsa,
        "aDSS" | "DSS" => suite.authentication == Authentication::Dss,
        "aPSK" => suite.authentication == Authentication::Psk,
        _ => is_algorithm(suite, alias),
    }
}

fn is_algorithm(suite: &Suite, alias: &str) -> bool {
    use Encryption::{AesCbc, AesCcm, AesCcm8, AesGcm, AriaGcm, Camellia, Chacha20};
    let is_aes = matches!(suite.encryption, AesGcm | AesCcm | AesCcm8 | AesCbc);
    match alias {
        "AES" => is_aes,
        "AES128" => is_aes && suite.key_bits == 128,
        "AES256" => is_aes && suite.key_bits == 256,
        "AESGCM" => suite.encryption == AesGcm,
        "AESCCM" => matches!(suite.encryption, AesCcm | AesCcm8),
        "AESCCM8" => suite.encryption == AesCcm8,
        "CHACHA20" => suite.encryption == Chacha20,
        "ARIA" | "ARIAGCM" => suite.encryption == AriaGcm,
        "ARIA128" => suite.encryption == AriaGcm && suite.key_bits == 128,
        "ARIA256" => suite.encryption == AriaGcm && suite.key_bits == 256,
        "CAMELLIA" => suite.encryption == Camellia,
        "CAMELLIA128" => suite.encryption == Camellia && suite.key_bits == 128,
        "CAMELLIA256" => suite.encryption == Camellia && suite.key_bits == 256,
        "MD5" => suite.mac == Mac::Md5,
        "SHA" | "SHA1" => suite.mac == Mac::Sha1,
        "SHA256" => suite.mac == Mac::Sha256,
        "SHA384" => suite.mac == Mac::Sha384,
        "TLSv1.2" => suite.protocol == Protocol::Tls12,
        "TLSv1" | "TLSv1.0" => suite.protocol == Protocol::Tls10,
        "SSLv3" => suite.protocol == Protocol::Ssl3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        evaluate(list.as_bytes()).unwrap_or_default().into_iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn nothing_known_is_no_match() {
        assert_eq!(evaluate(b"FOO"), None);
        assert_eq!(evaluate(b"RC4-SHA:DES-CBC3-SHA"), None);
        assert_eq!(evaluate(b"HIGH:!ALL"), None);
    }

    #[test]
    fn names_and_properties_add_in_the_order_they_stand() {
        assert_eq!(names("AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256"), ["AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(names("AES128-SHA@SECLEVEL=0"), ["AES128-SHA"]);
        assert_eq!(names("EECDH+AESGCM:!aECDSA"), ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]);
    }

    #[test]
    fn a_killed_suite_stays_away_and_a_removed_one_may_return() {
        assert_eq!(names("AES128-SHA:!AES128-SHA:AES128-SHA:AES256-SHA"), ["AES256-SHA"]);
        assert_eq!(names("AES128-SHA:AES256-SHA:-AES128-SHA:AES128-SHA"), ["AES256-SHA", "AES128-SHA"]);
    }

    #[test]
    fn plus_moves_to_the_end_and_strength_sorts() {
        assert_eq!(names("AES128-SHA:AES256-SHA:+AES128"), ["AES256-SHA", "AES128-SHA"]);
        assert_eq!(names("AES128-SHA:AES256-SHA:@STRENGTH"), ["AES256-SHA", "AES128-SHA"]);
    }
}
