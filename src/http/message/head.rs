//! The head of a request: the bytes as they came, and where its parts are in them.

use super::headers::{Known, Line};
use crate::wire::http1::request_line::RequestLine;

/// A request's first line and header lines, in the buffer they were read into.
#[derive(Clone, Default, Debug)]
pub struct Head {
    /// The connection's read buffer, lent for the time of the request. Behind `end` lies what the client sent further.
    pub buffer: Vec<u8>,
    /// The first line.
    pub line: RequestLine,
    /// The header lines that count, in order.
    pub headers: Vec<Line>,
    /// Behind the empty line that ends the head.
    pub end: usize,
}

impl Head {
    /// The first line, without CR and LF; of one that is refused or cut off, what has come of it, as nginx shows it.
    pub fn request_line(&self) -> &[u8] {
        let (start, end) = (self.line.start.min(self.buffer.len()), self.line.end);
        if end > start {
            return &self.buffer[start..end];
        }
        let rest = &self.buffer[start..];
        let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        &rest[..length]
    }

    /// The name of the method.
    pub fn method(&self) -> &[u8] {
        &self.buffer[self.line.start..self.line.method_end.max(self.line.start)]
    }

    /// The target as sent, with arguments and without scheme and host; nothing as long as its end has not come.
    pub fn target(&self) -> &[u8] {
        self.buffer.get(self.line.uri.clone()).unwrap_or_default()
    }

    /// `HTTP/1.1`; nothing for HTTP/0.9.
    pub fn protocol(&self) -> &[u8] {
        self.line.protocol_start.map_or(&[], |start| &self.buffer[start..self.line.end.max(start)])
    }

    /// The value of the first line of a known header.
    pub fn header(&self, known: Known) -> Option<&[u8]> {
        self.headers.iter().find(|line| line.known == known).map(|line| &self.buffer[line.value()])
    }

    /// The values of all lines of a known header.
    pub fn header_all(&self, known: Known) -> impl Iterator<Item = &[u8]> {
        self.headers.iter().filter(move |line| line.known == known).map(|line| &self.buffer[line.value()])
    }

    /// All lines, as name and value.
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|line| (&self.buffer[line.name()], &self.buffer[line.value()]))
    }

    /// Adds a line that did not come from the client, or changes the first one of its name; the others may go then.
    pub fn set_header(&mut self, name: &[u8], value: &[u8], removes_others: bool) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(name);
        let middle = self.buffer.len();
        self.buffer.extend_from_slice(value);
        let line = Line::new(&self.buffer, start..middle, middle..self.buffer.len());
        let buffer = &self.buffer;
        let found = self.headers.iter().position(|line| buffer[line.name()].eq_ignore_ascii_case(name));
        let Some(first) = found else {
            self.headers.push(line);
            return;
        };
        self.headers[first].set_value(line.value());
        if removes_others {
            let mut is_first = true;
            self.headers.retain(|line| {
                !buffer[line.name()].eq_ignore_ascii_case(name) || std::mem::replace(&mut is_first, false)
            });
        }
    }

    /// Takes out the lines with these names.
    pub fn remove_headers(&mut self, is_meant: impl Fn(&[u8]) -> bool) {
        let buffer = &self.buffer;
        self.headers.retain(|line| !is_meant(&buffer[line.name()]));
    }

    /// Makes room for the next request. The bytes of `buffer` are the caller's business.
    pub fn clear(&mut self) {
        self.line = RequestLine::default();
        self.headers.clear();
        self.end = 0;
    }
}
