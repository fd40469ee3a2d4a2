//! What is going to be answered: status, the headers that nginx keeps apart because their place is fixed, and the others.

use std::rc::Rc;

use super::headers::HeaderList;
use crate::ir::http::gzip::MimeTypes;

/// The head of an answer, while filters may still change it.
#[derive(Clone, Default, Debug)]
pub struct ResponseHead {
    /// The status.
    pub status: u16,
    /// A backend's own status line behind `HTTP/1.1 `, if it is not the usual one.
    pub status_line: Option<Vec<u8>>,
    /// A backend's `Server` stands among `headers`, or stands nowhere.
    pub server_listed: bool,
    /// A backend's `Date` stands among `headers`, or stands nowhere.
    pub date_listed: bool,
    /// `Content-Type`, without the charset that the charset filter adds.
    pub content_type: Option<ContentType>,
    /// `charset=` of the content type, where it is kept apart.
    pub charset: Option<Vec<u8>>,
    /// What a backend asks for with `X-Accel-Charset`.
    pub override_charset: Option<Vec<u8>>,
    /// The length of the body, if it is known.
    pub content_length: Option<u64>,
    /// The time of the content, in Unix seconds.
    pub last_modified: Option<i64>,
    /// `Last-Modified` stands among `headers`, as a backend wrote it.
    pub last_modified_listed: bool,
    /// `Accept-Ranges` stands among `headers`.
    pub accept_ranges_listed: bool,
    /// The `Location` among `headers` is ours: a path is made absolute.
    pub redirect: bool,
    /// All other headers, in order.
    pub headers: HeaderList,
    /// What follows a chunked body.
    pub trailers: HeaderList,
    /// Ranges of the body may be served.
    pub allow_ranges: bool,
    /// The handler may be asked for one range only.
    pub single_range: bool,
    /// The conditions of the request have been looked at already.
    pub disable_not_modified: bool,
    /// `Vary: Accept-Encoding`, if `gzip_vary` is on.
    pub gzip_vary: bool,
}

/// A content type: mostly one that the configuration knows, and then shared with it.
#[derive(Clone, Debug)]
pub enum ContentType {
    /// Of the program.
    Static(&'static [u8]),
    /// Of the configuration.
    Shared(crate::ir::value::Text),
    /// Of a backend, or computed.
    Owned(Rc<[u8]>),
}

impl ContentType {
    /// As it is written.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
            Self::Owned(text) => text,
        }
    }

    /// Where the type itself ends and the value of `charset=` stands. Only a backend's type is taken apart.
    fn charset_place(&self) -> Option<(usize, std::ops::Range<usize>)> {
        let Self::Owned(text) = self else { return None };
        memchr::memchr_iter(b';', text).find_map(|end| {
            let name = end + 1 + text[end + 1..].iter().take_while(|&&byte| byte == b' ').count();
            let start = name + b"charset=".len();
            if !text.get(name..start)?.eq_ignore_ascii_case(b"charset=") {
                return None;
            }
            let start = start + usize::from(text.get(start) == Some(&b'"'));
            let stop = text.len() - usize::from(text.last() == Some(&b'"'));
            Some((end, start..stop.max(start)))
        })
    }

    /// The charset that a backend says.
    pub fn charset(&self) -> Option<&[u8]> {
        self.charset_place().map(|(_, place)| &self.as_bytes()[place]).filter(|charset| !charset.is_empty())
    }

    /// The same without what a backend says of the charset.
    pub fn without_charset(&self) -> Self {
        match self.charset_place() {
            Some((end, _)) => Self::from(self.as_bytes()[..end].to_vec()),
            None => self.clone(),
        }
    }

    /// What lists of types are searched for: without a backend's charset, in lower case.
    fn media_type(&self) -> Vec<u8> {
        let end = self.charset_place().map_or(self.as_bytes().len(), |(end, _)| end);
        self.as_bytes()[..end].to_ascii_lowercase()
    }
}

impl From<Vec<u8>> for ContentType {
    fn from(text: Vec<u8>) -> Self {
        Self::Owned(Rc::from(text))
    }
}

impl ResponseHead {
    /// Forgets everything; the memory stays.
    pub fn clear(&mut self) {
        let (mut headers, mut trailers) = (std::mem::take(&mut self.headers), std::mem::take(&mut self.trailers));
        headers.clear();
        trailers.clear();
        *self = Self { headers, trailers, ..Self::default() };
    }

    /// Forgets what belongs to the body (`ngx_http_clear_*`), before an error page takes its place.
    pub fn clear_body_headers(&mut self) {
        self.content_type = None;
        self.charset = None;
        self.content_length = None;
        self.clear_last_modified();
        self.clear_accept_ranges();
        self.headers.remove(b"Content-Encoding");
    }

    /// Forgets `Last-Modified`.
    pub fn clear_last_modified(&mut self) {
        self.last_modified = None;
        if std::mem::take(&mut self.last_modified_listed) {
            self.headers.remove(b"Last-Modified");
        }
    }

    /// Takes ranges back: of several lines nginx knows the last one.
    pub fn clear_accept_ranges(&mut self) {
        self.allow_ranges = false;
        if std::mem::take(&mut self.accept_ranges_listed) {
            self.headers.remove_last(b"Accept-Ranges");
        }
    }

    /// Says where to go: a path that is made absolute, or a whole URL.
    pub fn set_location(&mut self, location: &[u8]) {
        self.headers.remove(b"Location");
        self.headers.push(b"Location", location);
        self.redirect = true;
    }

    /// Whether the content type is in a list (`ngx_http_test_content_type`).
    pub fn is_of(&self, types: &MimeTypes) -> bool {
        match (types, &self.content_type) {
            (MimeTypes::Any, _) => true,
            (types, Some(content_type)) => types.contains(&content_type.media_type()),
            (_, None) => false,
        }
    }

    /// The charset that a handler or a backend has said.
    pub fn said_charset(&self) -> Option<&[u8]> {
        self.charset.as_deref().or_else(|| self.said_by_type())
    }

    /// The charset that the type itself names.
    pub fn said_by_type(&self) -> Option<&[u8]> {
        self.content_type.as_ref().and_then(ContentType::charset)
    }

    /// Writes the type, and behind it the charset unless the type names one itself.
    pub fn write_content_type(&self, out: &mut Vec<u8>) {
        let Some(content_type) = &self.content_type else { return };
        out.extend_from_slice(content_type.as_bytes());
        if let Some(charset) = self.charset.as_deref().filter(|_| self.said_by_type().is_none()) {
            out.extend_from_slice(b"; charset=");
            out.extend_from_slice(charset);
        }
    }

    /// Makes the charset a part of the type, as it is from the head's first byte on: whoever says another type then says it
    /// without.
    pub fn settle_charset(&mut self) {
        if self.content_type.is_some() && self.charset.is_some() {
            let mut text = Vec::new();
            self.write_content_type(&mut text);
            self.content_type = Some(ContentType::from(text));
        }
        self.charset = None;
    }

    /// The answer's `ETag`.
    pub fn etag(&self) -> Option<&[u8]> {
        self.headers.find(b"ETag")
    }
}
