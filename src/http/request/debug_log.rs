//! What a request does step by step, for `error_log … debug` and `debug_connection`: of nginx's lines at debug those that tell how
//! the configuration is followed, and what is read and sent, in its words. Its memory, events and filters have none here.

use std::fmt::Display;

use super::Request;
use crate::ir::http::Matching;
use crate::log::error_log::{Level, Line};

impl Request {
    /// Writes a line at debug, if anybody wants it. Such a line has no context (`ngx_log_error_core`).
    #[inline]
    pub fn debug(&self, text: impl FnOnce(&mut Line)) {
        if self.connection.engine.may_debug {
            self.write_debug(text);
        }
    }

    #[cold]
    fn write_debug(&self, text: impl FnOnce(&mut Line)) {
        let log = self.connection.engine.error_log(&self.location);
        log.write(Level::Debug, Some(self.connection.whose()), text);
    }

    /// Shows one thing: `WHAT "VALUE"`.
    #[inline]
    pub fn debug_value(&self, what: &str, value: &[u8]) {
        self.debug_parts(what, &[value]);
    }

    /// Shows a header: `WHAT "NAME: VALUE"`.
    #[inline]
    pub fn debug_header(&self, what: &str, name: &[u8], value: &[u8]) {
        self.debug_parts(what, &[name, b": ", value]);
    }

    /// Shows something in quotes.
    #[inline]
    pub fn debug_parts(&self, what: &str, parts: &[&[u8]]) {
        self.debug(|line| {
            line.push(what.as_bytes());
            line.push(b"\"");
            parts.iter().for_each(|part| line.push(part));
            line.push(b"\"");
        });
    }

    /// Shows what the first line said of the target (`ngx_http_process_request_uri`).
    pub fn debug_target(&self) {
        self.debug_value("http uri: ", &self.uri);
        self.debug_value("http args: ", &self.args);
        self.debug_value("http exten: ", &self.uri[self.extension.clone()]);
    }

    /// Shows where the request is: `WHAT: "URI?ARGUMENTS"`.
    pub fn debug_place(&self, what: impl Display) {
        self.debug(|line| {
            line.push_display(format_args!("{what} \""));
            [&self.uri[..], b"?", &self.args, b"\""].iter().for_each(|part| line.push(part));
        });
    }

    /// Shows the location that was found, and how long a body it takes (`ngx_http_core_find_config_phase`).
    pub fn debug_location(&self) {
        let location = &self.location;
        self.debug(|line| {
            line.push(b"using configuration \"");
            line.push(if matches!(location.matching, Matching::Exact) { b"=" } else { b"" });
            line.push(&location.name);
            line.push(b"\"");
        });
        let length = self.content_length.map_or(-1, |length| length as i64);
        let most = location.settings.core.client_max_body_size;
        self.debug(|line| line.push_display(format_args!("http cl:{length} max:{most}")));
    }
}
