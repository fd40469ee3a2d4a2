//! Internal redirects: the request gets a new path or a named location, and its phases begin anew.

use std::rc::Rc;

use super::location;
use super::request::Request;
use super::verdict::Verdict;
use crate::log::error_log::Level;

/// Gives the request a new path, and phases begin anew with it (`ngx_http_internal_redirect`).
pub fn internal_redirect(request: &mut Request, uri: &[u8], args: &[u8]) -> Verdict {
    request.uri_changes_left -= 1;
    if request.uri_changes_left == 0 {
        let uri = String::from_utf8_lossy(uri).into_owned();
        let text = format!("rewrite or internal redirection cycle while internally redirecting to \"{uri}\"");
        request.log(Level::Error, text);
        return Verdict::Finish(500);
    }
    request.action = "";
    request.set_uri(uri);
    request.set_args(args);
    request.debug_place("internal redirect:");
    request.location = Rc::clone(&request.connection.engine.server(request.server).location);
    location::take(request);
    request.internal = true;
    request.valid_unparsed_uri = false;
    request.valid_location = true;
    request.adds_uri_to_alias = false;
    request.named = false;
    forget(request);
    Verdict::Redirected
}

/// What modules know of the request so far is not true of it any more.
fn forget(request: &mut Request) {
    request.contexts.slices.take();
    request.contexts.secure_link_expires.take();
    (request.upstream.proxy_host, request.upstream.proxy_port) = (None, None);
}

/// The same, to a path with its arguments behind a `?`: they are there then, if empty (`ngx_http_split_args`).
pub fn redirect_to_target(request: &mut Request, target: &[u8]) -> Verdict {
    let (uri, args) = match memchr::memchr(b'?', target) {
        Some(mark) => (&target[..mark], &target[mark + 1..]),
        None => (target, &[][..]),
    };
    let verdict = internal_redirect(request, uri, args);
    request.has_args = true;
    verdict
}

/// Sends the request to a `@name` (`ngx_http_named_location`).
pub fn named_location(request: &mut Request, name: &[u8]) -> Verdict {
    let shown = String::from_utf8_lossy(name).into_owned();
    request.uri_changes_left -= 1;
    if request.uri_changes_left == 0 {
        let text = format!("rewrite or internal redirection cycle while redirect to named location \"{shown}\"");
        request.log(Level::Error, text);
        return Verdict::Finish(500);
    }
    if request.uri.is_empty() {
        request.log(Level::Error, format_args!("empty URI in redirect to named location \"{shown}\""));
        return Verdict::Finish(500);
    }
    let engine = Rc::clone(&request.connection.engine);
    let named = &engine.server(request.server).location.locations.named;
    let Some(location) = named.iter().find(|location| *location.name == *name) else {
        request.log(Level::Error, format_args!("could not find named location \"{shown}\""));
        return Verdict::Finish(500);
    };
    request.debug_place(format_args!("using location: {shown}"));
    request.internal = true;
    request.content = None;
    request.uri_changed = false;
    request.location = Rc::clone(location);
    location::take(request);
    request.named = true;
    forget(request);
    Verdict::Redirected
}
