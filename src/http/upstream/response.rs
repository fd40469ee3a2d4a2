//! The head of a backend's answer: read piece by piece, checked as nginx checks it, its lines as places in the buffer.

use std::fmt;
use std::ops::Range;

use crate::http::message::known_names::known_names;
use crate::wire::http1::header_line::{HeaderLine, Progress as LineProgress};
use crate::wire::http1::status_line;

/// A backend's status for an answer that is not the last one.
pub const EARLY_HINTS: u16 = 103;

known_names! {
    /// A header of an answer that the proxy itself reads.
    pub enum Kind {
        /// `Status`
        Status = b"status",
        /// `Content-Type`
        ContentType = b"content-type",
        /// `Content-Length`
        ContentLength = b"content-length",
        /// `Date`
        Date = b"date",
        /// `Last-Modified`
        LastModified = b"last-modified",
        /// `ETag`
        Etag = b"etag",
        /// `Server`
        Server = b"server",
        /// `WWW-Authenticate`
        WwwAuthenticate = b"www-authenticate",
        /// `Location`
        Location = b"location",
        /// `Refresh`
        Refresh = b"refresh",
        /// `Set-Cookie`
        SetCookie = b"set-cookie",
        /// `Content-Disposition`
        ContentDisposition = b"content-disposition",
        /// `Cache-Control`
        CacheControl = b"cache-control",
        /// `Expires`
        Expires = b"expires",
        /// `Accept-Ranges`
        AcceptRanges = b"accept-ranges",
        /// `Upgrade`
        Upgrade = b"upgrade",
        /// `Connection`
        Connection = b"connection",
        /// `Keep-Alive`
        KeepAlive = b"keep-alive",
        /// `X-Accel-Expires`
        AccelExpires = b"x-accel-expires",
        /// `X-Accel-Redirect`
        AccelRedirect = b"x-accel-redirect",
        /// `X-Accel-Limit-Rate`
        AccelLimitRate = b"x-accel-limit-rate",
        /// `X-Accel-Buffering`
        AccelBuffering = b"x-accel-buffering",
        /// `X-Accel-Charset`
        AccelCharset = b"x-accel-charset",
        /// `X-Pad`
        Pad = b"x-pad",
        /// `Transfer-Encoding`
        TransferEncoding = b"transfer-encoding",
    }
}

/// Room for so many header lines is made at once.
const USUAL_LINES: usize = 16;

impl Kind {
    /// Of these nginx takes the first line and drops further ones with a warning.
    fn is_single(self) -> bool {
        use Kind::{AccelExpires, AccelLimitRate, AccelRedirect, ContentType, Date, Etag, Expires};
        use Kind::{LastModified, Location, Refresh, Server, Status};
        matches!(
            self,
            Status
                | ContentType
                | Date
                | LastModified
                | Etag
                | Server
                | Location
                | Refresh
                | Expires
                | AccelExpires
                | AccelRedirect
                | AccelLimitRate
        )
    }
}

/// One header line: places in the buffer that the answer is read into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which it is.
    pub kind: Kind,
    /// The name as sent.
    pub name: Range<usize>,
    /// The value.
    pub value: Range<usize>,
    /// A further line of a header that stands once: not passed on.
    pub dropped: bool,
}

/// The head of an answer.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Head {
    /// 9 for an answer without a head, 1000, 1001 …
    pub version: u16,
    /// The status.
    pub status: u16,
    /// The status and its phrase.
    pub status_text: Range<usize>,
    /// The header lines in order.
    pub lines: Vec<Line>,
    /// Where the body begins.
    pub end: usize,
    /// `Content-Length`
    pub content_length: Option<u64>,
    /// `Transfer-Encoding: chunked`
    pub chunked: bool,
    /// The backend closes the connection behind this answer.
    pub close: bool,
    /// A bit for each kind that was seen.
    pub seen: u32,
}

impl Head {
    /// The value of the first line of a kind.
    pub fn find<'b>(&self, buffer: &'b [u8], kind: Kind) -> Option<&'b [u8]> {
        if self.seen >> kind as u8 & 1 == 0 {
            return None;
        }
        self.lines.iter().find(|line| line.kind == kind).map(|line| &buffer[line.value.clone()])
    }
}

/// Why an answer is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A line that is no header line: its beginning, and the byte that does not belong there.
    InvalidHeader(Vec<u8>, u8),
    /// A header that may stand once, with the earlier line.
    Duplicate(String, String),
    /// Both ways of saying how long the body is.
    LengthAndEncoding,
    /// A length that is no number, as a whole line.
    InvalidLength(String),
    /// A transfer encoding other than `chunked`.
    UnknownEncoding(String),
    /// Early hints of a backend that speaks HTTP/1.0.
    EarlyHintsInHttp10,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidHeader(text, byte) => {
                let text = String::from_utf8_lossy(text);
                write!(f, "upstream sent invalid header: \"{text}\\x{byte:02x}...\"")
            }
            Self::Duplicate(line, previous) => {
                write!(f, "upstream sent duplicate header line: \"{line}\", previous value: \"{previous}\"")
            }
            Self::LengthAndEncoding => {
                f.write_str("upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time")
            }
            Self::InvalidLength(line) => write!(f, "upstream sent invalid \"Content-Length\" header: \"{line}\""),
            Self::UnknownEncoding(value) => write!(f, "upstream sent unknown \"Transfer-Encoding\": \"{value}\""),
            Self::EarlyHintsInHttp10 => f.write_str("upstream sent HTTP/1.0 response with early hints"),
        }
    }
}

/// What the bytes so far made of a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// More bytes are needed.
    Again,
    /// The head is whole.
    Done,
    /// The bytes are no HTTP/1: all of them are the body.
    NoHead,
    /// A head with hints that comes before the real one was read.
    EarlyHints,
}

/// A head in the making.
#[derive(Debug, Default)]
pub struct Parser {
    line: HeaderLine,
    position: usize,
    has_status: bool,
    /// What was read so far.
    pub head: Head,
    /// Lines that were dropped, for the log: the line and the one that counts.
    pub duplicates: Vec<(String, String)>,
}

impl Parser {
    /// Reads on. The buffer holds everything from the beginning of the answer.
    pub fn parse(&mut self, buffer: &[u8]) -> Result<Progress, Fault> {
        if !self.has_status {
            self.head.lines.reserve(USUAL_LINES);
            match status_line::parse(&buffer[self.position..]) {
                Ok(None) => return Ok(Progress::Again),
                Ok(Some(line)) => self.take_status(line)?,
                Err(status_line::NoStatusLine) => {
                    // It has no status; `$upstream_status` shows 200 all the same.
                    self.head = Head { version: 9, end: self.position, close: true, ..Head::default() };
                    return Ok(Progress::NoHead);
                }
            }
        }
        loop {
            match self.line.parse(buffer, &mut self.position, true) {
                Ok(LineProgress::Line) => self.take_line(buffer)?,
                Ok(LineProgress::Again) => return Ok(Progress::Again),
                Ok(LineProgress::End) => {
                    self.head.end = self.position;
                    if self.head.status == EARLY_HINTS {
                        return Ok(Progress::EarlyHints);
                    }
                    if self.head.chunked {
                        self.head.content_length = None;
                    }
                    return Ok(Progress::Done);
                }
                Err(fault) => {
                    let text = buffer[self.line.name.start.min(fault.0)..fault.0].to_vec();
                    return Err(Fault::InvalidHeader(text, buffer[fault.0]));
                }
            }
        }
    }

    /// The head of an answer over HTTP/2, whose fields are written one behind the other. It has no phrase, and says nothing of the
    /// connection.
    pub fn of_fields<'f>(
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
        buffer: &mut Vec<u8>,
    ) -> Result<Self, Fault> {
        let mut parser = Self { head: Head { version: 1001, status, ..Head::default() }, ..Self::default() };
        for (name, value) in fields {
            let start = buffer.len();
            buffer.extend_from_slice(name);
            let middle = buffer.len();
            buffer.extend_from_slice(value);
            parser.take_field(buffer, start..middle, middle..buffer.len())?;
        }
        parser.head.end = buffer.len();
        parser.head.close = false;
        Ok(parser)
    }

    fn take_status(&mut self, line: status_line::StatusLine) -> Result<(), Fault> {
        let head = &mut self.head;
        head.version = line.version;
        head.status = line.status;
        head.status_text = self.position + line.text.start..self.position + line.text.end;
        self.position += line.end;
        self.has_status = true;
        if line.version < 1001 {
            if line.status == EARLY_HINTS {
                return Err(Fault::EarlyHintsInHttp10);
            }
            head.close = true;
        }
        Ok(())
    }

    fn take_line(&mut self, buffer: &[u8]) -> Result<(), Fault> {
        self.take_field(buffer, self.line.name.clone(), self.line.value.clone())
    }

    fn take_field(&mut self, buffer: &[u8], name: Range<usize>, value: Range<usize>) -> Result<(), Fault> {
        let kind = Kind::of(&buffer[name.clone()]);
        let mut line = Line { kind, name, value, dropped: false };
        if kind != Kind::Other && self.head.status != EARLY_HINTS {
            self.check(buffer, &mut line)?;
            self.head.seen |= 1 << kind as u8;
        }
        self.head.lines.push(line);
        Ok(())
    }

    fn check(&mut self, buffer: &[u8], line: &mut Line) -> Result<(), Fault> {
        let value = &buffer[line.value.clone()];
        let seen = self.head.seen >> line.kind as u8 & 1 == 1;
        match line.kind {
            Kind::ContentLength | Kind::TransferEncoding if seen => {
                return Err(Fault::Duplicate(text(buffer, line), self.first(buffer, line.kind)));
            }
            Kind::ContentLength if self.head.chunked => return Err(Fault::LengthAndEncoding),
            Kind::TransferEncoding if self.head.content_length.is_some() => return Err(Fault::LengthAndEncoding),
            Kind::ContentLength => {
                let length = decimal(value).ok_or_else(|| Fault::InvalidLength(text(buffer, line)))?;
                self.head.content_length = Some(length);
            }
            Kind::TransferEncoding if value.eq_ignore_ascii_case(b"chunked") => self.head.chunked = true,
            Kind::TransferEncoding => {
                return Err(Fault::UnknownEncoding(String::from_utf8_lossy(value).into_owned()));
            }
            Kind::Connection => {
                self.head.close |= value.windows(5).any(|word| word.eq_ignore_ascii_case(b"close"));
            }
            kind if seen && kind.is_single() => {
                line.dropped = true;
                self.duplicates.push((text(buffer, line), self.first(buffer, kind)));
            }
            _ => {}
        }
        Ok(())
    }

    fn first(&self, buffer: &[u8], kind: Kind) -> String {
        self.head.lines.iter().find(|line| line.kind == kind).map(|line| text(buffer, line)).unwrap_or_default()
    }
}

fn text(buffer: &[u8], line: &Line) -> String {
    let part = |range: &Range<usize>| String::from_utf8_lossy(&buffer[range.clone()]).into_owned();
    format!("{}: {}", part(&line.name), part(&line.value))
}

/// A decimal number that fits nginx's file offsets; nothing else may stand there.
pub fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| match byte {
        b'0'..=b'9' => {
            let value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            (value <= i64::MAX as u64).then_some(value)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, piece: usize) -> Result<(Progress, Parser), Fault> {
        let mut parser = Parser::default();
        let mut end = 0;
        loop {
            end = (end + piece).min(text.len());
            match parser.parse(&text.as_bytes()[..end])? {
                Progress::Again if end < text.len() => {}
                progress => return Ok((progress, parser)),
            }
        }
    }

    #[test]
    fn a_head_in_any_pieces() {
        let text = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\nX: y\r\nConnection: Close\r\n\r\nhello";
        for piece in [1, 3, 1000] {
            let (progress, parser) = parse(text, piece).expect("a good head");
            assert_eq!(progress, Progress::Done);
            let head = &parser.head;
            assert_eq!((head.status, head.version, head.content_length, head.close), (200, 1001, Some(5), true));
            assert_eq!(&text[head.end..], "hello");
            assert_eq!(&text[head.status_text.clone()], "200 OK");
            assert_eq!(head.find(text.as_bytes(), Kind::Server), Some(&b"x"[..]));
            assert_eq!(head.lines.len(), 4);
        }
    }

    #[test]
    fn no_head_is_all_body() {
        let (progress, parser) = parse("<html>", 1000).expect("no fault");
        assert_eq!((progress, parser.head.end, parser.head.version), (Progress::NoHead, 0, 9));
    }

    #[test]
    fn faults_in_nginx_s_words() {
        let fault = |lines: &str| {
            let text = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
            parse(&text, 1000).map(|_| ()).expect_err("a fault").to_string()
        };
        insta::assert_snapshot!(fault("Content-Length: x"), @r#"upstream sent invalid "Content-Length" header: "Content-Length: x""#);
        insta::assert_snapshot!(fault("Content-Length: 1\r\ncontent-length: 1"), @r#"upstream sent duplicate header line: "content-length: 1", previous value: "Content-Length: 1""#);
        insta::assert_snapshot!(fault("Content-Length: 1\r\nTransfer-Encoding: chunked"), @r#"upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time"#);
        insta::assert_snapshot!(fault("Transfer-Encoding: gzip"), @r#"upstream sent unknown "Transfer-Encoding": "gzip""#);
        insta::assert_snapshot!(fault("A B: c"), @r#"upstream sent invalid header: "A\x20...""#);
    }

    #[test]
    fn further_lines_of_single_headers_are_dropped() {
        let (_, parser) =
            parse("HTTP/1.1 200 OK\r\nETag: a\r\nETag: b\r\nVary: a\r\nVary: b\r\n\r\n", 1000).expect("good");
        let dropped: Vec<bool> = parser.head.lines.iter().map(|line| line.dropped).collect();
        assert_eq!(dropped, [false, true, false, false]);
        assert_eq!(parser.duplicates, [("ETag: b".to_owned(), "ETag: a".to_owned())]);
    }

    #[test]
    fn fields_are_a_head_too() {
        let mut buffer = Vec::new();
        let fields = [(&b"content-length"[..], &b"5"[..]), (b"connection", b"close"), (b"etag", b"a"), (b"etag", b"b")];
        let parser = Parser::of_fields(200, fields.into_iter(), &mut buffer).expect("a good head");
        let head = &parser.head;
        assert_eq!((head.status, head.content_length, head.close, head.end), (200, Some(5), false, buffer.len()));
        assert_eq!((head.find(&buffer, Kind::Etag), head.lines[3].dropped), (Some(&b"a"[..]), true));
        assert!(head.status_text.is_empty());
    }

    #[test]
    fn early_hints_come_first() {
        let text = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let mut parser = Parser::default();
        assert_eq!(parser.parse(text.as_bytes()), Ok(Progress::EarlyHints));
        let rest = &text[parser.head.end..];
        let mut parser = Parser::default();
        assert_eq!(parser.parse(rest.as_bytes()), Ok(Progress::Done));
        assert_eq!(parser.head.status, 204);
        assert!(parser.head.lines.is_empty());
    }
}
