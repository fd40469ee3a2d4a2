//! `charset`: which characters an answer's text has, and recoding from one charset to another (`ngx_http_charset_filter_module`).

use std::io::Write;
use std::rc::Rc;

use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::verdict::ClientGone;
use crate::ir::http::charset::Recoding;
use crate::ir::value::{Part, Template};
use crate::log::error_log::Level;
use crate::primitives::utf8::{self, Decoded};

/// A beginning up to this length is recoded with the rest of its buffer.
const SHORT_BEGINNING: usize = 512;

/// Adds `charset=` to the content type; gives the recoder if the text has another charset.
pub fn head(request: &mut Request) -> Result<Option<Recoder>, ClientGone> {
    if request.location.settings.charset.charset.is_none()
        && request.response.override_charset.is_none()
        && !request.is_subrequest
    {
        return Ok(None);
    }
    let forced = request.response.override_charset.take();
    let destination = match request.is_subrequest {
        true => request.family.as_ref().and_then(|family| family.charset.clone()),
        false => destination(request, forced)?,
    };
    let Some(destination) = destination else { return Ok(None) };
    Ok(match source(request)? {
        Some(source) => recode(request, &source, destination),
        None => {
            set(request, destination);
            None
        }
    })
}

fn recode(request: &mut Request, source: &[u8], destination: Vec<u8>) -> Option<Recoder> {
    if source.eq_ignore_ascii_case(&destination) {
        take_apart(request);
        set(request, destination);
        return None;
    }
    let engine = Rc::clone(&request.connection.engine);
    let charsets = &engine.http.charsets;
    let is_known = charsets.find(source).is_some() && charsets.find(&destination).is_some();
    if is_known && request.response.headers.find(b"Content-Encoding").is_some_and(|coding| !coding.is_empty()) {
        return None;
    }
    let Some(recoding) = charsets.recoding(source, &destination) else {
        let (from, to) = (String::from_utf8_lossy(source), String::from_utf8_lossy(&destination));
        let text = format!("no \"charset_map\" between the charsets \"{from}\" and \"{to}\"");
        request.log(Level::Error, text);
        return None;
    };
    take_apart(request);
    set(request, destination);
    if !matches!(**recoding, Recoding::Bytes(_)) && !request.is_subrequest {
        request.response.content_length = None;
    }
    Some(Recoder { recoding: Rc::clone(recoding), held: Vec::new() })
}

/// The charset that the client is to get; `forced` is what a backend's `X-Accel-Charset` asks for.
fn destination(request: &Request, forced: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, ClientGone> {
    let response = &request.response;
    if response.content_type.is_none() {
        return Ok(None);
    }
    if let Some(forced) = forced.filter(|forced| !forced.is_empty()) {
        if request.connection.engine.http.charsets.find(&forced).is_some() {
            return Ok(Some(forced));
        }
        let shown = String::from_utf8_lossy(&forced);
        request.log(Level::Error, format_args!("unknown charset \"{shown}\" to override"));
        return Ok(None);
    }
    let settings = &request.location.settings.charset;
    let wanted = match response.said_charset() {
        Some(_) => settings.override_charset,
        None => response.is_of(&settings.types),
    };
    match &settings.charset {
        Some(charset) if wanted => value(request, charset),
        _ => Ok(None),
    }
}

/// The charset that the text has; nothing if nobody says.
fn source(request: &Request) -> Result<Option<Vec<u8>>, ClientGone> {
    if let Some(charset) = request.response.said_charset() {
        return Ok(Some(charset.to_vec()));
    }
    match &request.location.settings.charset.source_charset {
        Some(charset) => value(request, charset),
        None => Ok(None),
    }
}

/// A charset's name. nginx sends nothing at all where the variable has no value.
fn value(request: &Request, template: &Template) -> Result<Option<Vec<u8>>, ClientGone> {
    let mut name = Vec::new();
    match &*template.parts {
        [Part::Variable(id)] if !request.write_variable(*id, &mut name) => return Err(ClientGone),
        [Part::Variable(_)] => {}
        _ => evaluate::write(request, template, &mut name),
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// What a backend says of its charset gives way to ours.
fn take_apart(request: &mut Request) {
    if let Some(content_type) = &request.response.content_type
        && content_type.charset().is_some()
    {
        request.response.content_type = Some(content_type.without_charset());
    }
}

fn set(request: &mut Request, charset: Vec<u8>) {
    // nginx says no charset in a redirect: old browsers took it for that of the page they were sent to.
    if !request.is_subrequest && !matches!(request.response.status, 301 | 302) {
        request.response.charset = Some(charset);
    }
}

/// Recodes one body.
pub struct Recoder {
    recoding: Rc<Recoding>,
    /// The beginning of a character whose end has not come yet.
    held: Vec<u8>,
}

impl Recoder {
    /// Recodes bytes to the end of `out`.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &*self.recoding {
            Recoding::Bytes(table) => out.extend(bytes.iter().map(|&byte| table[usize::from(byte)])),
            Recoding::ToUtf8(table) => {
                let (kept, recoded) = bytes.split_at(kept_to_utf8(table, bytes));
                out.reserve(bytes.len());
                out.extend_from_slice(kept);
                recoded.iter().for_each(|&byte| out.extend_from_slice(&table[usize::from(byte)]));
            }
            Recoding::FromUtf8(table) => {
                let mut held = std::mem::take(&mut self.held);
                if held.is_empty() {
                    self.held = from_utf8(table, bytes, out).to_vec();
                    return;
                }
                held.extend_from_slice(bytes);
                self.held = from_utf8(table, &held, out).to_vec();
            }
        }
    }
}

/// How much of a buffer nginx passes on as it is: nothing in front of the first character that becomes longer needs a copy, and bytes
/// that the charset lacks stay what they are there. A beginning that is short is recoded with the rest.
fn kept_to_utf8(table: &[Vec<u8>], bytes: &[u8]) -> usize {
    let kept = bytes.iter().take_while(|byte| table[usize::from(**byte)].len() == 1).count();
    if kept == bytes.len() || kept > SHORT_BEGINNING { kept } else { 0 }
}

/// Recodes UTF-8; gives the beginning of a character at the end of the text. What the charset lacks becomes an HTML entity.
fn from_utf8<'t>(table: &[u8], text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let mut rest = text;
    while !rest.is_empty() {
        let length = match utf8::decode(rest) {
            Decoded::Incomplete => return rest,
            Decoded::Invalid(length) => {
                out.push(b'?');
                length
            }
            Decoded::Character(code, length) => {
                match table.get(code as usize) {
                    _ if code < 0x80 => out.push(code as u8),
                    Some(&byte) if byte != 0 => out.push(byte),
                    _ => write!(out, "&#{code};").expect("a vector takes every byte"),
                }
                length
            }
        };
        rest = &rest[length..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_becomes_bytes_and_entities_wherever_it_is_cut() {
        let mut table = vec![0; 0x1_0000];
        table[0xe9] = 0x82;
        let body = "aé€𝄞z".as_bytes();
        for cut in 0..body.len() {
            let mut recoder = Recoder { recoding: Rc::new(Recoding::FromUtf8(table.clone())), held: Vec::new() };
            let mut out = Vec::new();
            recoder.write(&body[..cut], &mut out);
            recoder.write(&body[cut..], &mut out);
            assert_eq!(out, b"a\x82&#8364;&#119070;z", "cut at {cut}");
        }
    }
}
