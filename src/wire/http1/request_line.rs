//! The first line of a request, byte by byte: the raw target is kept, LF alone ends it, HTTP/0.9 is one of its forms.
//!
//! The states and what each accepts are nginx's (`ngx_http_parse_request_line`), so that a fault is seen at the same
//! byte. All places are offsets into the connection's read buffer; reading resumes where the last bytes ended.

use std::ops::Range;

/// A method that nginx has a number for; the name itself stays in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    /// A name that nginx does not know.
    #[default]
    Unknown,
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// MKCOL
    Mkcol,
    /// COPY
    Copy,
    /// MOVE
    Move,
    /// OPTIONS
    Options,
    /// PROPFIND
    Propfind,
    /// PROPPATCH
    Proppatch,
    /// LOCK
    Lock,
    /// UNLOCK
    Unlock,
    /// PATCH
    Patch,
    /// TRACE
    Trace,
    /// CONNECT
    Connect,
}

impl Method {
    /// The method of this exact name.
    pub fn from_name(name: &[u8]) -> Self {
        match name {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"MKCOL" => Self::Mkcol,
            b"COPY" => Self::Copy,
            b"MOVE" => Self::Move,
            b"OPTIONS" => Self::Options,
            b"PROPFIND" => Self::Propfind,
            b"PROPPATCH" => Self::Proppatch,
            b"LOCK" => Self::Lock,
            b"UNLOCK" => Self::Unlock,
            b"PATCH" => Self::Patch,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            _ => Self::Unknown,
        }
    }
}

/// What is wrong with a request line; the texts are those of nginx's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A byte that no method name has.
    InvalidMethod,
    /// Anything else that is out of place.
    InvalidRequest,
    /// HTTP/2.0 and later.
    InvalidVersion,
    /// HTTP/0.9 knows GET alone.
    InvalidMethodIn09,
}

impl Fault {
    /// nginx's words in the error log.
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidMethod => "client sent invalid method",
            Self::InvalidRequest => "client sent invalid request",
            Self::InvalidVersion => "client sent invalid version",
            Self::InvalidMethodIn09 => "client sent invalid method in HTTP/0.9 request",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Start,
    Method,
    SpacesBeforeUri,
    Schema,
    SchemaSlash,
    SchemaSlashSlash,
    SpacesBeforeHost,
    HostStart,
    Host,
    HostEnd,
    HostIpLiteral,
    PortStart,
    Port,
    AfterSlashInUri,
    CheckUri,
    Uri,
    Http09,
    Literal(u8),
    FirstMajorDigit,
    MajorDigit,
    FirstMinorDigit,
    MinorDigit,
    SpacesAfterDigit,
    AlmostDone,
    Done,
}

/// A request line in the making, and at last read whole.
#[derive(Clone, Debug, Default)]
pub struct RequestLine {
    state: State,
    /// The first byte of the method.
    pub start: usize,
    /// Behind the last byte, without CR and LF.
    pub end: usize,
    /// The method, if nginx knows it.
    pub method: Method,
    /// Behind the last byte of the method's name.
    pub method_end: usize,
    /// The scheme of an absolute target.
    pub schema: Option<Range<usize>>,
    /// Host and port of an absolute target, or of CONNECT.
    pub host: Option<Range<usize>>,
    /// The target as sent, without scheme and host, with its arguments.
    pub uri: Range<usize>,
    /// The byte behind the `?`.
    pub args_start: Option<usize>,
    /// The byte behind the last `.` of the last segment.
    pub extension_start: Option<usize>,
    /// Dot segments, double slashes or a `#`: the path has to be made normal.
    pub complex_uri: bool,
    /// A `%` is in the path.
    pub quoted_uri: bool,
    /// A `+` is in the path.
    pub plus_in_uri: bool,
    /// An absolute target whose path is empty and that has arguments.
    pub empty_path: bool,
    /// The first byte of `HTTP/`.
    pub protocol_start: Option<usize>,
    major: u16,
    minor: u16,
}

const LITERAL: &[u8] = b"HTTP/";
const USUAL_START: &[u8] = b"GET /";
const USUAL_END: &[u8] = b" HTTP/1.1\r\n";

/// Bytes of a path that need no look: not controls, space, `#`, `%`, `+`, `.`, `/`, `?` or DEL.
const USUAL: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte <= 0x20 {
        table[byte] = false;
        byte += 1;
    }
    let special = b"#%+./?\x7f";
    let mut index = 0;
    while index < special.len() {
        table[special[index] as usize] = false;
        index += 1;
    }
    table
};

/// Whether a byte of a path needs no look.
pub(super) fn is_usual(byte: u8) -> bool {
    USUAL[usize::from(byte)]
}

impl RequestLine {
    /// The version as nginx counts it: 9, 1000, 1001.
    pub fn version(&self) -> u16 {
        self.major * 1000 + self.minor
    }

    /// Whether the first byte of a method has been met.
    pub fn is_started(&self) -> bool {
        self.state != State::Start
    }

    /// The path as sent, without arguments.
    pub fn path(&self) -> Range<usize> {
        match self.args_start {
            Some(args) => self.uri.start..args - 1,
            None => self.uri.clone(),
        }
    }

    /// Reads on from `*position`; true once the line is whole, with `*position` behind its LF.
    pub fn parse(&mut self, buffer: &[u8], position: &mut usize) -> Result<bool, Fault> {
        let mut at = *position;
        if self.state == State::Start && buffer.get(at..).is_some_and(|line| line.starts_with(USUAL_START)) {
            at = self.begin_as_usual(at);
        }
        while let Some(&byte) = buffer.get(at) {
            if byte == b' ' && self.is_in_path() && buffer[at..].starts_with(USUAL_END) {
                *position = self.end_as_usual(at);
                return Ok(true);
            }
            if matches!(self.state, State::CheckUri | State::Uri) && is_usual(byte) {
                at += 1;
                while buffer.get(at).is_some_and(|&byte| is_usual(byte)) {
                    at += 1;
                }
                continue;
            }
            self.state = self.step(byte, at, buffer)?;
            at += 1;
            if self.state == State::Done {
                *position = at;
                return self.finish();
            }
        }
        *position = at;
        Ok(false)
    }

    /// Nearly all requests begin and end with the same bytes: what those are need not be found out one by one.
    fn begin_as_usual(&mut self, at: usize) -> usize {
        self.start = at;
        self.method = Method::Get;
        self.method_end = at + USUAL_START.len() - 2;
        self.uri.start = at + USUAL_START.len() - 1;
        self.state = State::AfterSlashInUri;
        at + USUAL_START.len()
    }

    /// The same from the space behind the target to the end of the line.
    fn end_as_usual(&mut self, at: usize) -> usize {
        self.uri.end = at;
        self.protocol_start = Some(at + 1);
        (self.major, self.minor) = (1, 1);
        self.end = at + USUAL_END.len() - 2;
        self.state = State::Done;
        at + USUAL_END.len()
    }

    fn is_in_path(&self) -> bool {
        matches!(self.state, State::AfterSlashInUri | State::CheckUri | State::Uri)
    }

    fn finish(&self) -> Result<bool, Fault> {
        if self.version() == 9 && self.method != Method::Get {
            return Err(Fault::InvalidMethodIn09);
        }
        Ok(true)
    }

    fn step(&mut self, byte: u8, at: usize, buffer: &[u8]) -> Result<State, Fault> {
        match self.state {
            State::Start | State::Method => self.method(byte, at, buffer),
            State::SpacesBeforeUri | State::Schema | State::SchemaSlash | State::SchemaSlashSlash => {
                self.before_host(byte, at)
            }
            State::SpacesBeforeHost | State::HostStart | State::Host | State::HostEnd | State::HostIpLiteral => {
                self.host(byte, at)
            }
            State::PortStart | State::Port => self.port(byte, at),
            State::AfterSlashInUri | State::CheckUri | State::Uri => self.uri(byte, at),
            State::Http09 | State::Literal(_) => self.protocol(byte, at),
            _ => self.version_digits(byte, at),
        }
    }

    fn method(&mut self, byte: u8, at: usize, buffer: &[u8]) -> Result<State, Fault> {
        if self.state == State::Start {
            self.start = at;
            if byte == b'\r' || byte == b'\n' {
                return Ok(State::Start);
            }
        } else if byte == b' ' {
            self.method_end = at;
            self.method = Method::from_name(&buffer[self.start..at]);
            return Ok(match self.method {
                Method::Connect => State::SpacesBeforeHost,
                _ => State::SpacesBeforeUri,
            });
        }
        match byte {
            b'A'..=b'Z' | b'_' | b'-' => Ok(State::Method),
            _ => Err(Fault::InvalidMethod),
        }
    }

    fn before_host(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        match (self.state, byte) {
            (State::SpacesBeforeUri, b'/') => {
                self.uri.start = at;
                Ok(State::AfterSlashInUri)
            }
            (State::SpacesBeforeUri, b' ') => Ok(State::SpacesBeforeUri),
            (State::SpacesBeforeUri, b'a'..=b'z' | b'A'..=b'Z') => {
                self.schema = Some(at..at);
                Ok(State::Schema)
            }
            (State::Schema, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.') => Ok(State::Schema),
            (State::Schema, b':') => {
                self.schema = self.schema.take().map(|schema| schema.start..at);
                Ok(State::SchemaSlash)
            }
            (State::SchemaSlash, b'/') => Ok(State::SchemaSlashSlash),
            (State::SchemaSlashSlash, b'/') => Ok(State::HostStart),
            _ => Err(Fault::InvalidRequest),
        }
    }

    fn host(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        if self.state == State::SpacesBeforeHost && byte == b' ' {
            return Ok(State::SpacesBeforeHost);
        }
        if matches!(self.state, State::SpacesBeforeHost | State::HostStart) {
            self.host = Some(at..at);
            if byte == b'[' {
                return Ok(State::HostIpLiteral);
            }
            self.state = State::Host;
        }
        match (self.state, byte) {
            (State::Host, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-') => return Ok(State::Host),
            (State::HostIpLiteral, b']') => return Ok(State::HostEnd),
            (State::HostIpLiteral, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9') => return Ok(State::HostIpLiteral),
            // RFC 3986 §3.2.2: unreserved, sub-delims and ":" make an IP literal.
            (State::HostIpLiteral, byte) if b":-._~!$&'()*+,;=".contains(&byte) => return Ok(State::HostIpLiteral),
            (State::HostIpLiteral, _) => return Err(Fault::InvalidRequest),
            (_, b':') => return Ok(State::PortStart),
            _ => {}
        }
        self.end_host(at);
        if self.method == Method::Connect {
            return Err(Fault::InvalidRequest);
        }
        self.after_host(byte, at)
    }

    fn end_host(&mut self, at: usize) {
        self.host = self.host.take().map(|host| host.start..at);
    }

    fn port(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        if byte.is_ascii_digit() {
            return Ok(State::Port);
        }
        let empty = self.state == State::PortStart;
        self.end_host(at);
        if self.method == Method::Connect {
            return if byte == b' ' && !empty { Ok(State::Http09) } else { Err(Fault::InvalidRequest) };
        }
        self.after_host(byte, at)
    }

    fn after_host(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        match byte {
            b'/' => {
                self.uri.start = at;
                Ok(State::AfterSlashInUri)
            }
            b'?' => {
                self.uri.start = at;
                self.args_start = Some(at + 1);
                self.empty_path = true;
                Ok(State::Uri)
            }
            b' ' => {
                // The path is the first slash of "://", so that it stays a range of the line.
                let slash = self.schema.as_ref().map_or(at, |schema| schema.end + 1);
                self.uri = slash..slash + 1;
                Ok(State::Http09)
            }
            _ => Err(Fault::InvalidRequest),
        }
    }

    fn uri(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        match byte {
            b' ' => {
                self.uri.end = at;
                return Ok(State::Http09);
            }
            b'\r' => {
                self.uri.end = at;
                self.minor = 9;
                self.end = at;
                return Ok(State::AlmostDone);
            }
            b'\n' => {
                self.uri.end = at;
                self.minor = 9;
                self.end = at;
                return Ok(State::Done);
            }
            0..0x20 | 0x7f => return Err(Fault::InvalidRequest),
            _ => {}
        }
        if self.state == State::Uri {
            self.complex_uri |= byte == b'#';
            return Ok(State::Uri);
        }
        Ok(self.path_byte(byte, at))
    }

    fn path_byte(&mut self, byte: u8, at: usize) -> State {
        let after_slash = self.state == State::AfterSlashInUri;
        match byte {
            b'/' if !after_slash => {
                self.extension_start = None;
                State::AfterSlashInUri
            }
            b'.' if !after_slash => {
                self.extension_start = Some(at + 1);
                State::CheckUri
            }
            b'.' | b'/' | b'#' => {
                self.complex_uri = true;
                State::Uri
            }
            b'%' => {
                self.quoted_uri = true;
                State::Uri
            }
            b'?' => {
                self.args_start = Some(at + 1);
                State::Uri
            }
            b'+' => {
                self.plus_in_uri = true;
                self.state
            }
            _ => State::CheckUri,
        }
    }

    fn protocol(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        let expected = match self.state {
            State::Literal(index) => usize::from(index),
            _ => {
                match byte {
                    b' ' => return Ok(State::Http09),
                    b'\r' => {
                        self.minor = 9;
                        self.end = at;
                        return Ok(State::AlmostDone);
                    }
                    b'\n' => {
                        self.minor = 9;
                        self.end = at;
                        return Ok(State::Done);
                    }
                    b'H' => self.protocol_start = Some(at),
                    _ => return Err(Fault::InvalidRequest),
                }
                0
            }
        };
        if byte != LITERAL[expected] {
            return Err(Fault::InvalidRequest);
        }
        if expected + 1 < LITERAL.len() {
            return Ok(State::Literal(expected as u8 + 1));
        }
        if self.method == Method::Connect {
            // The target has no path; nginx takes the slash of "HTTP/" for it.
            self.uri = at..at + 1;
        }
        Ok(State::FirstMajorDigit)
    }

    fn version_digits(&mut self, byte: u8, at: usize) -> Result<State, Fault> {
        match (self.state, byte) {
            (State::FirstMajorDigit, b'1'..=b'9') => {
                self.major = u16::from(byte - b'0');
                if self.major > 1 { Err(Fault::InvalidVersion) } else { Ok(State::MajorDigit) }
            }
            (State::MajorDigit, b'.') => Ok(State::FirstMinorDigit),
            // Two digits are ten at the least.
            (State::MajorDigit, b'0'..=b'9') => Err(Fault::InvalidVersion),
            (State::FirstMinorDigit, b'0'..=b'9') => {
                self.minor = u16::from(byte - b'0');
                Ok(State::MinorDigit)
            }
            (State::MinorDigit | State::SpacesAfterDigit, b' ') => Ok(State::SpacesAfterDigit),
            (State::MinorDigit | State::SpacesAfterDigit, b'\r') => {
                self.end = at;
                Ok(State::AlmostDone)
            }
            (State::MinorDigit | State::SpacesAfterDigit, b'\n') => {
                self.end = at;
                Ok(State::Done)
            }
            (State::MinorDigit, b'0'..=b'9') if self.minor <= 99 => {
                self.minor = self.minor * 10 + u16::from(byte - b'0');
                Ok(State::MinorDigit)
            }
            (State::AlmostDone, b'\n') => Ok(State::Done),
            _ => Err(Fault::InvalidRequest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RequestLine, Fault> {
        let mut line = RequestLine::default();
        let mut position = 0;
        assert!(line.parse(text.as_bytes(), &mut position)?, "the line is not whole");
        Ok(line)
    }

    fn resumed(text: &str) -> Result<RequestLine, Fault> {
        let mut line = RequestLine::default();
        let mut position = 0;
        for end in 1..=text.len() {
            if line.parse(&text.as_bytes()[..end], &mut position)? {
                return Ok(line);
            }
        }
        panic!("the line is not whole");
    }

    #[test]
    fn reading_in_pieces_gives_the_same() {
        for text in [
            "GET / HTTP/1.1\r\n",
            "GET /a.b/c.d%20?e=f/g.h HTTP/1.1\r\n",
            "POST http://a.b:80/x.html?y#z HTTP/1.0\n",
            "GET /a\r\n",
            "CONNECT a:443 HTTP/1.1\r\n",
            "GET http://[::1]?a HTTP/1.1\r\n",
            "\r\nGET  /a//b/../c%20+d   HTTP/1.1  \r\n",
        ] {
            assert_eq!(format!("{:?}", parse(text)), format!("{:?}", resumed(text)), "{text:?}");
        }
    }

    #[test]
    fn the_parts_of_an_absolute_target() {
        let text = "GET http://a.b:80/x.html?y HTTP/1.0\r\n";
        let line = parse(text).expect("valid");
        assert_eq!(&text[line.host.clone().expect("host")], "a.b:80");
        assert_eq!(&text[line.path()], "/x.html");
        assert_eq!(&text[line.extension_start.expect("extension")..line.path().end], "html");
        assert_eq!(line.version(), 1000);
        assert_eq!(&text[line.start..line.end], "GET http://a.b:80/x.html?y HTTP/1.0");
    }

    #[test]
    fn faults_are_nginx_s() {
        for (text, fault) in [
            ("get / HTTP/1.1\r\n", Fault::InvalidMethod),
            ("GET / HTTP/2.0\r\n", Fault::InvalidVersion),
            ("GET / HTTP/11.0\r\n", Fault::InvalidVersion),
            ("POST /\r\n", Fault::InvalidMethodIn09),
            ("GET /\x01 HTTP/1.1\r\n", Fault::InvalidRequest),
            ("GET / HTTP/1.1x\r\n", Fault::InvalidRequest),
            ("GET / HTTP/1.1\rx", Fault::InvalidRequest),
            ("GET /a b HTTP/1.1\r\n", Fault::InvalidRequest),
            ("CONNECT a HTTP/1.1\r\n", Fault::InvalidRequest),
            ("GET / HTTP/1.1000\r\n", Fault::InvalidRequest),
        ] {
            assert_eq!(parse(text).map(|_| ()), Err(fault), "{text:?}");
        }
    }
}
