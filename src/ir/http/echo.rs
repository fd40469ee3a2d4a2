//! The values of the third-party module `echo`, which Debian's nginx brings along.

use super::Content;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::lower::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{List, Template};

layer! {
    /// What a location says by itself.
    pub struct Echo, own EchoOwn {
        /// `echo`, `echo_duplicate`, `echo_sleep`, `echo_flush`, in their order
        commands: List<Command> = List::default(),
        /// `echo_status`
        status: u16 = 200,
    }
}

/// One line of the configuration.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Command {
    /// `echo`
    Echo {
        /// What is said, with a blank between each two.
        words: Vec<Template>,
        /// Unless there was `-n`.
        ends_line: bool,
    },
    /// `echo_duplicate`
    Duplicate {
        /// How often.
        count: Template,
        /// What is said.
        text: Template,
    },
    /// `echo_sleep`: seconds.
    Sleep(Template),
    /// `echo_flush`
    Flush,
}

/// The setters of `echo`.
pub const SETTERS: Table = &[
    ("echo", |reader, directive| add(reader, directive, echo)),
    ("echo_duplicate", |reader, directive| add(reader, directive, duplicate)),
    ("echo_flush", |reader, directive| add(reader, directive, |_, _| Ok(Command::Flush))),
    ("echo_sleep", |reader, directive| {
        add(reader, directive, |reader, directive| setter::template(reader, directive).map(Command::Sleep))
    }),
    ("echo_status", own!(echo.status, setter::number)),
];

type Parse = fn(&mut Reader<'_>, &Directive<'_>) -> Result<Command, Diagnostic>;

fn add(reader: &mut Reader<'_>, directive: &Directive<'_>, parse: Parse) -> Set {
    let command = parse(reader, directive)?;
    reader.location().content = Some(Content::Echo);
    reader.own().echo.get_or_insert_default().commands.get_or_insert_default().push(command);
    Ok(())
}

fn echo(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    let mut words = directive.args();
    let mut ends_line = true;
    while let [word, rest @ ..] = words {
        match word.value {
            b"-n" => ends_line = false,
            b"--" => {
                words = rest;
                break;
            }
            _ => break,
        }
        words = rest;
    }
    let words = words.iter().map(|word| reader.template(directive, word.value)).collect::<Result<_, _>>()?;
    Ok(Command::Echo { words, ends_line })
}

fn duplicate(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    let [count, text] = directive.args() else { return Err(directive.fails("invalid value")) };
    Ok(Command::Duplicate {
        count: reader.template(directive, count.value)?,
        text: reader.template(directive, text.value)?,
    })
}
