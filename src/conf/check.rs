//! What can be said about a directive before its setter runs: context, terminator, number of arguments.

use grammar::Context;
use grammar::nginx::{Found, find};

use super::diagnostic::Diagnostic;
use super::tree::{Body, Directive, Word};

/// Checks a directive in nginx's order, which decides which of several faults is reported, and gives its row.
///
/// Whoever walks a tree calls this, or [`free_words`], for every directive in source order: it is also what
/// reports a fault of syntax, at the moment nginx would have come to it.
pub fn directive(context: Context, directive: &Directive<'_>) -> Result<&'static grammar::Directive, Diagnostic> {
    if let Body::Fault(fault) = directive.body {
        return Err(fault.clone());
    }
    let name = || directive.name().text();
    let row = match find(context, directive.name().value) {
        Found::Row(row) => row,
        Found::NotAllowedHere => return Err(directive.fails("is not allowed here")),
        Found::Unknown => {
            // A name with a NUL in it, as in a binary file, is shown up to that.
            let name = name();
            let shown = name.split('\0').next().unwrap_or_default();
            return Err(directive.emerg(format!("unknown directive \"{shown}\"")));
        }
    };
    match (row.args.block, matches!(directive.body, Body::Block(_))) {
        (false, true) => return Err(directive.emerg(format!("directive \"{}\" is not terminated by \";\"", name()))),
        (true, false) => return Err(directive.emerg(format!("directive \"{}\" has no opening \"{{\"", name()))),
        _ => {}
    }
    if !row.args.accepts(directive.args().len()) {
        return Err(directive.emerg(format!("invalid number of arguments in \"{}\" directive", name())));
    }
    Ok(row)
}

/// What is said about a directive that nginx has and evenkeel does not serve yet; its value is checked before.
pub fn not_yet(directive: &Directive<'_>) -> Diagnostic {
    directive.fails("is not served yet by evenkeel")
}

/// The words of a line in a block that holds no directives (`map`, `geo`, `types`, `split_clients`, `charset_map`).
pub fn free_words<'s>(line: &Directive<'s>) -> Result<&'s [Word<'s>], Diagnostic> {
    match line.body {
        Body::Fault(fault) => Err(fault.clone()),
        _ => Ok(line.words),
    }
}
