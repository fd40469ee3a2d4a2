//! `$invalid_referer` (`ngx_http_referer_module`).

use crate::http::evaluate;
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::ir::http::referer::ValidReferers;
use crate::ir::server_name::ServerName;
use crate::ir::value::Text;

/// What is shorter than `http://i.ru` is not looked into.
const SHORTEST: usize = 11;
/// A longer host name is not welcome.
const LONGEST_NAME: usize = 256;

/// Writes `1` for a referer that is not welcome, nothing for one that is.
pub fn write_invalid(request: &Request, out: &mut Vec<u8>) -> bool {
    let Some(valid) = &request.location.settings.referer.valid else { return true };
    if !is_valid(request, valid) {
        out.push(b'1');
    }
    true
}

fn is_valid(request: &Request, valid: &ValidReferers) -> bool {
    let Some(referer) = request.header(Known::Referer) else { return valid.none };
    if referer.len() < SHORTEST {
        return valid.blocked;
    }
    let lower = referer.get(..8).unwrap_or(referer).to_ascii_lowercase();
    let scheme = match lower.as_slice() {
        text if text.starts_with(b"http://") => 7,
        text if text.starts_with(b"https://") => 8,
        _ => return valid.blocked,
    };
    let rest = &referer[scheme..];
    if rest.is_empty() {
        return valid.blocked;
    }
    let end = rest.iter().position(|&byte| byte == b'/' || byte == b':').unwrap_or(rest.len());
    if end > LONGEST_NAME {
        return false;
    }
    let name = rest[..end].to_ascii_lowercase();
    let slash = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    let uri = &rest[slash..];
    valid.names.iter().any(|(pattern, begin)| name_fits(pattern, &name) && uri_fits(begin.as_ref(), uri))
        || valid.server_names && is_server_name(request, &name)
        || valid.regex.iter().any(|regex| evaluate::matches(request, regex, rest))
}

fn is_server_name(request: &Request, name: &[u8]) -> bool {
    let server = request.connection.engine.server(request.server);
    server.names.iter().any(|own| match own {
        ServerName::Name(pattern) => name_fits(pattern, name),
        ServerName::Pattern(regex) => evaluate::matches(request, regex, name),
    })
}

fn name_fits(pattern: &Text, name: &[u8]) -> bool {
    match &**pattern {
        [b'*', tail @ ..] => name.len() > tail.len() && name.ends_with(tail),
        [b'.', tail @ ..] => name == tail || name.ends_with(pattern),
        [head @ .., b'*'] => name.len() > head.len() && name.starts_with(head),
        exact => exact == name,
    }
}

fn uri_fits(begin: Option<&Text>, uri: &[u8]) -> bool {
    begin.is_none_or(|begin| uri.starts_with(begin))
}
