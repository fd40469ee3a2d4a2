//! `sticky`: finds the server that a request is bound to, and sees that later requests find it too.

use super::sessions::{Sticky, key, now_ms};
use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::ids::VariableId;
use crate::ir::upstream::sticky::{Cookie, Expires, Source, is_samesite};
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::http_date;
use crate::zone::sticky::Learned;

impl Sticky {
    /// What the request brings: a server's name, or a session's.
    pub fn id(&self, request: &Request) -> Option<Box<[u8]>> {
        first_value(request, &self.configured.lookup)
    }

    /// The cookie that leads further requests to a server.
    pub fn cookie(&self, request: &Request, sid: &[u8]) -> Option<Vec<u8>> {
        let Source::Cookie(cookie) = &self.configured.source else { return None };
        Some(write_cookie(request, cookie, sid))
    }

    /// The header of the answer has come.
    pub fn note_header(&self, request: &Request, id: Option<&[u8]>, sid: &[u8]) {
        self.learn(request, id, sid, true);
    }

    /// The answer is over.
    pub fn note_end(&self, request: &Request, id: Option<&[u8]>, sid: &[u8]) {
        self.learn(request, id, sid, false);
    }

    fn learn(&self, request: &Request, id: Option<&[u8]>, sid: &[u8], after_header: bool) {
        let Source::Learn(learn) = &self.configured.source else { return };
        let Some(sessions) = self.sessions.as_ref().filter(|_| learn.after_header == after_header) else { return };
        let created = first_value(request, &learn.create);
        let Some(session) = created.as_deref().or(id) else { return };
        let place = || format!("in sticky session zone \"{}\"", learn.zone.name);
        let log = &request.connection.engine.log;
        match sessions.learn(&key(session), sid, created.is_some(), now_ms()) {
            Learned::Kept => {}
            Learned::InPlaceOfOldest => {
                let text = format_args!("could not allocate node {}, expiring least recently used session", place());
                log.say(Level::Warn, text);
            }
            Learned::NoMemory => log.say(Level::Alert, format_args!("could not allocate node {}", place())),
        }
    }
}

fn first_value(request: &Request, variables: &[VariableId]) -> Option<Box<[u8]>> {
    let value = |id: &VariableId| {
        let mut value = Vec::new();
        (request.write_variable(*id, &mut value) && !value.is_empty()).then(|| value.into())
    };
    variables.iter().find_map(value)
}

fn write_cookie(request: &Request, cookie: &Cookie, sid: &[u8]) -> Vec<u8> {
    let mut text = [cookie.name.as_bytes(), b"=", sid].concat();
    match cookie.expires {
        None => {}
        Some(Expires::Max) => {
            text.extend_from_slice(b"; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000");
        }
        Some(Expires::Seconds(seconds)) => {
            let until = now::since_epoch().as_secs().saturating_add(seconds).cast_signed();
            text.extend_from_slice(format!("; expires={}; max-age={seconds}", http_date::cookie(until)).as_bytes());
        }
    }
    let domain = cookie.domain.as_ref().map(|domain| evaluate::text(request, domain));
    if let Some(domain) = domain.filter(|domain| !domain.is_empty()) {
        text.extend_from_slice(&[b"; domain=", &*domain].concat());
    }
    if cookie.httponly {
        text.extend_from_slice(b"; httponly");
    }
    if cookie.secure {
        text.extend_from_slice(b"; secure");
    }
    let samesite = cookie.samesite.as_ref().map(|samesite| evaluate::text(request, samesite));
    if let Some(samesite) = samesite.filter(|samesite| !samesite.is_empty()) {
        // What no browser knows is taken for the narrowest.
        let samesite = if is_samesite(&samesite) { &*samesite } else { b"strict" };
        text.extend_from_slice(&[b"; samesite=", samesite].concat());
    }
    if let Some(path) = &cookie.path {
        text.extend_from_slice(&[b"; path=", path.as_bytes()].concat());
    }
    text
}
