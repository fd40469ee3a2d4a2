//! Reading what is not one plain value of `proxy_ssl_…` and `grpc_ssl_…`.

use std::rc::Rc;

use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::event::Event;
use crate::ir::http::ssl::NamedProtocols;
use crate::ir::reader::Reader;
use crate::ir::setter;
use crate::ir::tls::conf_command::ConfCommand;
use crate::ir::tls::{CertificateCache, OLD_VERSION, WithoutEffect, ciphers};
use crate::ir::value::Text;
use crate::primitives::{duration, size};

/// `proxy_ssl_certificate_cache`
pub fn certificate_cache(
    _: &mut Reader<'_>,
    directive: &Directive<'_>,
) -> Result<Option<Rc<CertificateCache>>, Diagnostic> {
    let mut cache = CertificateCache { max: 0, inactive_s: 10, valid_s: 60 };
    let mut is_off = false;
    for word in directive.args() {
        let invalid = || directive.emerg(format!("invalid parameter \"{}\"", word.text()));
        let seconds = |text: &[u8]| duration::parse_seconds(text).ok_or_else(invalid);
        match word.value {
            b"off" => is_off = true,
            value => {
                match (value.strip_prefix(b"max="), value.strip_prefix(b"inactive="), value.strip_prefix(b"valid=")) {
                    (Some(max), _, _) => {
                        cache.max = size::parse_number(max).filter(|max| *max > 0).ok_or_else(invalid)? as usize;
                    }
                    (_, Some(inactive), _) => cache.inactive_s = seconds(inactive)?,
                    (_, _, Some(valid)) => cache.valid_s = seconds(valid)?,
                    _ => return Err(invalid()),
                }
            }
        }
    }
    match cache.max {
        _ if is_off => Ok(None),
        0 => {
            let name = directive.name().text();
            Err(directive.emerg(format!("\"{name}\" must have the \"max\" parameter")))
        }
        _ => Ok(Some(Rc::new(cache))),
    }
}

/// `proxy_ssl_password_file`: nginx reads it at this place.
pub fn password_file(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Option<Text>, Diagnostic> {
    let path = reader.conf_path(directive.args()[0].value);
    reader.events.push(Event::MustBeReadable { path: path.clone(), place: directive.place() });
    Ok(Some(path))
}

/// The versions of `ssl_protocols` and its like.
pub fn named_protocols(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    before: NamedProtocols,
) -> Result<NamedProtocols, Diagnostic> {
    let named = setter::word_set(reader, directive, before)?;
    let words = directive.args().iter().filter_map(|word| std::str::from_utf8(word.value).ok());
    let old = words.filter(|word| !matches!(*word, "TLSv1.2" | "TLSv1.3"));
    reader.note_words_without_effect(directive, old, OLD_VERSION);
    Ok(named)
}

/// The list of `ssl_ciphers` and its like.
pub fn named_ciphers(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Text, Diagnostic> {
    let list = setter::text(directive)?;
    note_without_effect(reader, directive, ciphers::without_effect(&list.to_string()));
    Ok(list)
}

/// `proxy_ssl_conf_command` and its like
pub fn conf_command(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<ConfCommand, Diagnostic> {
    let [name, value] = directive.args() else { return Err(directive.fails("invalid value")) };
    let command = ConfCommand { name: Text::from(name.value), value: Text::from(value.value) };
    note_without_effect(reader, directive, command.without_effect());
    Ok(command)
}

fn note_without_effect(reader: &mut Reader<'_>, directive: &Directive<'_>, words: WithoutEffect) {
    for (word, reason) in &words {
        reader.note_words_without_effect(directive, [&**word], reason);
    }
}
