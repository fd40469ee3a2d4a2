//! `http`, `server`, `location` and `limit_except`: what opens and closes blocks.

use std::rc::Rc;

use grammar::Context;

use super::core::Methods;
use super::draft::{HttpDraft, LocationDraft, ServerDraft};
use super::{Matching, finish};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::listen::directive::default_listen;
use crate::ir::reader::Reader;
use crate::ir::regex::Regex;
use crate::ir::server_name::ServerName;
use crate::ir::setter::{Set, Table, duplicate};
use crate::ir::value::Text;
use crate::ir::words::Words;

/// The setter of `http`.
pub const SETTERS: Table = &[("http", http)];

fn http(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.http_done.is_some() {
        return Err(duplicate(directive));
    }
    reader.http = HttpDraft::default();
    super::log::setters::add_combined(reader);
    reader.http.open(LocationDraft::new(Matching::Nameless, Text::default(), directive.place()));
    reader.walk(Context::HTTP, directive.children())?;
    let http = finish::finish(reader, &directive.close_place())?;
    reader.http_done = Some(http);
    Ok(())
}

/// The setter of `server`.
pub fn server(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.http.server = Some(ServerDraft {
        core: Default::default(),
        ssl: Default::default(),
        v2: Default::default(),
        names: Vec::new(),
        names_capture: false,
        listens: false,
        place: directive.close_place(),
    });
    reader.http.open(LocationDraft::new(Matching::Nameless, Text::default(), directive.place()));
    reader.walk(Context::SERVER, directive.children())?;
    if reader.http.server.as_ref().is_some_and(|server| !server.listens) {
        default_listen(reader, directive)?;
    }
    let location = reader.http.close();
    if let Some(server) = reader.http.server.take() {
        reader.http.servers.push((server, location));
    }
    Ok(())
}

/// The setter of `location`.
pub fn location(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let (matching, name) = matching(reader, directive)?;
    if reader.context == Context::LOCATION {
        check_nesting(reader.location(), directive, &matching, &name)?;
    }
    reader.http.open(LocationDraft::new(matching, name, directive.place()));
    reader.walk(Context::LOCATION, directive.children())?;
    let location = reader.http.close();
    reader.location().children.push(location);
    Ok(())
}

fn matching(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<(Matching, Text), Diagnostic> {
    let mut pattern = |pattern: &[u8], caseless| {
        Ok((Matching::Regex(reader.regex(directive, pattern, caseless)?), Text::from(pattern)))
    };
    const PREFIX: Matching = Matching::Prefix { no_regex: false };
    const STOP: Matching = Matching::Prefix { no_regex: true };
    match directive.args() {
        [modifier, name] => match modifier.value {
            b"=" => Ok((Matching::Exact, Text::from(name.value))),
            b"^~" => Ok((STOP, Text::from(name.value))),
            b"~" => pattern(name.value, false),
            b"~*" => pattern(name.value, true),
            _ => Err(directive.emerg(format!("invalid location modifier \"{}\"", modifier.text()))),
        },
        // The modifier may be glued to the name.
        [name, ..] => match name.value {
            [b'=', name @ ..] => Ok((Matching::Exact, Text::from(name))),
            [b'^', b'~', name @ ..] => Ok((STOP, Text::from(name))),
            [b'~', b'*', rest @ ..] => pattern(rest, true),
            [b'~', rest @ ..] => pattern(rest, false),
            [b'@', ..] => Ok((Matching::Named, Text::from(name.value))),
            name => Ok((PREFIX, Text::from(name))),
        },
        [] => Ok((PREFIX, Text::default())),
    }
}

fn check_nesting(outer: &LocationDraft, directive: &Directive<'_>, matching: &Matching, name: &Text) -> Set {
    let outer_name = &outer.name;
    let fault = match (&outer.matching, matching) {
        (Matching::Exact, _) => format!("location \"{name}\" cannot be inside the exact location \"{outer_name}\""),
        (Matching::Named, _) => format!("location \"{name}\" cannot be inside the named location \"{outer_name}\""),
        (_, Matching::Named) => format!("named location \"{name}\" can be on the server level only"),
        (_, Matching::Regex(_)) => return Ok(()),
        _ if name.starts_with(outer_name) => return Ok(()),
        _ => format!("location \"{name}\" is outside location \"{outer_name}\""),
    };
    Err(directive.emerg(fault))
}

/// The setter of `limit_except`.
pub fn limit_except(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.location().limit_except.is_some() {
        return Err(duplicate(directive));
    }
    let mut methods = Methods::default();
    for word in directive.args() {
        let method = Methods::of_word(word.value).filter(|method| *method != Methods::CONNECT);
        methods = methods.or(method.ok_or_else(|| directive.emerg(format!("invalid method \"{}\"", word.text())))?);
    }
    if methods.contains(Methods::GET) {
        methods = methods.or(Methods::HEAD);
    }
    let name = reader.location().name.clone();
    reader.http.open(LocationDraft::new(Matching::Nameless, name, directive.place()));
    reader.walk(Context::LIMIT_EXCEPT, directive.children())?;
    let block = reader.http.close();
    let location = reader.location();
    location.limit_except = Some((methods, location.children.len()));
    location.children.push(block);
    Ok(())
}

/// The setter of `server_name`.
pub fn server_name(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    for word in directive.args() {
        let text = word.value;
        let starred = text.first() == Some(&b'*') && (text.len() < 3 || text[1] != b'.');
        if starred || text == b"." {
            return Err(directive.emerg(format!("server name \"{}\" is invalid", word.text())));
        }
        if text.contains(&b'/') {
            reader.warn(directive.warn(format!("server name \"{}\" has suspicious symbols", word.text())));
        }
        let name = match text {
            b"~" => {
                return Err(directive.emerg(format!("empty regex in server name \"{}\"", word.text())));
            }
            [b'~', pattern @ ..] => ServerName::Pattern(name_pattern(reader, directive, pattern)?),
            _ if text.eq_ignore_ascii_case(b"$hostname") => {
                ServerName::Name(Text::from(reader.environment.hostname.to_ascii_lowercase()))
            }
            _ => ServerName::Name(Text::from(text.to_ascii_lowercase())),
        };
        if let Some(server) = &mut reader.http.server {
            if let ServerName::Pattern(regex) = &name {
                server.names_capture = regex.groups > 0;
            }
            server.names.push(name);
        }
    }
    Ok(())
}

/// A capital letter in the pattern makes it match in any letter case: names come in lower case.
fn name_pattern(reader: &mut Reader<'_>, directive: &Directive<'_>, pattern: &[u8]) -> Result<Rc<Regex>, Diagnostic> {
    reader.regex(directive, pattern, pattern.iter().any(u8::is_ascii_uppercase))
}
