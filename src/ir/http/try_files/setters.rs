//! Reading `try_files`.

use super::{Candidate, Otherwise, TryFiles};
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table, duplicate};
use crate::primitives::size::parse_number;

/// The setters of `http_try_files`.
pub const SETTERS: Table = &[("try_files", try_files)];

fn try_files(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.location().try_files.is_some() {
        return Err(duplicate(directive));
    }
    let Some((last, words)) = directive.args().split_last() else { return Ok(()) };
    let mut candidates = Vec::with_capacity(words.len());
    for word in words {
        let (name, directory) = match word.value.strip_suffix(b"/") {
            Some(name) => (name, true),
            None => (word.value, false),
        };
        candidates.push(Candidate { name: reader.template(directive, name)?, directory });
    }
    let target = reader.template(directive, last.value)?;
    let otherwise = match last.value {
        [b'=', code @ ..] => {
            let code = parse_number(code).filter(|code| *code <= 999);
            let invalid = || directive.emerg(format!("invalid code \"{}\"", last.text()));
            Otherwise::Status(code.ok_or_else(invalid)? as u16)
        }
        [b'@', ..] => Otherwise::Named(target),
        _ => Otherwise::Uri(target),
    };
    reader.location().try_files = Some(TryFiles { candidates, otherwise });
    Ok(())
}
