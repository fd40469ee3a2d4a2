//! The values of the third-party module `echo`, which Debian's nginx brings along.

use super::Content;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{List, Template};

layer! {
    /// What a location says by itself.
    pub struct Echo, own EchoOwn {
        /// `echo`, `echo_duplicate`, `echo_sleep`, `echo_location` …, in their order
        commands: List<Command> = List::default(),
        /// `echo_before_body`
        before_body: List<Line> = List::default(),
        /// `echo_after_body`
        after_body: List<Line> = List::default(),
        /// `echo_status`
        status: u16 = 200,
    }
}

/// One line of the configuration.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Command {
    /// `echo`
    Echo(Line),
    /// `echo_duplicate`
    Duplicate {
        /// How often.
        count: Template,
        /// What is said.
        text: Template,
    },
    /// `echo_sleep`: seconds.
    Sleep(Template),
    /// `echo_blocking_sleep`: the same, and the worker does nothing else meanwhile.
    BlockingSleep(Template),
    /// `echo_reset_timer`: the clock of `$echo_timer_elapsed` begins anew.
    ResetTimer,
    /// `echo_abort_parent`: the original has the directive and refuses to carry it out.
    AbortParent,
    /// `echo_flush`
    Flush,
    /// `echo_read_request_body`
    ReadRequestBody,
    /// `echo_request_body`: what was read of it.
    RequestBody,
    /// `echo_exec`: another location answers.
    Exec(Target),
    /// `echo_location`: what another location answers.
    Location(Target),
    /// `echo_location_async`: the same, without waiting for it before the next command.
    LocationAsync(Target),
    /// `echo_subrequest`: the same as `echo_location`, with another method and body.
    Subrequest(Subrequest),
    /// `echo_subrequest_async`: the same, without waiting for it.
    SubrequestAsync(Subrequest),
    /// `echo_foreach_split`: what follows up to `echo_end`, once for each piece.
    ForeachSplit {
        /// What stands between the pieces.
        delimiter: Template,
        /// All of them.
        text: Template,
    },
    /// `echo_end`
    End,
}

/// Words that are said, with a blank between each two.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Line {
    /// The words.
    pub words: Vec<Template>,
    /// Unless there was `-n`.
    pub ends_line: bool,
}

/// Another location.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Target {
    /// A path with or without arguments, or the `@name`.
    pub uri: Template,
    /// What takes the arguments' place.
    pub args: Option<Template>,
}

/// Another location, and what it is asked.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Subrequest {
    /// The method's name.
    pub method: Template,
    /// A path with or without arguments.
    pub uri: Template,
    /// `-q`, `-b`, `-f`, each with its value: words that only the request can tell apart.
    pub options: Vec<Template>,
}

/// The setters of `echo`.
pub const SETTERS: Table = &[
    ("echo", |reader, directive| {
        add(reader, directive, |reader, directive| line(reader, directive).map(Command::Echo))
    }),
    ("echo_abort_parent", |reader, directive| add(reader, directive, |_, _| Ok(Command::AbortParent))),
    ("echo_after_body", own_push!(echo.after_body, line)),
    ("echo_before_body", own_push!(echo.before_body, line)),
    ("echo_blocking_sleep", |reader, directive| {
        add(reader, directive, |reader, directive| setter::template(reader, directive).map(Command::BlockingSleep))
    }),
    ("echo_duplicate", |reader, directive| add(reader, directive, duplicate)),
    ("echo_end", |reader, directive| add(reader, directive, |_, _| Ok(Command::End))),
    ("echo_exec", |reader, directive| {
        add(reader, directive, |reader, directive| target(reader, directive).map(Command::Exec))
    }),
    ("echo_flush", |reader, directive| add(reader, directive, |_, _| Ok(Command::Flush))),
    ("echo_foreach_split", |reader, directive| add(reader, directive, foreach_split)),
    ("echo_location", |reader, directive| {
        add(reader, directive, |reader, directive| target(reader, directive).map(Command::Location))
    }),
    ("echo_location_async", |reader, directive| {
        add(reader, directive, |reader, directive| target(reader, directive).map(Command::LocationAsync))
    }),
    ("echo_read_request_body", |reader, directive| add(reader, directive, |_, _| Ok(Command::ReadRequestBody))),
    ("echo_request_body", |reader, directive| add(reader, directive, |_, _| Ok(Command::RequestBody))),
    ("echo_reset_timer", |reader, directive| add(reader, directive, |_, _| Ok(Command::ResetTimer))),
    ("echo_sleep", |reader, directive| {
        add(reader, directive, |reader, directive| setter::template(reader, directive).map(Command::Sleep))
    }),
    ("echo_status", own!(echo.status, setter::number)),
    ("echo_subrequest", |reader, directive| {
        add(reader, directive, |reader, directive| subrequest(reader, directive).map(Command::Subrequest))
    }),
    ("echo_subrequest_async", |reader, directive| {
        add(reader, directive, |reader, directive| subrequest(reader, directive).map(Command::SubrequestAsync))
    }),
];

type Parse = fn(&mut Reader<'_>, &Directive<'_>) -> Result<Command, Diagnostic>;

fn add(reader: &mut Reader<'_>, directive: &Directive<'_>, parse: Parse) -> Set {
    let command = parse(reader, directive)?;
    reader.location().content = Some(Content::Echo);
    reader.own().echo.get_or_insert_default().commands.get_or_insert_default().push(command);
    Ok(())
}

fn line(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Line, Diagnostic> {
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
    Ok(Line { words, ends_line })
}

fn target(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Target, Diagnostic> {
    let uri = setter::template(reader, directive)?;
    let args = directive.args().get(1).map(|word| reader.template(directive, word.value)).transpose()?;
    Ok(Target { uri, args })
}

fn subrequest(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Subrequest, Diagnostic> {
    let [method, uri, options @ ..] = directive.args() else { return Err(directive.fails("invalid value")) };
    Ok(Subrequest {
        method: reader.template(directive, method.value)?,
        uri: reader.template(directive, uri.value)?,
        options: options.iter().map(|word| reader.template(directive, word.value)).collect::<Result<_, _>>()?,
    })
}

fn foreach_split(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    let [delimiter, text] = directive.args() else { return Err(directive.fails("invalid value")) };
    Ok(Command::ForeachSplit {
        delimiter: reader.template(directive, delimiter.value)?,
        text: reader.template(directive, text.value)?,
    })
}

fn duplicate(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    let [count, text] = directive.args() else { return Err(directive.fails("invalid value")) };
    Ok(Command::Duplicate {
        count: reader.template(directive, count.value)?,
        text: reader.template(directive, text.value)?,
    })
}
