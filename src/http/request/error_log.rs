//! What a request says in the error log: the line itself, and who, what and whose it is about (`ngx_http_log_error`).

use std::fmt::Display;
use std::io;

use super::Request;
use crate::http::connection::WAITING_FOR_REQUEST;
use crate::http::connection::waiting::SendFault;
use crate::http::message::headers::Known;
use crate::http::verdict::ClientGone;
use crate::log::error_log::{Level, Line};

impl Request {
    /// Writes a line about this request to the error log. What leads to it is no path that has to be fast.
    #[cold]
    pub fn log(&self, level: Level, text: impl Display) {
        self.log_with(level, text, None);
    }

    /// Writes a line about a system call that failed.
    #[cold]
    pub fn log_error(&self, level: Level, error: &io::Error, text: impl Display) {
        self.log_with(level, text, Some(error));
    }

    /// The same, or without the error where there is none.
    pub fn log_maybe_error(&self, level: Level, error: Option<&io::Error>, text: impl Display) {
        self.log_with(level, text, error);
    }

    /// Says that the client of a proxied request went away, and with it perhaps the reason for a connection to a backend.
    pub fn log_gone(&self, error: Option<&io::Error>, has_backend: bool) {
        let consequence = if has_backend { ", so upstream connection is closed too" } else { "" };
        let text = format_args!("epoll_wait() reported that client prematurely closed connection{consequence}");
        self.log_maybe_error(Level::Info, error, text);
    }

    /// Whether a line of that level would be written.
    pub fn logs(&self, level: Level) -> bool {
        self.connection.engine.error_log(&self.location).is_due(level)
    }

    fn log_with(&self, level: Level, text: impl Display, error: Option<&io::Error>) {
        let engine = &self.connection.engine;
        engine.error_log(&self.location).write(level, Some(self.connection.number), |line| {
            line.push_display(text);
            if let Some(error) = error {
                line.push_error(error);
            }
            self.log_context(line);
        });
    }

    fn log_context(&self, line: &mut Line) {
        if !self.action.is_empty() {
            line.push_display(format_args!(" while {}", self.action));
        }
        if self.action == WAITING_FOR_REQUEST {
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
            let has_uri = !self.upstream.is_tunnel && !self.upstream.is_grpc;
            if has_uri && self.upstream.uri.first() != Some(&b'/') {
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
        let proxied = request.upstream.attempts.last();
        match (self, proxied) {
            (Self::Known, _) => {}
            (Self::TimedOut, _) => {
                let error = io::Error::from_raw_os_error(nix::errno::Errno::ETIMEDOUT as i32);
                request.log_error(Level::Info, &error, "client timed out");
            }
            (Self::Closed(error), None) => {
                request.log_maybe_error(Level::Info, error.as_ref(), "client prematurely closed connection");
            }
            (Self::Failed(call, error), None) => {
                request.log_error(Level::Info, &error, format_args!("{call} failed"));
            }
            (Self::Closed(error), Some(attempt)) => {
                request.log_gone(error.as_ref(), attempt.response_ms.is_none());
            }
            (Self::Failed(_, error), Some(attempt)) => request.log_gone(Some(&error), attempt.response_ms.is_none()),
        }
        ClientGone
    }
}
