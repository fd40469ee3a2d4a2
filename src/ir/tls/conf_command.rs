//! `ssl_conf_command` and its like: OpenSSL's own configuration, as far as evenkeel has the same choice.

use super::{Curve, NO_CHOICE, OLD_VERSION, OTHER_GROUP, Protocols, WEAK_SUITE, WithoutEffect, ciphers, negotiated};
use crate::ir::value::Text;

/// One command.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ConfCommand {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Text,
}

/// What commands can change.
#[derive(Debug)]
pub struct Settings<'s> {
    /// The versions.
    pub protocols: &'s mut Protocols,
    /// The suites of TLS 1.2.
    pub ciphers: &'s mut Vec<&'static str>,
    /// The suites of TLS 1.3; empty for all.
    pub ciphersuites: &'s mut Vec<&'static str>,
    /// The groups.
    pub curves: &'s mut Vec<Curve>,
    /// Whether a server hands out tickets.
    pub session_tickets: &'s mut bool,
    /// Whether a server's order of suites counts.
    pub server_preference: &'s mut bool,
    /// The path of the certificates, as written.
    pub certificate: &'s mut Option<Text>,
    /// The path of the key, as written.
    pub key: &'s mut Option<Text>,
}

/// The suites of TLS 1.3 that evenkeel negotiates, and those that only OpenSSL knows.
const TLS13_SUITES: [&str; 3] = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"];
const TLS13_SUITES_OF_OPENSSL: [&str; 2] = ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"];

/// The names that OpenSSL knows and evenkeel has no use for.
const WITHOUT_EFFECT: [&str; 15] = [
    "DHParameters",
    "ECDHParameters",
    "SignatureAlgorithms",
    "ClientSignatureAlgorithms",
    "VerifyMode",
    "VerifyCAFile",
    "VerifyCAPath",
    "ChainCAFile",
    "ChainCAPath",
    "RequestCAFile",
    "ClientCAFile",
    "ClientCAPath",
    "ServerInfoFile",
    "RecordPadding",
    "NumTickets",
];

/// The options that evenkeel has.
const OPTIONS: [&str; 2] = ["SessionTicket", "ServerPreference"];

impl ConfCommand {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// What OpenSSL would take, and evenkeel does nothing for.
    pub fn without_effect(&self) -> WithoutEffect {
        let text = self.value.to_string();
        let words = |separator, is_without: fn(&str) -> bool, reason| {
            let words = text.split(separator).filter(|word| is_without(word));
            words.map(|word| (word.to_owned(), reason)).collect()
        };
        let is_old = |word: &str| matches!(option(word), (true, "SSLv3" | "TLSv1" | "TLSv1.1"));
        match () {
            () if self.is_without_effect() => vec![(self.name.to_string(), NO_CHOICE)],
            () if self.is("Options") => words(',', |word| !OPTIONS.contains(&option(word).1), NO_CHOICE),
            () if self.is("CipherString") => ciphers::without_effect(&text),
            () if self.is("Ciphersuites") => words(':', |name| TLS13_SUITES_OF_OPENSSL.contains(&name), WEAK_SUITE),
            () if self.is("Groups") || self.is("Curves") => {
                words(':', |name| Curve::of_name(name) == Some(None), OTHER_GROUP)
            }
            () if ["MinProtocol", "MaxProtocol", "Protocol"].iter().any(|name| self.is(name)) => {
                words(',', is_old, OLD_VERSION)
            }
            () => Vec::new(),
        }
    }

    fn is_without_effect(&self) -> bool {
        WITHOUT_EFFECT.iter().any(|name| self.is(name))
    }

    /// Does what it says. The error is OpenSSL's.
    pub fn apply(&self, settings: &mut Settings<'_>) -> Result<(), String> {
        let text = self.value.to_string();
        match () {
            () if self.is("Certificate") => *settings.certificate = Some(self.value.clone()),
            () if self.is("PrivateKey") => *settings.key = Some(self.value.clone()),
            () if self.is("CipherString") => {
                let suites = ciphers::evaluate(&self.value).ok_or_else(|| self.bad_value())?;
                *settings.ciphers = negotiated(&suites);
            }
            () if self.is("Ciphersuites") => {
                let suites = text.split(':').filter(|name| !TLS13_SUITES_OF_OPENSSL.contains(name));
                let known = |name| TLS13_SUITES.iter().find(|known| **known == name).copied();
                *settings.ciphersuites = suites.map(known).collect::<Option<_>>().ok_or_else(|| self.bad_value())?;
            }
            () if self.is("Options") => {
                for (enabled, name) in text.split(',').map(option) {
                    match name {
                        "SessionTicket" => *settings.session_tickets = enabled,
                        "ServerPreference" => *settings.server_preference = enabled,
                        _ => {}
                    }
                }
            }
            () if self.is("Groups") || self.is("Curves") => {
                let groups: Option<Vec<_>> = text.split(':').map(Curve::of_name).collect();
                *settings.curves = groups.ok_or_else(|| self.bad_value())?.into_iter().flatten().collect();
            }
            () if self.is("MinProtocol") => {
                let lowest = version(&text).ok_or_else(|| self.bad_value())?;
                settings.protocols.tls12 &= lowest <= 2;
                settings.protocols.tls13 &= lowest <= 3;
            }
            () if self.is("MaxProtocol") => {
                let highest = version(&text).filter(|version| *version != 0 || text == "None");
                let highest = highest.map(|version| if version == 0 { u8::MAX } else { version });
                let highest = highest.ok_or_else(|| self.bad_value())?;
                settings.protocols.tls12 &= highest >= 2;
                settings.protocols.tls13 &= highest >= 3;
            }
            () if self.is("Protocol") => self.apply_protocol(&text, settings)?,
            () if self.is_without_effect() => {}
            () => return Err(self.fault("error:0A000182:SSL routines::unknown cmd name:cmd=", "")),
        }
        Ok(())
    }

    /// `Protocol -TLSv1.2,TLSv1.3`
    fn apply_protocol(&self, text: &str, settings: &mut Settings<'_>) -> Result<(), String> {
        for word in text.split(',') {
            let (enabled, name) = option(word);
            match version(name) {
                Some(2) => settings.protocols.tls12 = enabled,
                Some(3) => settings.protocols.tls13 = enabled,
                None if name == "ALL" => *settings.protocols = Protocols { tls12: enabled, tls13: enabled },
                None => return Err(self.bad_value()),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn bad_value(&self) -> String {
        self.fault("error:0A000180:SSL routines::bad value:cmd=", &format!(", value={}", self.value))
    }

    fn fault(&self, error: &str, rest: &str) -> String {
        let Self { name, value } = self;
        format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed (SSL: {error}{name}{rest})")
    }
}

/// `-Name` switches off, `Name` and `+Name` on.
fn option(word: &str) -> (bool, &str) {
    match word.strip_prefix('-') {
        Some(name) => (false, name),
        None => (true, word.strip_prefix('+').unwrap_or(word)),
    }
}

/// The second number of a version of TLS; 0 for none and for those before it.
fn version(text: &str) -> Option<u8> {
    Some(match text {
        "TLSv1.3" => 3,
        "TLSv1.2" => 2,
        "TLSv1.1" => 1,
        "TLSv1" | "SSLv3" | "None" => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(name: &str, value: &str) -> Result<Protocols, String> {
        let command = ConfCommand { name: Text::from(name), value: Text::from(value) };
        let mut protocols = Protocols { tls12: true, tls13: true };
        let settings = &mut Settings {
            protocols: &mut protocols,
            ciphers: &mut Vec::new(),
            ciphersuites: &mut Vec::new(),
            session_tickets: &mut true,
            server_preference: &mut false,
            curves: &mut Vec::new(),
            certificate: &mut None,
            key: &mut None,
        };
        command.apply(settings).map(|()| protocols)
    }

    #[test]
    fn versions() {
        assert_eq!(apply("MinProtocol", "TLSv1.3"), Ok(Protocols { tls12: false, tls13: true }));
        assert_eq!(apply("maxprotocol", "TLSv1.2"), Ok(Protocols { tls12: true, tls13: false }));
        assert_eq!(apply("Protocol", "-TLSv1.2"), Ok(Protocols { tls12: false, tls13: true }));
    }

    #[test]
    fn faults_are_openssls() {
        let fault =
            "SSL_CONF_cmd(\"Foo\", \"bar\") failed (SSL: error:0A000182:SSL routines::unknown cmd name:cmd=Foo)";
        assert_eq!(apply("Foo", "bar"), Err(fault.to_owned()));
        assert!(apply("MinProtocol", "TLSv1.9").is_err());
    }
}
