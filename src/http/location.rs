//! Which location a path is for: `=`, then the longest prefix, then patterns in order; and the same again inside it.

use std::rc::Rc;

use super::evaluate;
use super::request::Request;
use crate::ir::http::core::{BodyInFile, KeepaliveDisable, Methods};
use crate::ir::http::{Location, Locations, Matching};
use crate::wire::http1::request_line::Method;

/// What looking for a location gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// The location is set, if there was one.
    Location,
    /// The location's name is the path with a slash: the client is sent there.
    MissingSlash,
}

/// What a search in one list of locations gave.
enum Outcome {
    /// `=`, a pattern: nothing further is tried.
    Final,
    /// A prefix, or nothing at all: the patterns around it still count.
    Open,
    MissingSlash,
}

/// Looks for the request's location, from the one it is in.
pub fn find(request: &mut Request) -> Found {
    match find_inside(request) {
        Outcome::MissingSlash => Found::MissingSlash,
        Outcome::Final | Outcome::Open => Found::Location,
    }
}

fn find_inside(request: &mut Request) -> Outcome {
    let outer = Rc::clone(&request.location);
    let mut no_regex = false;
    match find_static(&outer.locations, &request.uri) {
        Static::Exact(location) => {
            request.location = Rc::clone(location);
            return Outcome::Final;
        }
        Static::MissingSlash(location) => {
            request.location = Rc::clone(location);
            return Outcome::MissingSlash;
        }
        Static::Prefix(location) => {
            no_regex = matches!(location.matching, Matching::Prefix { no_regex: true });
            request.location = Rc::clone(location);
            match find_inside(request) {
                Outcome::Open => {}
                outcome => return outcome,
            }
        }
        Static::None => {}
    }
    if !no_regex {
        for location in &outer.locations.regex {
            if let Matching::Regex(regex) = &location.matching
                && evaluate::matches(request, regex, &request.uri)
            {
                request.location = Rc::clone(location);
                find_inside(request);
                return Outcome::Final;
            }
        }
    }
    Outcome::Open
}

enum Static<'l> {
    Exact(&'l Rc<Location>),
    Prefix(&'l Rc<Location>),
    MissingSlash(&'l Rc<Location>),
    None,
}

fn find_static<'l>(locations: &'l Locations, uri: &[u8]) -> Static<'l> {
    if let Ok(index) = locations.exact.binary_search_by(|location| (*location.name).cmp(uri)) {
        return Static::Exact(&locations.exact[index]);
    }
    let prefix = longest_prefix(&locations.prefix, uri);
    if let Some(location) = prefix
        && location.name.len() == uri.len()
    {
        return Static::Prefix(location);
    }
    if let Some(location) = slash_missing(&locations.prefix, uri) {
        return Static::MissingSlash(location);
    }
    prefix.map_or(Static::None, Static::Prefix)
}

/// The location whose name is the path with a slash, if it asks for a redirect.
fn slash_missing<'l>(sorted: &'l [Rc<Location>], uri: &[u8]) -> Option<&'l Rc<Location>> {
    let candidate = sorted.get(sorted.partition_point(|location| &*location.name <= uri))?;
    // Names that sort between the path and the path with a slash would have bytes below the slash.
    let wanted = |location: &Rc<Location>| location.name.strip_suffix(b"/") == Some(uri);
    let location = if wanted(candidate) {
        candidate
    } else {
        let with_slash = [uri, b"/"].concat();
        let index = sorted.binary_search_by(|location| (*location.name).cmp(with_slash.as_slice())).ok()?;
        &sorted[index]
    };
    location.auto_redirect.then_some(location)
}

/// The longest name that the path begins with, among names in order: names that begin the path sort before it, the longest last, with
/// only names between that share a beginning with it.
fn longest_prefix<'l>(sorted: &'l [Rc<Location>], uri: &[u8]) -> Option<&'l Rc<Location>> {
    let mut uri = uri;
    let mut sorted = sorted;
    loop {
        let end = sorted.partition_point(|location| &*location.name <= uri);
        let candidate = sorted[..end].last()?;
        if uri.starts_with(&candidate.name) {
            return Some(candidate);
        }
        let common = candidate.name.iter().zip(uri).take_while(|(a, b)| a == b).count();
        uri = &uri[..common];
        sorted = &sorted[..end - 1];
    }
}

/// Lets the values of the location that was set take effect (`ngx_http_update_location_config`).
pub fn take(request: &mut Request) {
    if let Some(limit) = &request.location.limit_except
        && !limit.methods.contains(methods_word(request.method))
    {
        request.location = Rc::clone(&limit.location);
    }
    let location = Rc::clone(&request.location);
    let in_file = location.settings.core.client_body_in_file_only;
    if in_file != BodyInFile::Off {
        request.contexts.body_in_file = Some(in_file);
    }
    if request.keepalive {
        request.keepalive = may_keep(request, &location);
    }
    if let Some(content) = &location.content {
        request.content = Some(content.clone());
    }
}

fn may_keep(request: &Request, location: &Location) -> bool {
    let core = &location.settings.core;
    let connection = &request.connection;
    let disabled = core.keepalive_disable;
    core.keepalive_timeout_ms > 0
        && connection.requests.get() < core.keepalive_requests
        && (request.began.as_millis() as u64).saturating_sub(connection.began_ms) <= core.keepalive_time_ms
        && !(request.method == Method::Post && disabled.contains(KeepaliveDisable::MSIE6) && request.browser().msie6)
        && !(disabled.contains(KeepaliveDisable::SAFARI) && request.browser().safari)
}

/// A method as `limit_except` names it.
fn methods_word(method: Method) -> Methods {
    match method {
        Method::Get => Methods::GET,
        Method::Head => Methods::HEAD,
        Method::Post => Methods::POST,
        Method::Put => Methods::PUT,
        Method::Delete => Methods::DELETE,
        Method::Mkcol => Methods::MKCOL,
        Method::Copy => Methods::COPY,
        Method::Move => Methods::MOVE,
        Method::Options => Methods::OPTIONS,
        Method::Propfind => Methods::PROPFIND,
        Method::Proppatch => Methods::PROPPATCH,
        Method::Lock => Methods::LOCK,
        Method::Unlock => Methods::UNLOCK,
        Method::Patch => Methods::PATCH,
        Method::Connect => Methods::CONNECT,
        // nginx's bit of an unknown method is in the mask of what `limit_except` does not spare.
        Method::Trace | Method::Unknown => Methods(1),
    }
}
