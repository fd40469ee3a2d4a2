//! The first line of a backend's answer, with nginx's rules (`ngx_http_parse_status_line`).

use std::ops::Range;

/// A status line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusLine {
    /// HTTP/1.1 is 1001.
    pub version: u16,
    /// Three digits.
    pub status: u16,
    /// The status and what follows it, without the line's end.
    pub text: Range<usize>,
    /// Behind the line.
    pub end: usize,
}

/// This is no HTTP/1 answer: nginx takes it for HTTP/0.9.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoStatusLine;

/// Reads a status line; `None` while more bytes are needed.
pub fn parse(buffer: &[u8]) -> Result<Option<StatusLine>, NoStatusLine> {
    const NAME: &[u8] = b"HTTP/";
    let known = buffer.len().min(NAME.len());
    if buffer[..known] != NAME[..known] {
        return Err(NoStatusLine);
    }
    let mut at = NAME.len();
    let Some(major) = number(buffer, &mut at, b'.')? else { return Ok(None) };
    let Some(minor) = number(buffer, &mut at, b' ')? else { return Ok(None) };
    if major == 0 {
        return Err(NoStatusLine);
    }
    while buffer.get(at) == Some(&b' ') {
        at += 1;
    }
    let start = at;
    let mut status = 0;
    while at < start + 3 {
        match buffer.get(at) {
            Some(byte @ b'0'..=b'9') => status = status * 10 + u16::from(byte - b'0'),
            Some(_) => return Err(NoStatusLine),
            None => return Ok(None),
        }
        at += 1;
    }
    match buffer.get(at) {
        // IIS may send 403.1.
        Some(b' ' | b'.' | b'\r' | b'\n') => {}
        Some(_) => return Err(NoStatusLine),
        None => return Ok(None),
    }
    let Some(length) = buffer[at..].iter().position(|byte| matches!(byte, b'\r' | b'\n')) else { return Ok(None) };
    let line_end = at + length;
    let end = match (buffer[line_end], buffer.get(line_end + 1)) {
        (b'\n', _) => line_end + 1,
        (_, Some(b'\n')) => line_end + 2,
        (_, Some(_)) => return Err(NoStatusLine),
        (_, None) => return Ok(None),
    };
    let version = major.saturating_mul(1000).saturating_add(minor);
    Ok(Some(StatusLine { version, status, text: start..line_end, end }))
}

/// A number of at most three digits and the byte behind it.
fn number(buffer: &[u8], at: &mut usize, stop: u8) -> Result<Option<u16>, NoStatusLine> {
    let mut value = None;
    while let Some(&byte) = buffer.get(*at) {
        *at += 1;
        value = match (byte, value) {
            (b'0'..=b'9', None) => Some(u16::from(byte - b'0')),
            (b'0'..=b'9', Some(value)) if value <= 99 => Some(value * 10 + u16::from(byte - b'0')),
            (byte, Some(value)) if byte == stop => return Ok(Some(value)),
            _ => return Err(NoStatusLine),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (u16, u16, &str, &str) {
        let line = parse(text.as_bytes()).expect("a status line").expect("a whole one");
        (line.version, line.status, &text[line.text], &text[line.end..])
    }

    #[test]
    fn lines() {
        assert_eq!(whole("HTTP/1.1 200 OK\r\nA"), (1001, 200, "200 OK", "A"));
        assert_eq!(whole("HTTP/1.0 404\nA"), (1000, 404, "404", "A"));
        assert_eq!(whole("HTTP/1.1   403.1 x\r\n"), (1001, 403, "403.1 x", ""));
        assert_eq!(whole("HTTP/12.30 200 \r\n"), (12030, 200, "200 ", ""));
        assert_eq!(whole("HTTP/999.1 200\n").0, u16::MAX);
    }

    #[test]
    fn any_beginning_asks_for_more() {
        let text = b"HTTP/1.1 200 OK\r\n";
        for length in 0..text.len() {
            assert_eq!(parse(&text[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "http/1.1 200 OK\r\n",
            "HTTX",
            "HTTP/0.9 200 OK\r\n",
            "HTTP/1.1 20x OK\r\n",
            "HTTP/1.1 2000\r\n",
            "HTTP/1 200\r\n",
            "HTTP/1.1 200 OK\rX",
            "HTTP/1000.1",
            "<html>",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(NoStatusLine), "{text:?}");
        }
    }
}
