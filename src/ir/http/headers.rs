//! The values of nginx's `http_headers` module.

use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::{List, Template, Text};
use crate::primitives::duration;

layer! {
    /// The header lines that a location adds to answers.
    pub struct Headers, own HeadersOwn over_values {
        /// `add_header`
        add_headers: List<AddHeader> = List::default(),
        /// `add_trailer`
        add_trailers: List<AddHeader> = List::default(),
        /// `add_header_inherit`
        add_header_inherit: ListInherit = ListInherit::On,
        /// `add_trailer_inherit`
        add_trailer_inherit: ListInherit = ListInherit::On,
        /// `expires`
        expires: Expires = Expires::Off,
    }
}

/// `add_header`, `add_trailer`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct AddHeader {
    /// The name as written.
    pub name: Text,
    /// The value; an empty one leaves the line out.
    pub value: Template,
    /// `always`: whatever the status.
    pub always: bool,
}

/// `expires`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Expires {
    /// Neither `Expires` nor `Cache-Control`.
    Off,
    /// `epoch`: long ago.
    Epoch,
    /// `max`: far ahead.
    Max,
    /// Seconds from now.
    Access(i64),
    /// `modified`: seconds from the file's time.
    Modified(i64),
    /// `@`: this second of the day.
    Daily(i64),
    /// A value with variables, read for each request.
    Template {
        /// The value.
        value: Template,
        /// `modified`
        modified: bool,
    },
}

words! {
    /// `add_header_inherit`, `add_trailer_inherit`
    pub enum ListInherit {
        /// Nothing comes from the outer block.
        Off = "off",
        /// The outer list, if the block has none of its own.
        On = "on",
        /// The block's own list, then the outer one.
        Merge = "merge",
    }
}

/// The setters of `http_headers`.
pub const SETTERS: Table = &[
    ("add_header", own_push!(headers.add_headers, add_header)),
    ("add_header_inherit", own!(headers.add_header_inherit, setter::word)),
    ("add_trailer", own_push!(headers.add_trailers, add_header)),
    ("add_trailer_inherit", own!(headers.add_trailer_inherit, setter::word)),
    ("expires", own_with!(headers.expires, expires)),
];

impl Headers {
    /// A block inside does not simply have the same, even if it sets nothing itself.
    pub fn stay_outside(&self) -> bool {
        [self.add_header_inherit, self.add_trailer_inherit].contains(&ListInherit::Off)
    }
}

impl HeadersOwn {
    /// Lists are put before or in the place of the outer ones, as `add_header_inherit` says.
    pub fn over(self, outer: &Headers) -> Headers {
        let mut inner = self;
        let header_inherit = inner.add_header_inherit.unwrap_or(outer.add_header_inherit);
        let trailer_inherit = inner.add_trailer_inherit.unwrap_or(outer.add_trailer_inherit);
        inner.add_headers = Some(inherit_list(header_inherit, inner.add_headers.take(), &outer.add_headers));
        inner.add_trailers = Some(inherit_list(trailer_inherit, inner.add_trailers.take(), &outer.add_trailers));
        inner.over_values(outer)
    }
}

fn inherit_list(rule: ListInherit, own: Option<List<AddHeader>>, outer: &List<AddHeader>) -> List<AddHeader> {
    match (rule, own) {
        (ListInherit::Off, own) => own.unwrap_or_default(),
        (ListInherit::On | ListInherit::Merge, None) => outer.clone(),
        (ListInherit::On, Some(own)) => own,
        (ListInherit::Merge, Some(own)) => List::from([&own[..], outer].concat()),
    }
}

fn add_header(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<AddHeader, Diagnostic> {
    let [name, value, option @ ..] = directive.args() else { return Err(directive.fails("invalid value")) };
    let value = reader.template(directive, value.value)?;
    let always = match option {
        [] => false,
        [always, ..] if always.value == b"always" => true,
        [other, ..] => return Err(directive.emerg(format!("invalid parameter \"{}\"", other.text()))),
    };
    Ok(AddHeader { name: Text::from(name.value), value, always })
}

fn expires(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Expires, Diagnostic> {
    let (word, modified) = match directive.args() {
        [word] => (word, false),
        [modified, word] if modified.value == b"modified" => (word, true),
        _ => return Err(directive.fails("invalid value")),
    };
    let value = reader.template(directive, word.value)?;
    match value.is_constant() {
        true => Expires::parse(word.value, modified).map_err(|fault| directive.fails(fault)),
        false => Ok(Expires::Template { value, modified }),
    }
}

impl Expires {
    /// Reads a value without variables; also what becomes of one with variables. The error is nginx's word.
    pub fn parse(text: &[u8], modified: bool) -> Result<Self, &'static str> {
        match text {
            b"epoch" if !modified => return Ok(Self::Epoch),
            b"max" if !modified => return Ok(Self::Max),
            b"off" if !modified => return Ok(Self::Off),
            [b'@', ..] if modified => return Err("daily time cannot be used with \"modified\" parameter"),
            _ => {}
        }
        let (sign, daily, digits) = match text {
            [b'@', digits @ ..] => (1, true, digits),
            [b'+', digits @ ..] => (1, false, digits),
            [b'-', digits @ ..] => (-1, false, digits),
            digits => (1, false, digits),
        };
        let seconds = duration::parse_seconds(digits).and_then(|seconds| i64::try_from(seconds).ok());
        let seconds = sign * seconds.ok_or("invalid value")?;
        match (daily, modified) {
            (true, _) if seconds > 24 * 60 * 60 => Err("daily time value must be less than 24 hours"),
            (true, _) => Ok(Self::Daily(seconds)),
            (false, true) => Ok(Self::Modified(seconds)),
            (false, false) => Ok(Self::Access(seconds)),
        }
    }
}
