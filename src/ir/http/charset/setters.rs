//! Reading `charset` and what goes with it, and `charset_map { }`.

use std::rc::Rc;

use super::{CharsetMap, Recoding};
use crate::conf::check;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::gzip::setters::mime_types;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{Template, Text};
use crate::primitives::utf8::{self, Decoded};

/// The setters of `http_charset`.
pub const SETTERS: Table = &[
    (
        "charset",
        own_with!(charset.charset, |reader: &mut Reader<'_>, directive: &Directive<'_>| {
            match directive.args()[0].value {
                b"off" => Ok(None),
                _ => charset_name(reader, directive),
            }
        }),
    ),
    ("charset_map", charset_map),
    ("charset_types", |reader, directive| {
        let now = |settings: &mut super::super::OwnSettings| settings.charset.get_or_insert_default().types.clone();
        let types = mime_types(reader, directive, "text/html", now)?;
        reader.own().charset.get_or_insert_default().types = Some(types);
        Ok(())
    }),
    ("override_charset", own!(charset.override_charset, setter::flag)),
    ("source_charset", own_with!(charset.source_charset, charset_name)),
];

fn charset_name(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Option<Template>, Diagnostic> {
    let word = directive.args()[0].value;
    if word.first() == Some(&b'$') {
        return setter::some_template(reader, directive);
    }
    reader.http.charsets.add(word);
    Ok(Some(Template::literal(word)))
}

fn charset_map(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [first, second] = directive.args() else { return Ok(()) };
    let charsets = &mut reader.http.charsets;
    charsets.add(first.value);
    charsets.add(second.value);
    let names = format!("\"{}\" and \"{}\"", first.text(), second.text());
    if first.value.eq_ignore_ascii_case(second.value) {
        return Err(directive.emerg(format!("\"charset_map\" between the same charsets {names}")));
    }
    if first.value.eq_ignore_ascii_case(b"utf-8") {
        let fault = "\"charset_map\" with \"utf-8\" charset should be given in the second column";
        return Err(directive.emerg(fault));
    }
    if charsets.recoding(first.value, second.value).is_some() {
        return Err(directive.emerg(format!("duplicate \"charset_map\" between {names}")));
    }
    let (forward, backward) = match second.value.eq_ignore_ascii_case(b"utf-8") {
        true => utf8_tables(directive)?,
        false => byte_tables(directive)?,
    };
    let (first, second) = (Text::from(first.value), Text::from(second.value));
    charsets.maps.push(CharsetMap { first, second, forward: Rc::new(forward), backward: Rc::new(backward) });
    Ok(())
}

/// Both tables between two charsets of one byte a character: ASCII is the same in both.
fn byte_tables(directive: &Directive<'_>) -> Result<(Recoding, Recoding), Diagnostic> {
    let mut forward: [u8; 256] = std::array::from_fn(|byte| if byte < 0x80 { byte as u8 } else { b'?' });
    let mut backward = forward;
    for line in directive.children() {
        let [first, second] = columns(line)?;
        let from = byte(first).ok_or_else(|| invalid(line, first))?;
        let to = byte(second).ok_or_else(|| invalid(line, second))?;
        forward[usize::from(from)] = to;
        backward[usize::from(to)] = from;
    }
    Ok((Recoding::Bytes(forward), Recoding::Bytes(backward)))
}

fn utf8_tables(directive: &Directive<'_>) -> Result<(Recoding, Recoding), Diagnostic> {
    let mut forward: Vec<Vec<u8>> =
        (0..=255).map(|byte: u8| if byte < 0x80 { vec![byte] } else { b"?".to_vec() }).collect();
    let mut backward = vec![0; 0x1_0000];
    for line in directive.children() {
        let [first, second] = columns(line)?;
        let from = byte(first).ok_or_else(|| invalid(line, first))?;
        let sequence: Option<Vec<u8>> =
            second.chunks(2).map(|digits| byte(digits).filter(|_| digits.len() == 2)).collect();
        let sequence = sequence.filter(|bytes| bytes.len() <= 3).ok_or_else(|| invalid(line, second))?;
        match utf8::decode(&sequence) {
            Decoded::Character(code, _) if code <= 0xffff => backward[code as usize] = from,
            _ => return Err(invalid(line, second)),
        }
        forward[usize::from(from)] = sequence;
    }
    Ok((Recoding::ToUtf8(forward), Recoding::FromUtf8(backward)))
}

fn columns<'l>(line: &'l Directive<'_>) -> Result<[&'l [u8]; 2], Diagnostic> {
    match check::free_words(line)? {
        [first, second] => Ok([first.value, second.value]),
        _ => Err(line.emerg("invalid parameters number")),
    }
}

fn invalid(line: &Directive<'_>, word: &[u8]) -> Diagnostic {
    line.emerg(format!("invalid value \"{}\"", String::from_utf8_lossy(word)))
}

fn byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u8::try_from(u32::from_str_radix(text, 16).ok()?).ok()
}
