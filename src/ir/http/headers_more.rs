//! The values of the third-party module `headers_more`, which Debian's nginx brings along.

use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::tree::{Directive, Word};
use crate::ir::reader::Reader;
use crate::ir::setter::Table;
use crate::ir::value::{List, Template, Text};

layer! {
    /// What is set and taken out of the heads of requests and answers.
    pub struct HeadersMore, own HeadersMoreOwn over_values {
        /// `more_set_headers`, `more_clear_headers`
        output: List<Command> = List::default(),
        /// `more_set_input_headers`, `more_clear_input_headers`
        input: List<Command> = List::default(),
    }
}

/// One line of the configuration.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct Command {
    /// `-t`: only with one of these content types.
    pub types: Vec<Text>,
    /// `-s`: only with one of these statuses.
    pub statuses: Vec<u64>,
    /// `-a`: beside lines of the same name.
    pub append: bool,
    /// `-r`: only in the place of a line of the same name.
    pub replace: bool,
    /// The lines.
    pub lines: Vec<HeaderLine>,
}

/// A header line that is set, or taken out.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct HeaderLine {
    /// The name as written; with `*` at its end, all names that begin so.
    pub name: Text,
    /// The value; an empty one takes the line out.
    pub value: Template,
}

/// The setters of `headers_more`.
pub const SETTERS: Table = &[
    ("more_clear_headers", own_push!(headers_more.output, output)),
    ("more_clear_input_headers", own_push!(headers_more.input, input)),
    ("more_set_headers", own_push!(headers_more.output, output)),
    ("more_set_input_headers", own_push!(headers_more.input, input)),
];

/// The headers of an answer to which `-a` cannot add a second line.
const SINGLE: [&str; 14] = [
    "Server",
    "Date",
    "Content-Encoding",
    "Location",
    "Refresh",
    "Last-Modified",
    "Content-Range",
    "Accept-Ranges",
    "WWW-Authenticate",
    "Expires",
    "E-Tag",
    "Content-Length",
    "Content-Type",
    "Cache-Control",
];

impl HeadersMoreOwn {
    /// The outer block's lines first, then these.
    pub fn over(self, outer: &HeadersMore) -> HeadersMore {
        let joined = |own: &Option<List<Command>>, outer: &List<Command>| {
            own.as_ref().map(|own| List::from([outer, &own[..]].concat()))
        };
        let (output, input) = (joined(&self.output, &outer.output), joined(&self.input, &outer.input));
        Self { output, input }.over_values(outer)
    }
}

fn output(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    let command = command(reader, directive, |option| match option {
        b"-t" | b"-s" => true,
        _ => option == b"-a" && directive.name().value == b"more_set_headers",
    })?;
    let single = |line: &&HeaderLine| SINGLE.iter().any(|name| line.name.eq_ignore_ascii_case(name.as_bytes()));
    match command.lines.iter().find(single) {
        Some(line) if command.append => {
            Err(fault(directive, format_args!("can not append builtin headers \"{}\"", line.name)))
        }
        _ => Ok(command),
    }
}

fn input(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Command, Diagnostic> {
    command(reader, directive, |option| matches!(option, b"-t" | b"-r"))
}

/// The module's words go past nginx's: they have neither file nor line.
fn fault(directive: &Directive<'_>, text: impl std::fmt::Display) -> Diagnostic {
    let text = format!("{}: {text}", directive.name().text());
    Diagnostic { level: Level::Error, text, place: Place::Nowhere }
}

fn command(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    is_option: impl Fn(&[u8]) -> bool,
) -> Result<Command, Diagnostic> {
    let mut command = Command::default();
    let mut words = directive.args().iter();
    while let Some(word) = words.next() {
        match word.value {
            [] => {}
            [b'-', ..] if !is_option(word.value) => {
                return Err(fault(directive, format_args!("invalid option name: \"{}\"", word.text())));
            }
            b"-a" => command.append = true,
            b"-r" => command.replace = true,
            [b'-', option, ..] => {
                let missing = || fault(directive, format_args!("option -{} takes an argument.", *option as char));
                let list = words.next().ok_or_else(missing)?;
                match option {
                    b't' => command.types.extend(types(list.value)),
                    _ => command.statuses.extend(statuses(directive, list)?),
                }
            }
            _ => command.lines.push(line(reader, directive, word)?),
        }
    }
    Ok(command)
}

fn types(list: &[u8]) -> impl Iterator<Item = Text> {
    let is_between = |byte: &u8| is_space(*byte) || *byte == b';';
    list.split(is_between).filter(|name| !name.is_empty()).map(Text::from)
}

fn statuses(directive: &Directive<'_>, list: &Word<'_>) -> Result<Vec<u64>, Diagnostic> {
    if let Some(byte) = list.value.iter().find(|byte| !byte.is_ascii_digit() && !is_space(**byte)) {
        let shown = *byte as char;
        let text = format_args!("invalid digit \"{shown}\" found in the status code list \"{}\"", list.text());
        return Err(fault(directive, text));
    }
    let number = |digits: &[u8]| digits.iter().fold(0u64, |sum, digit| sum.wrapping_mul(10) + u64::from(digit - b'0'));
    let words = list.value.split(|byte| is_space(*byte)).filter(|digits| !digits.is_empty());
    Ok(words.map(number).collect())
}

/// `Name: value`, `Name value` or `Name`.
fn line(reader: &mut Reader<'_>, directive: &Directive<'_>, word: &Word<'_>) -> Result<HeaderLine, Diagnostic> {
    let is_between = |byte: &u8| *byte == b':' || is_space(*byte);
    let text = word.value.trim_ascii_start();
    let name_end = 1 + text.iter().skip(1).position(is_between).unwrap_or(text.len().saturating_sub(1));
    let Some((name, rest)) = text.split_at_checked(name_end) else {
        return Err(fault(directive, format_args!("no key found in the header argument: {}", word.text())));
    };
    if name == b"*" {
        return Err(fault(directive, format_args!("wildcard key too short: {}", word.text())));
    }
    let clears = directive.name().value.starts_with(b"more_clear");
    let value_start = rest.iter().position(|byte| !is_between(byte)).filter(|_| !clears).unwrap_or(rest.len());
    let value = reader.template(directive, &rest[value_start..])?;
    Ok(HeaderLine { name: Text::from(name), value })
}

/// What C calls white space.
fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}
