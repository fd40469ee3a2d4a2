//! The path of a request made normal: `%XX` decoded, dot segments resolved, slashes merged, the extension found.

use std::ops::Range;

use super::request_line::is_usual;

/// What a path turned out to be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Normal {
    /// Where the arguments are in the raw target; they end before a `#`.
    pub args: Option<Range<usize>>,
    /// Where the extension begins in the normal path.
    pub extension_start: Option<usize>,
    /// A `+` is in the path, as sent or decoded.
    pub plus: bool,
    /// A `%` was decoded.
    pub quoted: bool,
}

/// A path that leads above the root, or with a broken or NUL escape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidUri;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Usual,
    Slash,
    Dot,
    DotDot,
}

/// Writes the normal form of the target `raw` to `out`, as `ngx_http_parse_complex_uri` does.
///
/// A decoded byte counts as if it had been sent plainly (`%2e` is a dot, `%2F` a slash), but for `%`, `#` and `?`,
/// which are then part of a name.
pub fn normalize(raw: &[u8], merge_slashes: bool, empty_path: bool, out: &mut Vec<u8>) -> Result<Normal, InvalidUri> {
    out.clear();
    if empty_path {
        out.push(b'/');
    }
    let mut path = Path { out, merge_slashes, state: State::Usual, normal: Normal::default() };
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        at += 1;
        match byte {
            b'%' => {
                let decoded = decode(raw.get(at..at + 2).ok_or(InvalidUri)?).ok_or(InvalidUri)?;
                at += 2;
                path.normal.quoted = true;
                path.decoded(decoded)?;
            }
            b'?' => {
                path.end()?;
                path.normal.args = Some(at..args_end(raw, at));
                return Ok(path.normal);
            }
            b'#' => break,
            _ => path.byte(byte)?,
        }
    }
    path.end()?;
    Ok(path.normal)
}

fn args_end(raw: &[u8], start: usize) -> usize {
    memchr::memchr(b'#', &raw[start..]).map_or(raw.len(), |offset| start + offset)
}

fn decode(digits: &[u8]) -> Option<u8> {
    let high = char::from(digits[0]).to_digit(16)?;
    let low = char::from(digits[1]).to_digit(16)?;
    Some((high * 16 + low) as u8)
}

struct Path<'o> {
    out: &'o mut Vec<u8>,
    merge_slashes: bool,
    state: State,
    normal: Normal,
}

impl Path<'_> {
    fn decoded(&mut self, byte: u8) -> Result<(), InvalidUri> {
        match byte {
            0 => Err(InvalidUri),
            b'%' | b'#' | b'?' => {
                self.out.push(byte);
                self.state = State::Usual;
                Ok(())
            }
            _ => self.byte(byte),
        }
    }

    fn byte(&mut self, byte: u8) -> Result<(), InvalidUri> {
        if is_usual(byte) {
            self.state = State::Usual;
            self.out.push(byte);
            return Ok(());
        }
        self.normal.plus |= byte == b'+';
        match (self.state, byte) {
            (State::Usual, b'/') => {
                self.normal.extension_start = None;
                self.out.push(b'/');
                self.state = State::Slash;
            }
            (State::Usual, b'.') => {
                self.normal.extension_start = Some(self.out.len() + 1);
                self.out.push(b'.');
            }
            (State::Slash, b'/') => {
                if !self.merge_slashes {
                    self.out.push(b'/');
                }
            }
            (State::Slash, b'.') => {
                self.out.push(b'.');
                self.state = State::Dot;
            }
            (State::Dot, b'/') => {
                self.out.pop();
                self.state = State::Slash;
            }
            (State::Dot, b'.') => {
                self.out.push(b'.');
                self.state = State::DotDot;
            }
            (State::DotDot, b'/') => {
                self.leave_segment()?;
                self.state = State::Slash;
            }
            _ => {
                self.out.push(byte);
                self.state = State::Usual;
            }
        }
        Ok(())
    }

    /// Takes back `x/..`, so that the path ends with the slash before `x`.
    fn leave_segment(&mut self) -> Result<(), InvalidUri> {
        let before = self.out.len().checked_sub(3).ok_or(InvalidUri)?;
        let slash = self.out[..before].iter().rposition(|&byte| byte == b'/').ok_or(InvalidUri)?;
        self.out.truncate(slash + 1);
        Ok(())
    }

    fn end(&mut self) -> Result<(), InvalidUri> {
        match self.state {
            State::Dot => {
                self.out.pop();
            }
            State::DotDot => self.leave_segment()?,
            State::Usual | State::Slash => {}
        }
        Ok(())
    }
}

/// A URI that a configuration or a backend gave may leave its directory; `ngx_http_parse_unsafe_uri`.
///
/// Gives the path, decoded if it had an escape, and the arguments behind a `?`; `None` if it is unsafe.
pub fn parse_unsafe(uri: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    if uri.is_empty() || uri[0] == b'?' {
        return None;
    }
    let (path, args) = match memchr::memchr(b'?', uri) {
        Some(mark) => (&uri[..mark], Some(uri[mark + 1..].to_vec())),
        None => (uri, None),
    };
    if is_unsafe(path) {
        return None;
    }
    if !path.contains(&b'%') {
        return Some((path.to_vec(), args));
    }
    let path = unescape(path);
    (!is_unsafe(&path)).then_some((path, args))
}

fn is_unsafe(path: &[u8]) -> bool {
    path.contains(&0)
        || path.starts_with(b"../")
        || path == b".."
        || memchr::memmem::find(path, b"/../").is_some()
        || path.ends_with(b"/..")
}

/// Decodes `%XX`; what is not two digits stays or goes as `ngx_unescape_uri` has it.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let Some(&first) = text.get(at) else { break };
        at += 1;
        let Some(high) = char::from(first).to_digit(16) else {
            out.push(first);
            continue;
        };
        let Some(&second) = text.get(at) else { break };
        at += 1;
        if let Some(low) = char::from(second).to_digit(16) {
            out.push((high * 16 + low) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(raw: &str) -> Result<String, InvalidUri> {
        let mut out = Vec::new();
        normalize(raw.as_bytes(), true, false, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn paths_become_normal() {
        for (raw, path) in [
            ("/a/../b", "/b"),
            ("/a/./b/.", "/a/b/"),
            ("/a/b/..", "/a/"),
            ("/a//b///c", "/a/b/c"),
            ("/%2e%2E/..%61", ""),
            ("/a%2fb", "/a/b"),
            ("/a%2F..%2Fb", "/b"),
            ("/a%3fb%23c%25d", "/a?b#c%d"),
            ("/a/...", "/a/..."),
            ("/a/..b", "/a/..b"),
            ("/a#b", "/a"),
            ("/a/..?b", "/"),
            ("/a/../../b", ""),
            ("/..", ""),
            ("/%00", ""),
            ("/%", ""),
            ("/%4", ""),
            ("/%zz", ""),
        ] {
            let expected = if path.is_empty() { Err(InvalidUri) } else { Ok(path.to_owned()) };
            assert_eq!(normal(raw), expected, "{raw}");
        }
    }

    #[test]
    fn extension_and_arguments() {
        let mut out = Vec::new();
        let raw = b"/x.y/a%2Ehtml?q#f";
        let normal = normalize(raw, true, false, &mut out).expect("valid");
        assert_eq!(&out[normal.extension_start.expect("extension")..], b"html");
        assert_eq!(&raw[normal.args.expect("args")], b"q");
    }

    #[test]
    fn slashes_stay_when_told() {
        let mut out = Vec::new();
        normalize(b"//a///b", false, false, &mut out).expect("valid");
        assert_eq!(out, b"//a///b");
    }

    #[test]
    fn unsafe_uris() {
        for uri in ["", "?a", "..", "../a", "/a/../b", "/a/..", "/%2e%2e/a", "/a%00"] {
            assert_eq!(parse_unsafe(uri.as_bytes()), None, "{uri}");
        }
        assert_eq!(parse_unsafe(b"/a%20b?c=%20"), Some((b"/a b".to_vec(), Some(b"c=%20".to_vec()))));
    }
}
