//! `try_files`

use crate::conf::tree::Directive;
use crate::ir::lower::Reader;
use crate::ir::setter::{Set, Table, duplicate};
use crate::ir::value::Template;
use crate::primitives::size::parse_number;

/// `try_files`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct TryFiles {
    /// What is looked for, in order.
    pub candidates: Vec<Candidate>,
    /// What happens when there is none of them.
    pub otherwise: Otherwise,
}

/// One name to look for under the root.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Candidate {
    /// The name, without the slash that asks for a directory.
    pub name: Template,
    /// A directory rather than a file.
    pub directory: bool,
}

/// The last word of `try_files`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Otherwise {
    /// A URI, whose part after `?` becomes the arguments.
    Uri(Template),
    /// `@name`
    Named(Template),
    /// `=code`
    Status(u16),
}

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
