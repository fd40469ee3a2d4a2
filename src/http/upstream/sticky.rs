//! `sticky`: finds the server that a request is bound to, and sees that later requests find it too.

use md5::{Digest, Md5};

use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::variables;
use crate::ir::ids::VariableId;
use crate::ir::upstream::sticky::{Cookie, Expires, Learn, Source, Sticky as Configured, is_samesite};
use crate::ir::value::Text;
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::http_date;
use crate::sys::fork;
use crate::sys::shared_words::SharedWords;
use crate::zone::lock::Holder;
use crate::zone::sticky::{Key, Learned, Sessions};

/// What binds the requests of one group.
#[derive(Debug)]
pub struct Sticky {
    configured: Configured,
    sessions: Option<Sessions<SharedWords>>,
}

/// What a server is called: its `route`, or a digest of its address.
pub fn sid(route: Option<&Text>, name: &str) -> Box<[u8]> {
    match route {
        Some(route) => route.as_bytes().into(),
        None => Md5::digest(name).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
    }
}

/// The sessions of `learn`, over the words of its zone.
pub fn sessions(learn: &Learn, words: SharedWords) -> Sessions<SharedWords> {
    let holder = Holder { id: u64::from(fork::own_pid().unsigned_abs()), wait: std::thread::yield_now };
    Sessions::over(words, learn.zone.size, learn.timeout_ms, holder)
}

impl Sticky {
    /// Over the words of the zone that `learn` has.
    pub fn new(configured: Configured, words: Option<SharedWords>) -> Self {
        let sessions = match (&configured.source, words) {
            (Source::Learn(learn), Some(words)) => Some(sessions(learn, words)),
            _ => None,
        };
        Self { configured, sessions }
    }

    /// What the request brings: a server's name, or a session's.
    pub fn id(&self, request: &Request) -> Option<Box<[u8]>> {
        first_value(request, &self.configured.lookup)
    }

    /// The server that this stands for.
    pub fn server(&self, id: &[u8]) -> Option<Box<[u8]>> {
        match &self.sessions {
            Some(sessions) => sessions.find(&key(id), now_ms()),
            None => Some(id.into()),
        }
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
        (variables::write(request, *id, &mut value) && !value.is_empty()).then(|| value.into())
    };
    variables.iter().find_map(value)
}

fn key(session: &[u8]) -> Key {
    Md5::digest(session).into()
}

fn now_ms() -> u64 {
    now::since_epoch().as_millis() as u64
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
