//! Header lines: of a request as ranges of the bytes that came, of an answer as one growing buffer; both in order.

use std::ops::Range;

use super::known_names::known_names;

known_names! {
    /// A request header that the server itself reads.
    pub enum Known {
        /// `Host`
        Host = b"host",
        /// `Connection`
        Connection = b"connection",
        /// `Proxy-Connection`
        ProxyConnection = b"proxy-connection",
        /// `If-Modified-Since`
        IfModifiedSince = b"if-modified-since",
        /// `If-Unmodified-Since`
        IfUnmodifiedSince = b"if-unmodified-since",
        /// `If-Match`
        IfMatch = b"if-match",
        /// `If-None-Match`
        IfNoneMatch = b"if-none-match",
        /// `User-Agent`
        UserAgent = b"user-agent",
        /// `Referer`
        Referer = b"referer",
        /// `Content-Length`
        ContentLength = b"content-length",
        /// `Content-Range`
        ContentRange = b"content-range",
        /// `Content-Type`
        ContentType = b"content-type",
        /// `Range`
        Range = b"range",
        /// `If-Range`
        IfRange = b"if-range",
        /// `Transfer-Encoding`
        TransferEncoding = b"transfer-encoding",
        /// `TE`
        Te = b"te",
        /// `Expect`
        Expect = b"expect",
        /// `Upgrade`
        Upgrade = b"upgrade",
        /// `Accept-Encoding`
        AcceptEncoding = b"accept-encoding",
        /// `Via`
        Via = b"via",
        /// `Authorization`
        Authorization = b"authorization",
        /// `Proxy-Authorization`
        ProxyAuthorization = b"proxy-authorization",
        /// `Keep-Alive`
        KeepAlive = b"keep-alive",
        /// `X-Forwarded-For`
        XForwardedFor = b"x-forwarded-for",
        /// `X-Real-IP`
        XRealIp = b"x-real-ip",
        /// `Accept`
        Accept = b"accept",
        /// `Accept-Language`
        AcceptLanguage = b"accept-language",
        /// `Depth`
        Depth = b"depth",
        /// `Destination`
        Destination = b"destination",
        /// `Overwrite`
        Overwrite = b"overwrite",
        /// `Date`
        Date = b"date",
        /// `Cookie`
        Cookie = b"cookie",
    }
}

/// One header line of a request: places in the buffer of its [`super::head::Head`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which it is.
    pub known: Known,
    name: (u32, u32),
    value: (u32, u32),
}

impl Line {
    /// A line whose name and value lie at these places.
    pub fn new(buffer: &[u8], name: Range<usize>, value: Range<usize>) -> Self {
        Self {
            known: Known::of(&buffer[name.clone()]),
            name: (name.start as u32, name.end as u32),
            value: (value.start as u32, value.end as u32),
        }
    }

    /// Where the name is.
    pub fn name(&self) -> Range<usize> {
        self.name.0 as usize..self.name.1 as usize
    }

    /// Where the value is.
    pub fn value(&self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }

    /// Gives it another value.
    pub fn set_value(&mut self, value: Range<usize>) {
        self.value = (value.start as u32, value.end as u32);
    }
}

/// Header lines of an answer, in one buffer: a line costs no allocation of its own.
#[derive(Clone, Default, Debug)]
pub struct HeaderList {
    bytes: Vec<u8>,
    lines: Vec<Places>,
}

/// Where name and value of a line lie.
#[derive(Clone, Copy, Debug)]
struct Places {
    name: (u32, u32),
    value: (u32, u32),
}

impl Places {
    fn name(&self) -> Range<usize> {
        self.name.0 as usize..self.name.1 as usize
    }

    fn value(&self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }
}

impl HeaderList {
    /// Adds a line at the end.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(name);
        let middle = self.bytes.len() as u32;
        self.bytes.extend_from_slice(value);
        self.lines.push(Places { name: (start, middle), value: (middle, self.bytes.len() as u32) });
    }

    /// Makes room for lines of so many bytes in all.
    pub fn reserve(&mut self, lines: usize, bytes: usize) {
        self.lines.reserve(lines);
        self.bytes.reserve(bytes);
    }

    /// All lines in order, as name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().map(|line| (&self.bytes[line.name()], &self.bytes[line.value()]))
    }

    /// The value of the first line of that name.
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all lines of that name.
    pub fn find_all<'l>(&'l self, name: &'l [u8]) -> impl Iterator<Item = &'l [u8]> {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Takes out every line of that name.
    pub fn remove(&mut self, name: &[u8]) {
        let bytes = &self.bytes;
        self.lines.retain(|line| !bytes[line.name()].eq_ignore_ascii_case(name));
    }

    /// Takes the last line of that name out.
    pub fn remove_last(&mut self, name: &[u8]) {
        let found = self.lines.iter().rposition(|line| self.bytes[line.name()].eq_ignore_ascii_case(name));
        if let Some(index) = found {
            self.lines.remove(index);
        }
    }

    /// Changes the first line of that name where it stands, or adds one.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        match self.position(name) {
            Some(index) => self.set_at(index, value),
            None => self.push(name, value),
        }
    }

    /// Where the first line of that name stands.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        self.lines.iter().position(|line| self.bytes[line.name()].eq_ignore_ascii_case(name))
    }

    /// Writes the first line of that name anew where it stands, or adds one; an empty value takes out all of that name.
    pub fn put(&mut self, name: &[u8], value: &[u8]) {
        if value.is_empty() {
            return self.remove(name);
        }
        let found = self.position(name);
        self.push(name, value);
        if let Some(index) = found {
            self.lines.swap_remove(index);
        }
    }

    /// Gives the first of the lines with these names a value and takes out the others; an empty value takes out all. False if
    /// there is none.
    pub fn replace_all(&mut self, is_meant: impl Fn(&[u8]) -> bool, value: &[u8]) -> bool {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let value = (start as u32, self.bytes.len() as u32);
        let mut is_found = false;
        let bytes = &self.bytes;
        self.lines.retain_mut(|line| {
            if !is_meant(&bytes[line.name()]) {
                return true;
            }
            line.value = value;
            !std::mem::replace(&mut is_found, true) && value.0 < value.1
        });
        is_found
    }

    /// Changes the value of the line with this number.
    pub fn set_at(&mut self, index: usize, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let line = &mut self.lines[index];
        line.value = (start as u32, self.bytes.len() as u32);
    }

    /// Takes out all lines; the memory stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(Known::of(b"hOsT"), Known::Host);
        assert_eq!(Known::of(b"If-Unmodified-Since"), Known::IfUnmodifiedSince);
        assert_eq!(Known::of(b"X-Host"), Known::Other);
        assert_eq!(Known::of(&[b'a'; 100]), Known::Other);
    }

    #[test]
    fn lists_keep_order_and_change_in_place() {
        let mut list = HeaderList::default();
        list.push(b"A", b"1");
        list.push(b"B", b"2");
        list.push(b"a", b"3");
        list.set(b"b", b"22");
        list.set(b"C", b"4");
        let lines: Vec<_> = list.iter().collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"A", b"1"), (b"B", b"22"), (b"a", b"3"), (b"C", b"4")];
        assert_eq!(lines, expected);
        list.remove(b"A");
        assert_eq!(list.len(), 2);
        assert_eq!(list.find(b"a"), None);
    }
}
