//! What is going to be answered: status, the headers that nginx keeps apart because their place is fixed, and the others.

use std::rc::Rc;

use super::headers::HeaderList;

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
    /// The length of the body, if it is known.
    pub content_length: Option<u64>,
    /// The time of the content, in Unix seconds.
    pub last_modified: Option<i64>,
    /// `Last-Modified` stands among `headers`, as a backend wrote it.
    pub last_modified_listed: bool,
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

    /// Without parameters, in lower case where it is not so already.
    pub fn media_type(&self) -> Vec<u8> {
        let text = self.as_bytes();
        let end = memchr::memchr(b';', text).unwrap_or(text.len());
        text[..end].trim_ascii_end().to_ascii_lowercase()
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

    /// Takes ranges back.
    pub fn clear_accept_ranges(&mut self) {
        self.allow_ranges = false;
        self.headers.remove(b"Accept-Ranges");
    }

    /// Says where to go: a path that is made absolute, or a whole URL.
    pub fn set_location(&mut self, location: &[u8]) {
        self.headers.remove(b"Location");
        self.headers.push(b"Location", location);
        self.redirect = true;
    }

    /// The answer's `ETag`.
    pub fn etag(&self) -> Option<&[u8]> {
        self.headers.find(b"ETag")
    }
}
