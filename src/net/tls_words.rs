//! What rustls says of a fault, in the words that OpenSSL has for it.

use std::fmt;
use std::io;

use rustls::{Error, InvalidMessage, PeerIncompatible};

/// What rustls said, if the error is its.
pub fn rustls_fault(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// A fault of TLS as OpenSSL tells it: number, library, words.
pub struct InOpensslsWords<'e>(pub &'e Error);

impl InOpensslsWords<'_> {
    /// Whether nginx takes it for the other side's doing.
    pub fn is_usual(&self) -> bool {
        matches!(self.0, Error::AlertReceived(_) | Error::InvalidMessage(_) | Error::PeerIncompatible(_))
            || matches!(self.0, Error::PeerMisbehaved(_) | Error::DecryptError | Error::PeerSentOversizedRecord)
    }
}

impl fmt::Display for InOpensslsWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Where OpenSSL's numbers for SSL begin, and in them those for alerts.
        const SSL: u32 = 0x0A00_0000;
        const ALERT: u32 = 1000;
        match self.0 {
            Error::AlertReceived(alert) => {
                let number = u8::from(*alert);
                let code = SSL + ALERT + u32::from(number);
                write!(f, "error:{code:08X}:SSL routines::{}:SSL alert number {number}", alert_text(number))
            }
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
                f.write_str("error:0A00010B:SSL routines::wrong version number")
            }
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
                f.write_str("error:0A0000C1:SSL routines::no shared cipher")
            }
            Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon) => {
                f.write_str("error:0A000065:SSL routines::no suitable key share")
            }
            Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
                f.write_str("error:0A000076:SSL routines::no suitable signature algorithm")
            }
            Error::PeerIncompatible(_) => f.write_str("error:0A000102:SSL routines::unsupported protocol"),
            Error::NoApplicationProtocol => f.write_str("error:0A0000EB:SSL routines::no application protocol"),
            fault => fault.fmt(f),
        }
    }
}

fn alert_text(number: u8) -> &'static str {
    match number {
        10 => "sslv3 alert unexpected message",
        20 => "sslv3 alert bad record mac",
        22 => "tlsv1 alert record overflow",
        40 => "sslv3 alert handshake failure",
        42 => "sslv3 alert bad certificate",
        43 => "sslv3 alert unsupported certificate",
        44 => "sslv3 alert certificate revoked",
        45 => "sslv3 alert certificate expired",
        46 => "sslv3 alert certificate unknown",
        47 => "sslv3 alert illegal parameter",
        48 => "tlsv1 alert unknown ca",
        49 => "tlsv1 alert access denied",
        50 => "tlsv1 alert decode error",
        51 => "tlsv1 alert decrypt error",
        70 => "tlsv1 alert protocol version",
        71 => "tlsv1 alert insufficient security",
        80 => "tlsv1 alert internal error",
        86 => "tlsv1 alert inappropriate fallback",
        109 => "tlsv13 alert missing extension",
        112 => "tlsv1 unrecognized name",
        116 => "tlsv13 alert certificate required",
        120 => "tlsv1 alert no application protocol",
        _ => "reason(unknown)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_openssls_numbers() {
        let alert = Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let text = "error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40";
        assert_eq!(InOpensslsWords(&alert).to_string(), text);
    }
}
