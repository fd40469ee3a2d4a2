//! Reading `ssl_…`.

use super::super::proxy_ssl::setters::{named_ciphers, named_protocols};
use super::{SslOwn, TicketKey};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::{Directive, Word};
use crate::ir::http::draft::HttpDraft;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::tls::{Curve, OTHER_GROUP, SessionCache};
use crate::ir::value::{PAGE_SIZE, Text, Zone};
use crate::primitives::size;

/// `SSL_SESSION_CACHE_MAX_SIZE_DEFAULT`; their room is set aside at once.
const MOST_SESSIONS: usize = 20_480;

/// A setter for one value of the server that is being read (or, in `http`, of all servers).
macro_rules! ssl {
    ($field:ident, $parse:expr) => {
        |reader, directive| setter::once(&mut reader.http.server_ssl().$field, directive, $parse)
    };
}

/// The setters of `http_ssl`.
pub const SETTERS: Table = &[
    ("ssl", ssl),
    ("ssl_certificate", certificate),
    ("ssl_certificate_key", certificate_key),
    ("ssl_certificate_cache", certificate_cache),
    ("ssl_protocols", protocols),
    ("ssl_ciphers", ciphers),
    ("ssl_prefer_server_ciphers", ssl!(prefer_server_ciphers, setter::flag)),
    ("ssl_ecdh_curve", ecdh_curve),
    ("ssl_session_tickets", ssl!(session_tickets, setter::flag)),
    ("ssl_session_timeout", ssl!(session_timeout_s, setter::seconds)),
    ("ssl_session_cache", session_cache),
    ("ssl_early_data", ssl!(early_data, setter::flag)),
    ("ssl_buffer_size", ssl!(buffer_size, setter::size)),
    ("ssl_reject_handshake", ssl!(reject_handshake, setter::flag)),
    ("ssl_dhparam", ssl!(dhparam, setter::some_text)),
    ("ssl_password_file", password_file),
    ("ssl_verify_client", ssl!(verify_client, setter::word)),
    ("ssl_verify_depth", ssl!(verify_depth, setter::number)),
    ("ssl_client_certificate", ssl!(client_certificate, setter::text)),
    ("ssl_trusted_certificate", ssl!(trusted_certificate, setter::text)),
    ("ssl_crl", ssl!(crl, setter::text)),
    ("ssl_session_ticket_key", ticket_key),
    ("ssl_ech_file", ech_file),
    ("ssl_key_log", key_log),
    ("ssl_certificate_compression", ssl!(certificate_compression, setter::flag)),
    ("ssl_conf_command", conf_command),
    ("ssl_stapling", ssl!(stapling, setter::flag)),
    ("ssl_stapling_file", ssl!(stapling_file, setter::text)),
    ("ssl_stapling_responder", ssl!(stapling_responder, setter::text)),
    ("ssl_stapling_verify", ssl!(stapling_verify, setter::flag)),
    ("ssl_ocsp", ssl!(ocsp, setter::word)),
    ("ssl_ocsp_responder", ssl!(ocsp_responder, setter::text)),
    ("ssl_ocsp_cache", ocsp_cache),
];

/// What was there before `listen … ssl`; nginx 1.25.1 dropped it.
fn ssl(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.warn(directive.warn("the \"ssl\" directive is deprecated, use the \"listen ... ssl\" directive instead"));
    setter::once(&mut reader.http.server_ssl().enabled, directive, setter::flag)
}

fn certificate(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let path = Text::from(directive.args()[0].value);
    reader.http.server_ssl().certificates.get_or_insert_default().push(path);
    Ok(())
}

fn certificate_key(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let path = Text::from(directive.args()[0].value);
    if path.starts_with(b"engine:") {
        return Err(directive.fails("with an engine of OpenSSL is not served by evenkeel"));
    }
    reader.http.server_ssl().keys.get_or_insert_default().push(path);
    Ok(())
}

fn certificate_cache(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.http.server_ssl().certificate_cache.is_some() {
        return Err(setter::duplicate(directive));
    }
    let cache = super::super::proxy_ssl::setters::certificate_cache(reader, directive)?;
    reader.http.server_ssl().certificate_cache = Some(cache);
    Ok(())
}

/// `ssl_password_file`: nginx reads it at this place.
fn password_file(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.http.server_ssl().password_file.is_some() {
        return Err(setter::duplicate(directive));
    }
    let path = super::super::proxy_ssl::setters::password_file(reader, directive)?;
    reader.http.server_ssl().password_file = Some(path);
    Ok(())
}

fn conf_command(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let command = super::super::proxy_ssl::setters::conf_command(reader, directive)?;
    reader.http.server_ssl().conf_commands.get_or_insert_default().push(command);
    Ok(())
}

fn ech_file(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let path = setter::text(directive)?;
    reader.http.server_ssl().ech_files.get_or_insert_default().push(path);
    Ok(())
}

fn key_log(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let path = reader.full_path(directive.args()[0].value);
    setter::once(&mut reader.http.server_ssl().key_log, directive, |_| Ok(Some(path)))
}

fn ticket_key(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let key = TicketKey { path: reader.conf_path(directive.args()[0].value), place: directive.place() };
    reader.http.server_ssl().ticket_keys.get_or_insert_default().push(key);
    Ok(())
}

fn protocols(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let before = reader.http.server_ssl().protocols.unwrap_or_default();
    let named = named_protocols(reader, directive, before)?;
    reader.http.server_ssl().protocols = Some(named);
    Ok(())
}

fn ciphers(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let list = named_ciphers(reader, directive)?;
    setter::once(&mut reader.http.server_ssl().ciphers, directive, |_| Ok(list))
}

fn ecdh_curve(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    setter::once(&mut reader.http.server_ssl().ecdh_curve, directive, setter::text)?;
    let list = directive.args()[0].text();
    let unknown_here = list.split(':').filter(|name| Curve::of_name(name) == Some(None));
    reader.note_words_without_effect(directive, unknown_here, OTHER_GROUP);
    Ok(())
}

fn session_cache(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let mut cache = SessionCache::None;
    for word in directive.args() {
        let named = match word.value {
            b"off" | b"none" => SessionCache::None,
            b"builtin" => SessionCache::Builtin(MOST_SESSIONS),
            value => match value.strip_prefix(b"builtin:") {
                Some(count) => {
                    let count = size::parse_number(count).ok_or_else(|| invalid_cache(directive, word))? as usize;
                    // OpenSSL takes 0 for no limit.
                    if !(1..=MOST_SESSIONS).contains(&count) {
                        let reason = "a worker remembers 20480 sessions at most";
                        reader.note_words_without_effect(directive, [&*word.text()], reason);
                    }
                    SessionCache::Builtin(if count == 0 { MOST_SESSIONS } else { count.min(MOST_SESSIONS) })
                }
                None => shared_cache(reader, directive, word)?,
            },
        };
        // Beside a shared one, a worker's own would remember nothing that is not there.
        if !matches!(cache, SessionCache::Shared(_)) {
            cache = named;
        }
    }
    reader.http.server_ssl().session_cache = Some(cache);
    Ok(())
}

/// `shared:NAME:SIZE`
fn shared_cache(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    word: &Word<'_>,
) -> Result<SessionCache, Diagnostic> {
    let invalid = || invalid_cache(directive, word);
    let rest = word.value.strip_prefix(b"shared:").ok_or_else(invalid)?;
    let colon = rest.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0).ok_or_else(invalid)?;
    let bytes = size::parse_size(&rest[colon + 1..]).ok_or_else(invalid)? as usize;
    if bytes < 8 * PAGE_SIZE {
        return Err(directive.emerg(format!("session cache \"{}\" is too small", word.text())));
    }
    let zone = Zone { name: Text::from(&rest[..colon]), size: bytes };
    reader.http.add_zone(directive, &zone, "http_ssl")?;
    Ok(SessionCache::Shared(zone))
}

/// `ssl_ocsp_cache`: `off` or `shared:NAME:SIZE`
fn ocsp_cache(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.http.server_ssl().ocsp_cache.is_some() {
        return Err(setter::duplicate(directive));
    }
    let word = &directive.args()[0];
    let invalid = || directive.emerg(format!("invalid OCSP cache \"{}\"", word.text()));
    let cache = match (word.value, word.value.strip_prefix(b"shared:")) {
        (b"off", _) => None,
        (_, None) => return Err(invalid()),
        (_, Some(rest)) => {
            let colon = rest.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0).ok_or_else(invalid)?;
            let bytes = size::parse_size(&rest[colon + 1..]).ok_or_else(invalid)? as usize;
            if bytes < 8 * PAGE_SIZE {
                return Err(directive.emerg(format!("OCSP cache \"{}\" is too small", word.text())));
            }
            let zone = Zone { name: Text::from(&rest[..colon]), size: bytes };
            reader.http.add_zone(directive, &zone, "http_ssl_ocsp")?;
            Some(zone)
        }
    };
    reader.http.server_ssl().ocsp_cache = Some(cache);
    Ok(())
}

fn invalid_cache(directive: &Directive<'_>, word: &Word<'_>) -> Diagnostic {
    directive.emerg(format!("invalid session cache \"{}\"", word.text()))
}

impl HttpDraft {
    /// The values of the server that is being read, or of `http`.
    fn server_ssl(&mut self) -> &mut SslOwn {
        match &mut self.server {
            Some(server) => &mut server.ssl,
            None => &mut self.server_ssl,
        }
    }
}
