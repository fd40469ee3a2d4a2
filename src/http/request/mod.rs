//! One request from its first byte to its line in the log.

pub mod body;
pub mod contexts;
mod debug_log;
mod error_log;
pub mod family;
pub mod identity;
pub mod slices;
pub mod values;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use self::body::{Body, Framing};
use self::contexts::Contexts;
use self::family::{Family, Outlet, Turn};
use self::values::{Captures, Slot};
use super::connection::peer::Peer;
use super::connection::waiting::Patience;
use super::connection::{Connection, WAITING_FOR_REQUEST};
use super::filters::state::Filters;
use super::message::head::Head;
use super::message::headers::Known;
use super::message::response::ResponseHead;
use super::message::user_agent::{Browser, browser};
use super::spare::Spare;
use super::upstream::record::UpstreamRecord;
use super::verdict::ClientGone;
use crate::ir::http::Location;
use crate::ir::ids::{ServerId, VariableId};
use crate::wire::http1::request_line::Method;

/// How often a request may get a new URI before nginx takes it for a loop.
pub const MAX_URI_CHANGES: u32 = 10;
/// HTTP/1.0 as nginx counts versions.
pub const HTTP_10: u16 = 1000;
/// HTTP/1.1 as nginx counts versions.
pub const HTTP_11: u16 = 1001;
/// HTTP/2 as nginx counts versions.
pub const HTTP_20: u16 = 2000;
/// How deep requests may be inside one another (`NGX_HTTP_MAX_SUBREQUESTS`).
pub const MAX_DEPTH: u8 = 51;

/// What is being done with a request that is over.
pub const LOGGING: &str = "logging request";
/// What a request does whose backend answers.
pub const READING: &str = "reading upstream";
/// What a request does whose backend has answered.
pub const SENDING: &str = "sending to client";

/// Where an answer's bytes go.
#[derive(Default)]
pub enum Sink {
    /// To the client.
    #[default]
    Client,
    /// Nowhere: only the status counts (`auth_request`, `mirror`).
    Discard,
    /// Into memory, for the request that made this one.
    Memory(Vec<u8>),
    /// To its place in the body of the request that made this one.
    Parent(Box<Outlet>),
}

/// What the `Connection` header of a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ConnectionType {
    /// Nothing: the version decides.
    #[default]
    Unsaid,
    /// `close`
    Close,
    /// `keep-alive`
    KeepAlive,
}

/// Where to enter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A request from the client.
    Start,
    /// A new path: from the server's rewrites on.
    NewUri,
    /// A named location was set: from its rewrites on.
    Named,
    /// The content alone: the location is that of the request that this one repeats a part of.
    Content,
}

/// A future in a box: what runs inside of what it is a part of needs one.
pub type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + 'f>>;

/// What a request asks of the code above it, which knows what requests are: given to it by whoever reads it, and by it to those
/// that it makes itself.
pub struct Handlers {
    /// Writes a variable's value; false if it has none.
    pub variable: fn(&Request, VariableId, &mut Vec<u8>) -> bool,
    /// Runs a request that another one made, to its end.
    pub run: fn(&mut Request, Entry) -> Boxed<'_, ()>,
}

/// Filters that change the text of a body: what comes out of them goes on by itself.
pub trait BodyChain {
    /// Takes a piece of the body.
    fn write<'f>(&'f mut self, request: &'f mut Request, bytes: &'f [u8]) -> Boxed<'f, Result<(), ClientGone>>;
    /// Lets out what was held back.
    fn finish<'f>(&'f mut self, request: &'f mut Request) -> Boxed<'f, Result<(), ClientGone>>;
    /// Whether what is gathered waits for more even where all of it should go out.
    fn passes_no_flush(&self) -> bool;
    /// Adds what stands behind the body.
    fn follow<'f>(&'f self, request: &'f mut Request) -> Boxed<'f, Result<(), ClientGone>>;
}

/// One request.
pub struct Request {
    /// What it asks of the code above it.
    pub handlers: &'static Handlers,
    /// The connection it came on.
    pub connection: Rc<Connection>,
    /// Its head as it came; shared with the requests that it makes itself.
    pub head: Rc<Head>,
    /// The server that answers.
    pub server: ServerId,
    /// The location that answers; first the server's own.
    pub location: Rc<Location>,
    /// What answers, if it is not the files under the root; an `if` that has none keeps what was set before it.
    pub content: Option<crate::ir::http::Content>,
    /// The method; `error_page` may change it.
    pub method: Method,
    /// The method's name where it is not the one that was sent.
    pub method_name: Option<Cow<'static, [u8]>>,
    /// That of the request that all others are inside of, where this is one of them.
    pub main_method_name: Option<Cow<'static, [u8]>>,
    /// 9, 1000 or 1001.
    pub version: u16,
    /// The path, decoded and made normal.
    pub uri: Vec<u8>,
    /// What follows the `?`.
    pub args: Vec<u8>,
    /// Something followed a `?` once, or `set` said what does: `$args` has a value, if an empty one.
    pub has_args: bool,
    /// Where the extension is in the path.
    pub extension: Range<usize>,
    /// The host without port, in lower case; from the target or the `Host` header.
    pub host: Vec<u8>,
    /// The port of the `Host` header or target, 0 without one.
    pub host_port: u16,
    /// The length of the body, if it was said.
    pub content_length: Option<u64>,
    /// `Transfer-Encoding: chunked`
    pub chunked_body: bool,
    /// What the `Connection` header asks for.
    pub connection_type: ConnectionType,
    /// Whom `realip` put in the place of the peer.
    pub client: Option<Peer>,
    /// The body.
    pub body: Body,
    /// How the rest of the body stands on the connection.
    pub framing: Framing,
    /// How many bytes of the head's buffer came from the client.
    pub received: usize,
    /// How far the body has been taken out of the head's buffer.
    pub body_position: usize,
    /// It came before the answer to the one before it was out.
    pub pipelined: bool,
    /// What came behind a chunked body: the next request.
    pub leftover: Vec<u8>,
    /// The target as sent still says where the request goes: no rewrite, no internal redirect.
    pub valid_unparsed_uri: bool,
    /// The path still begins with the location's name: no `rewrite … break`.
    pub valid_location: bool,
    /// `try_files` found a file under the `alias` of a pattern: the path follows the alias all the same.
    pub adds_uri_to_alias: bool,
    /// The path has a `%`, `+` or the like that was decoded.
    pub plus_in_uri: bool,
    /// The path had an escape.
    pub quoted_uri: bool,
    /// A rewrite changed the path: a location is looked for anew.
    pub uri_changed: bool,
    /// How many more changes of the path are allowed.
    pub uri_changes_left: u32,
    /// The location was set by its `@name`: no other is looked for.
    pub named: bool,
    /// Not from outside: internal locations are open.
    pub internal: bool,
    /// An `error_page` was taken; another one is only with `recursive_error_pages`.
    pub error_page_taken: bool,
    /// The status of the error being answered.
    pub error_status: u16,
    /// The connection is kept after the answer.
    pub keepalive: bool,
    /// The connection is closed only after the client has been heard out.
    pub lingering_close: bool,
    /// `Expect: 100-continue` needs no further answer.
    pub expect_tested: bool,
    /// The answer has no body, whatever the handler sends.
    pub header_only: bool,
    /// The head of the answer went out.
    pub header_sent: bool,
    /// The answer is out, and `post_action` sent the request on: what it answers there goes nowhere.
    pub post_action: bool,
    /// The answer was sent whole.
    pub finished: bool,
    /// A filter of heads answered in the place of what it was given: HTTP/1 gives the connection up behind that
    /// (`ngx_http_filter_finalize_request`).
    pub filter_finalize: bool,
    /// The client went away.
    pub client_gone: bool,
    /// The target was read, and its path is one that nginx does not serve.
    pub uri_refused: bool,
    /// The answer.
    pub response: ResponseHead,
    /// What changes the body's text; most answers have nothing of the kind.
    pub body_filters: Option<Box<dyn BodyChain>>,
    /// What filters keep of the answer.
    pub filters: Filters,
    /// Where it goes.
    pub sink: Sink,
    /// This request was made by another one.
    pub is_subrequest: bool,
    /// How many more requests may be inside one another from here on.
    pub depth_left: u8,
    /// What it shares with the requests that it is inside of, or that are inside it.
    pub family: Option<Rc<Family>>,
    /// Whether it is its turn; the first one's always is.
    pub turn: Option<Rc<Turn>>,
    /// The bytes of the answer's head on the wire.
    pub header_size: u64,
    /// `$bytes_sent` counts from here.
    pub sent_before: u64,
    /// Bytes of the request so far: line, headers, body, unless that comes on a stream of HTTP/2.
    pub request_length: Cell<u64>,
    /// When it began, since 1970.
    pub began: Duration,
    /// Values of variables that were assigned or are to be looked up only once; all requests inside one another have the same.
    pub variables: Rc<RefCell<Vec<Slot>>>,
    /// What groups of the last pattern caught.
    pub captures: RefCell<Captures>,
    /// `limit_rate` as `set $limit_rate` or a backend changed it.
    pub limit_rate: Option<u64>,
    /// What modules keep of it.
    pub contexts: Contexts,
    /// What the proxy module knows of its attempts, for `$upstream_…`.
    pub upstream: UpstreamRecord,
    /// What is being done, for the error log.
    pub action: &'static str,
}

/// The server of a connection on which nobody has named another one yet, and its own location.
fn default_place(connection: &Connection) -> (ServerId, Rc<Location>) {
    let server = connection.server();
    (server, Rc::clone(&connection.engine.server(server).location))
}

impl Request {
    /// A request of which nothing has been read.
    pub fn new(handlers: &'static Handlers, connection: Rc<Connection>, head: Head) -> Self {
        Self::reusing(handlers, connection, Spare { head: Some(Rc::new(head)), ..Spare::default() })
    }

    /// The same, in the memory of another one.
    pub fn reusing(handlers: &'static Handlers, connection: Rc<Connection>, spare: Spare) -> Self {
        let (server, location) = default_place(&connection);
        Self {
            handlers,
            sent_before: connection.sent.get(),
            connection,
            head: spare.head.unwrap_or_default(),
            server,
            location,
            content: None,
            method: Method::Unknown,
            method_name: None,
            main_method_name: None,
            version: HTTP_10,
            uri: spare.uri,
            args: spare.args,
            has_args: false,
            extension: 0..0,
            host: spare.host,
            host_port: 0,
            content_length: None,
            chunked_body: false,
            connection_type: ConnectionType::Unsaid,
            client: None,
            body: Body::None,
            framing: Framing::None,
            received: 0,
            body_position: 0,
            pipelined: false,
            leftover: Vec::new(),
            valid_unparsed_uri: false,
            valid_location: true,
            adds_uri_to_alias: false,
            plus_in_uri: false,
            quoted_uri: false,
            uri_changed: false,
            uri_changes_left: MAX_URI_CHANGES + 1,
            named: false,
            internal: false,
            error_page_taken: false,
            error_status: 0,
            keepalive: false,
            lingering_close: false,
            expect_tested: false,
            header_only: false,
            header_sent: false,
            post_action: false,
            finished: false,
            filter_finalize: false,
            client_gone: false,
            uri_refused: false,
            response: spare.response,
            body_filters: None,
            filters: Filters::default(),
            sink: Sink::Client,
            is_subrequest: false,
            depth_left: MAX_DEPTH,
            family: None,
            turn: None,
            header_size: 0,
            request_length: Cell::new(0),
            began: crate::log::now::since_epoch(),
            variables: spare.variables.unwrap_or_default(),
            captures: RefCell::default(),
            limit_rate: None,
            contexts: Contexts::default(),
            upstream: spare.upstream,
            action: WAITING_FOR_REQUEST,
        }
    }

    /// Leaves its memory to the next request. The head is still to be rid of this one's bytes.
    pub fn leave(&mut self) -> Spare {
        let emptied = |mut bytes: Vec<u8>| {
            bytes.clear();
            bytes
        };
        let mut spare = Spare {
            head: Some(Rc::clone(&self.head)),
            uri: emptied(std::mem::take(&mut self.uri)),
            args: emptied(std::mem::take(&mut self.args)),
            host: emptied(std::mem::take(&mut self.host)),
            response: std::mem::take(&mut self.response),
            upstream: std::mem::take(&mut self.upstream),
            variables: self.emptied_variables(),
        };
        spare.response.clear();
        spare.upstream.clear();
        spare
    }

    /// A mirrored request may still look at them.
    fn emptied_variables(&mut self) -> Option<Rc<RefCell<Vec<Slot>>>> {
        Rc::get_mut(&mut self.variables)?.get_mut().clear();
        Some(Rc::clone(&self.variables))
    }

    /// A request that another one makes: it has the other's client and head, and answers in its place or beside it.
    pub fn inside(parent: &Self) -> Self {
        let mut child = Self::new(parent.handlers, Rc::clone(&parent.connection), Head::default());
        child.head = Rc::clone(&parent.head);
        child.set_server(parent.server);
        child.method = Method::Get;
        child.method_name = Some(Cow::Borrowed(b"GET"));
        child.main_method_name = parent.changed_main_method_name().clone();
        child.variables = Rc::clone(&parent.variables);
        child.version = parent.version;
        child.host.clone_from(&parent.host);
        child.host_port = parent.host_port;
        child.content_length = parent.content_length;
        child.chunked_body = parent.chunked_body;
        child.client = parent.client.clone();
        child.internal = true;
        child.expect_tested = true;
        child.is_subrequest = true;
        child.uri_changes_left = MAX_URI_CHANGES + 1;
        child.action = "";
        child.turn.clone_from(&parent.turn);
        child
    }

    /// Bytes of the request so far: line, headers, body.
    pub fn length(&self) -> u64 {
        let stream = if self.is_subrequest { None } else { self.connection.exchange() };
        self.request_length.get() + stream.map_or(0, |stream| stream.received.get())
    }

    /// The name of the method.
    pub fn method_name(&self) -> &[u8] {
        self.method_name.as_deref().unwrap_or_else(|| self.head.method())
    }

    /// The name of the method that the client's request has, as `$request_method` shows it inside of that request too.
    pub fn main_method_name(&self) -> &[u8] {
        self.changed_main_method_name().as_deref().unwrap_or_else(|| self.head.method())
    }

    fn changed_main_method_name(&self) -> &Option<Cow<'static, [u8]>> {
        if self.is_subrequest { &self.main_method_name } else { &self.method_name }
    }

    /// The value of a header of the request.
    pub fn header(&self, known: Known) -> Option<&[u8]> {
        self.head.header(known)
    }

    /// What the user agent is. Few ask, so it is looked at only then.
    pub fn browser(&self) -> Browser {
        self.head.header_all(Known::UserAgent).last().map(browser).unwrap_or_default()
    }

    /// Who the client is.
    pub fn peer(&self) -> &Peer {
        self.client.as_ref().unwrap_or(&self.connection.peer)
    }

    /// Writes a variable's value; false if it has none.
    pub fn write_variable(&self, id: VariableId, out: &mut Vec<u8>) -> bool {
        (self.handlers.variable)(self, id, out)
    }

    /// Keeps what is known of a variable.
    pub fn remember(&self, id: VariableId, slot: Slot) {
        let mut slots = self.variables.borrow_mut();
        let index = id.0 as usize;
        if slots.len() <= index {
            slots.resize(self.connection.engine.http.variables.used.len(), Slot::Unset);
        }
        slots[index] = slot;
    }

    /// A template begins: `$echo_incr` has one value in all of it, and the next one in the next.
    pub fn begin_template(&self) {
        if self.contexts.echo_counter.is_some()
            && let Some(id) = self.connection.engine.http.variables.id_of(b"echo_incr")
            && matches!(self.variables.borrow().get(id.0 as usize), Some(Slot::Set(_)))
        {
            self.remember(id, Slot::Unset);
        }
    }

    /// Takes what the client sent behind this request and nobody has read.
    pub fn take_unread(&mut self) -> Vec<u8> {
        let range = self.body_position..self.received;
        self.body_position = self.received;
        let mut unread = self.head.buffer[range].to_vec();
        unread.append(&mut self.leftover);
        unread
    }

    /// Where a named location or error page sends the request: phases begin anew with this path.
    pub fn set_uri(&mut self, uri: &[u8]) {
        self.uri.clear();
        self.uri.extend_from_slice(uri);
        self.find_extension();
    }

    /// Gives the request other arguments. Where there are none now, what `$args` was before decides whether it is empty or unset.
    pub fn set_args(&mut self, args: &[u8]) {
        self.has_args = !args.is_empty() || self.args.is_empty() && self.has_args;
        self.args.clear();
        self.args.extend_from_slice(args);
    }

    /// Finds the extension of the path anew (`ngx_http_set_exten`).
    pub fn find_extension(&mut self) {
        self.extension = 0..0;
        let name = self.uri.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        if let Some(dot) = self.uri[name..].iter().rposition(|&byte| byte == b'.')
            && dot > 0
        {
            self.extension = name + dot + 1..self.uri.len();
        }
    }

    /// Chooses another server: its own location holds until one is found.
    pub fn set_server(&mut self, server: ServerId) {
        self.server = server;
        self.location = Rc::clone(&self.connection.engine.server(server).location);
    }

    /// How long the client may take for each step of reading the answer.
    pub fn patience(&self) -> Patience {
        let timeout_ms = self.location.settings.core.send_timeout_ms;
        let upstream = &self.upstream;
        Patience { timeout_ms, ends_with_client: !upstream.is_reading(), is_deferred: upstream.defers_writing }
    }

    /// Writes what waits for the client.
    pub async fn flush(&self) -> Result<(), ClientGone> {
        let flushed = self.connection.flush(self.patience()).await;
        flushed.map_err(|fault| fault.tell(self))
    }

    /// Waits, unless the client goes away first.
    pub async fn pause(&self, delay_ms: u64) -> Result<(), ClientGone> {
        let paused = self.connection.pause(delay_ms).await;
        paused.map_err(|fault| fault.tell(self))
    }
}
