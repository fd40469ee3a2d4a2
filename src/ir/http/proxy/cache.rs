//! The setters for what nginx keeps of answers: there is no cache yet. Without `proxy_cache` nginx makes no use of the others either,
//! so they are read and checked, and a file that only shares them goes on working.

use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::{Directive, Word};
use crate::ir::reader::Reader;
use crate::ir::setter::Set;
use crate::primitives::{duration, size};

/// `proxy_cache`; what is not `off` is told to be not served.
pub fn once(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)
}

/// `proxy_cache_bypass`, `proxy_no_cache`: words whose variables have to be there.
pub fn predicates(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    directive.args().iter().try_for_each(|word| reader.template(directive, word.value).map(drop))
}

/// `proxy_cache_key`
pub fn key(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)?;
    predicates(reader, directive)
}

/// `proxy_cache_valid`: statuses, `any`, and for how long (`ngx_http_file_cache_valid_set_slot`).
pub fn valid(_: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let Some((time, statuses)) = directive.args().split_last() else { return Ok(()) };
    if duration::parse_seconds(time.value).is_none() {
        return Err(directive.emerg(format!("invalid time value \"{}\"", time.text())));
    }
    statuses.iter().try_for_each(|word| status(directive, word))
}

fn status(directive: &Directive<'_>, word: &Word<'_>) -> Result<(), Diagnostic> {
    match size::parse_number(word.value) {
        _ if word.value == b"any" => Ok(()),
        Some(100..=599) => Ok(()),
        _ => Err(directive.emerg(format!("invalid status \"{}\"", word.text()))),
    }
}
