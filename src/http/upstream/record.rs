//! What a request's attempts at backends leave behind for variables and logs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::http::message::headers::HeaderList;
use crate::ir::value::Text;

/// What a proxy attempt leaves for variables and logs.
#[derive(Default, Debug)]
pub struct UpstreamRecord {
    /// One entry for each attempt.
    pub attempts: Vec<UpstreamAttempt>,
    /// The head of the last backend's answer, before anything was hidden.
    pub headers: HeaderList,
    /// The trailers of the last backend's answer.
    pub trailers: HeaderList,
    /// The URI that is sent.
    pub uri: Vec<u8>,
    /// `$proxy_host`
    pub proxy_host: Option<Text>,
    /// `$proxy_port`
    pub proxy_port: Option<Text>,
    /// How the request's body follows.
    pub body: BodyLength,
    /// TLS towards the backend.
    pub is_secure: bool,
    /// `grpc_pass`
    pub is_grpc: bool,
    /// `tunnel_pass`
    pub is_tunnel: bool,
    /// `proxy_ignore_client_abort`
    pub ignores_client: bool,
    /// The client's body is read in pieces while the answer comes.
    pub hands_body_over: bool,
    /// What goes to the client is gathered, because its body is read meanwhile.
    pub defers_writing: bool,
    /// What becomes of the answer while a piece of it is being sent.
    pub meanwhile: Option<Rc<Meanwhile>>,
}

/// What becomes of an answer while a piece of it is being sent: the request lends itself to that, and learns of this later.
#[derive(Default, Debug)]
pub struct Meanwhile {
    /// When all of it was read, in milliseconds since boot.
    pub ended_ms: Cell<Option<u64>>,
    /// The temporary file that was begun, and that nobody has told of yet.
    pub temp_file: RefCell<Option<String>>,
}

/// How the body follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BodyLength {
    /// There is none.
    #[default]
    None,
    /// So many bytes.
    Known(u64),
    /// In chunks, as it comes.
    Chunked,
}

impl UpstreamRecord {
    /// The beginning of the backend's URL.
    pub fn scheme(&self) -> &'static str {
        if self.is_tunnel {
            return "";
        }
        match (self.is_grpc, self.is_secure) {
            (false, false) => "http://",
            (false, true) => "https://",
            (true, false) => "grpc://",
            (true, true) => "grpcs://",
        }
    }

    /// Whether a backend's answer is still being read.
    pub fn is_reading(&self) -> bool {
        let has_ended = || self.meanwhile.as_ref().is_some_and(|meanwhile| meanwhile.ended_ms.get().is_some());
        self.attempts.last().is_some_and(|attempt| attempt.response_ms.is_none()) && !has_ended()
    }

    /// Forgets everything; the memory stays.
    pub fn clear(&mut self) {
        self.attempts.clear();
        self.headers.clear();
        self.trailers.clear();
        self.uri.clear();
        (self.proxy_host, self.proxy_port) = (None, None);
        self.body = BodyLength::None;
        (self.is_tunnel, self.ignores_client) = (false, false);
        self.meanwhile = None;
    }
}

/// One attempt at a backend.
#[derive(Clone, Default, Debug)]
pub struct UpstreamAttempt {
    /// Its address, as `$upstream_addr` shows it.
    pub address: Rc<str>,
    /// The status it answered.
    pub status: u16,
    /// In the queue of its group.
    pub queue_ms: Option<u64>,
    /// Until the connection stood.
    pub connect_ms: Option<u64>,
    /// Until the head was there.
    pub header_ms: Option<u64>,
    /// Until all was there.
    pub response_ms: Option<u64>,
    /// Bytes of the body.
    pub response_length: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// A new request goes to another group from here on (`X-Accel-Redirect`).
    pub redirected: bool,
}
