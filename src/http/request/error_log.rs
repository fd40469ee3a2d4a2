//! What a request says in the error log: the line itself, and who, what and whose it is about (`ngx_http_log_error`).

use std::fmt::Display;
use std::io;

use super::{READING, Request, SENDING};
use crate::http::connection::waiting::SendFault;
use crate::http::connection::{SSL_HANDSHAKING, WAITING_FOR_REQUEST};
use crate::http::message::headers::Known;
use crate::http::verdict::ClientGone;
use crate::log::error_log::{Level, Line};

impl Request {
    /// Writes a line about this request to the error log. What leads to it is no path that has to be fast.
    #[cold]
    pub fn log(&self, level: Level, text: impl Display) {
        self.log_with(level, text, None, self.action);
    }

    /// Writes a line about a system call that failed.
    #[cold]
    pub fn log_error(&self, level: Level, error: &io::Error, text: impl Display) {
        self.log_with(level, text, Some(error), self.action);
    }

    /// The same, or without the error where there is none.
    pub fn log_maybe_error(&self, level: Level, error: Option<&io::Error>, text: impl Display) {
        self.log_with(level, text, error, self.action);
    }

    /// Says that the client of a proxied request went away, and with it perhaps the reason for a connection to a backend.
    pub fn log_gone(&self, error: Option<&io::Error>, has_backend: bool) {
        let consequence = if has_backend { ", so upstream connection is closed too" } else { "" };
        let text = format_args!("epoll_wait() reported that client prematurely closed connection{consequence}");
        self.log_maybe_error(Level::Info, error, text);
    }

    /// Says that the present answer is too large for its buffers, if nobody has said so yet.
    pub fn log_temp_file(&self) {
        if let Some(path) = self.upstream.meanwhile.as_ref().and_then(|meanwhile| meanwhile.temp_file.take()) {
            let text = format_args!("an upstream response is buffered to a temporary file {path}");
            self.log_with(Level::Warn, text, None, READING);
        }
    }

    /// Whether a line of that level would be written.
    pub fn logs(&self, level: Level) -> bool {
        self.connection.engine.error_log(&self.location).is_due(level)
    }

    fn log_with(&self, level: Level, text: impl Display, error: Option<&io::Error>, action: &str) {
        let engine = &self.connection.engine;
        engine.error_log(&self.location).write(level, Some(self.connection.whose()), |line| {
            line.push_display(text);
            if let Some(error) = error {
                line.push_error(error);
            }
            self.log_context(line, action);
        });
    }

    fn log_context(&self, line: &mut Line, action: &str) {
        if !action.is_empty() {
            line.push_display(format_args!(" while {action}"));
        }
        if matches!(action, WAITING_FOR_REQUEST | SSL_HANDSHAKING) {
            return self.connection.log_ends(line);
        }
        let server = self.connection.engine.server(self.server);
        line.push_display(format_args!(", client: {}, server: ", self.peer()));
        line.push(&server.name);
        let request_line = self.head.request_line();
        if !request_line.is_empty() {
            line.push(b", request: \"");
            line.push(request_line);
            line.push(b"\"");
        }
        let mirror = self.contexts.mirrors.as_ref().and_then(|mirrors| mirrors.last.as_deref());
        if let Some(uri) = mirror.or(self.is_subrequest.then_some(&self.uri)) {
            line.push(b", subrequest: \"");
            line.push(uri);
            line.push(b"\"");
        }
        if let Some(attempt) = self.upstream.attempts.last()
            && !attempt.address.is_empty()
        {
            line.push_display(format_args!(", upstream: \"{}{}", self.upstream.scheme(), attempt.address));
            if attempt.address.starts_with("unix:") {
                line.push(b":");
            }
            if self.upstream.uri.first().is_some_and(|first| *first != b'/') {
                line.push(b"/");
            }
            line.push(&self.upstream.uri);
            line.push(b"\"");
        }
        if let Some(host) = self.header(Known::Host) {
            line.push(b", host: \"");
            line.push(host);
            line.push(b"\"");
        }
        if let Some(referer) = self.header(Known::Referer) {
            line.push(b", referrer: \"");
            line.push(referer);
            line.push(b"\"");
        }
    }
}

impl SendFault {
    /// Says so in the log, as nginx does.
    pub fn tell(self, request: &Request) -> ClientGone {
        request.log_temp_file();
        let is_reading = request.upstream.is_reading();
        // What was read to its end while a piece was being sent.
        let action = if !is_reading && request.action == READING { SENDING } else { request.action };
        let say = |text: &str, error: Option<&io::Error>| request.log_with(Level::Info, text, error, action);
        match self {
            Self::Known => {}
            Self::TimedOut => {
                say("client timed out", Some(&io::Error::from_raw_os_error(nix::errno::Errno::ETIMEDOUT as i32)))
            }
            Self::Closed(Some(error)) | Self::Failed(_, error) if is_reading && request.upstream.ignores_client => {
                say("writev() failed", Some(&error));
            }
            Self::Closed(error) if is_reading => request.log_gone(error.as_ref(), true),
            Self::Failed(_, error) if is_reading => request.log_gone(Some(&error), true),
            Self::Closed(error) => say("client prematurely closed connection", error.as_ref()),
            Self::Failed(call, error) => say(&format!("{call} failed"), Some(&error)),
        }
        ClientGone
    }
}
