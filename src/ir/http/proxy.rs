//! The values of nginx's `http_proxy` module.

mod cache;
pub mod setters;

use std::net::IpAddr;
use std::rc::Rc;

use crate::ir::regex::Regex;
use crate::ir::upstream::UpstreamId;
use crate::ir::value::{Buffers, List, PAGE_SIZE, TempPath, Template, Text};

layer! {
    /// What `proxy_…` directives say in a location.
    pub struct Proxy, own ProxyOwn {
        /// `proxy_http_version`
        http_version: HttpVersion = HttpVersion::Http11,
        /// `proxy_method`
        method: Option<Template> = None,
        /// `proxy_set_header`: what is sent, in the order nginx sends it; defaults are left to the engine.
        set_headers: List<SetHeader> = List::default(),
        /// `proxy_set_body`
        set_body: Option<Template> = None,
        /// `proxy_pass_request_headers`
        pass_request_headers: bool = true,
        /// `proxy_pass_request_body`
        pass_request_body: bool = true,
        /// `proxy_pass_trailers`
        pass_trailers: bool = false,
        /// `proxy_request_buffering`
        request_buffering: bool = true,
        /// `proxy_hide_header`, in lower case
        hide_headers: List<Text> = List::default(),
        /// `proxy_pass_header`, in lower case
        pass_headers: List<Text> = List::default(),
        /// `proxy_ignore_headers`
        ignore_headers: IgnoreHeaders = IgnoreHeaders(0),
        /// `proxy_connect_timeout`
        connect_timeout_ms: u64 = 60_000,
        /// `proxy_send_timeout`
        send_timeout_ms: u64 = 60_000,
        /// `proxy_read_timeout`
        read_timeout_ms: u64 = 60_000,
        /// `proxy_next_upstream`
        next_upstream: NextUpstream = NextUpstream::ERROR.or(NextUpstream::TIMEOUT),
        /// `proxy_next_upstream_tries`; 0 for no limit.
        next_upstream_tries: u32 = 0,
        /// `proxy_next_upstream_timeout`; 0 for no limit.
        next_upstream_timeout_ms: u64 = 0,
        /// `proxy_intercept_errors`
        intercept_errors: bool = false,
        /// `proxy_ignore_client_abort`
        ignore_client_abort: bool = false,
        /// `proxy_buffering`
        buffering: bool = true,
        /// `proxy_buffer_size`
        buffer_size: usize = PAGE_SIZE,
        /// `proxy_buffers`
        buffers: Buffers = Buffers { count: 8, size: PAGE_SIZE },
        /// `proxy_busy_buffers_size`; see [`Proxy::busy_size`] for what holds when it is not set.
        busy_buffers_size: Option<usize> = None,
        /// `proxy_max_temp_file_size`; 0 switches temporary files off.
        max_temp_file_size: u64 = 1024 * 1024 * 1024,
        /// `proxy_temp_file_write_size`; see [`Proxy::temp_write_size`] for what holds when it is not set.
        temp_file_write_size: Option<usize> = None,
        /// `proxy_temp_path`
        temp_path: TempPath = TempPath { path: Text::from("/var/lib/nginx/proxy"), levels: [1, 2, 0] },
        /// `proxy_store`
        store: Store = Store::Off,
        /// `proxy_store_access`: the rights of stored files.
        store_access: u32 = 0o600,
        /// `proxy_limit_rate`, in bytes a second
        limit_rate: Option<Template> = None,
        /// `proxy_force_ranges`
        force_ranges: bool = false,
        /// `proxy_redirect`
        redirect: Redirect = Redirect::Default,
        /// `proxy_cookie_domain`
        cookie_domains: List<CookieRewrite> = List::default(),
        /// `proxy_cookie_path`
        cookie_paths: List<CookieRewrite> = List::default(),
        /// `proxy_cookie_flags`
        cookie_flags: List<CookieFlags> = List::default(),
        /// `proxy_bind`
        bind: Bind = Bind::Off,
        /// `proxy_socket_keepalive`
        socket_keepalive: bool = false,
        /// `proxy_socket_rcvbuf`
        socket_receive_buffer: usize = 0,
        /// `proxy_socket_sndbuf`
        socket_send_buffer: usize = 0,
    }
}

impl Proxy {
    /// `proxy_busy_buffers_size`: by default twice the larger of the two buffer sizes.
    pub fn busy_size(&self) -> usize {
        self.busy_buffers_size.unwrap_or(2 * self.largest_buffer())
    }

    /// `proxy_temp_file_write_size`: by default twice the larger of the two buffer sizes.
    pub fn temp_write_size(&self) -> usize {
        self.temp_file_write_size.unwrap_or(2 * self.largest_buffer())
    }

    /// The larger of `proxy_buffer_size` and one of `proxy_buffers`.
    pub fn largest_buffer(&self) -> usize {
        self.buffer_size.max(self.buffers.size)
    }
}

/// `proxy_pass`, `grpc_pass`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ProxyPass {
    /// Where the request goes.
    pub to: ProxyTarget,
    /// As written.
    pub url: Text,
    /// How many bytes of the request's URI the location's name takes: `uri` replaces them.
    pub location: Text,
    /// It is a `grpc_pass`: the `grpc_…` directives say how.
    pub is_grpc: bool,
}

impl ProxyPass {
    /// Whether TLS may be wanted towards the backend: with variables in the URL, only the request tells.
    pub fn may_be_secure(&self) -> bool {
        matches!(&self.to, ProxyTarget::Upstream { tls: true, .. } | ProxyTarget::Template(_))
    }
}

/// Where a `proxy_pass` sends a request.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum ProxyTarget {
    /// A group, known from the start.
    Upstream {
        /// `https` rather than `http`.
        tls: bool,
        /// The group.
        upstream: UpstreamId,
        /// What `$proxy_host` and the `Host` header show.
        host_header: Text,
        /// What `$proxy_port` shows.
        port: Text,
        /// The URI part; `None` passes the request's own URI on as it came.
        uri: Option<Text>,
    },
    /// A URL with variables: known for each request anew.
    Template(Template),
}

/// `proxy_set_header`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct SetHeader {
    /// The name as written.
    pub name: Text,
    /// The value; an empty one leaves the header out.
    pub value: Template,
}

/// `proxy_redirect`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Redirect {
    /// `off`
    Off,
    /// Not set: as `default` where the location has a `proxy_pass` without variables.
    Default,
    /// In source order; the first that fits counts.
    Rules(List<RedirectRule>),
}

/// One `proxy_redirect`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum RedirectRule {
    /// A prefix of `Location` that is replaced.
    Prefix {
        /// What it begins with.
        from: Template,
        /// What stands there instead.
        to: Template,
    },
    /// A pattern, and what the whole header becomes.
    Regex {
        /// The pattern.
        from: Rc<Regex>,
        /// What stands there instead.
        to: Template,
    },
}

/// `proxy_cookie_domain`, `proxy_cookie_path`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum CookieRewrite {
    /// A text (a whole domain, or the beginning of a path) and its replacement.
    Text {
        /// What stands there.
        from: Template,
        /// What stands there instead.
        to: Template,
    },
    /// A pattern and its replacement.
    Regex {
        /// The pattern.
        from: Rc<Regex>,
        /// What stands there instead.
        to: Template,
    },
}

/// `proxy_cookie_flags`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct CookieFlags {
    /// The cookie's name.
    pub cookie: CookieName,
    /// The flags to set and to clear, as templates.
    pub flags: Rc<[Template]>,
}

/// The cookies that `proxy_cookie_flags` is for.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum CookieName {
    /// This name.
    Name(Template),
    /// Names that match.
    Regex(Rc<Regex>),
}

/// `proxy_store`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Store {
    /// Answers are passed on and forgotten.
    Off,
    /// They are kept where the request's path would be looked for in the file system.
    On,
    /// They are kept under this path.
    Path(Template),
}

/// `proxy_bind`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Bind {
    /// The system chooses.
    Off,
    /// This address; port 0 leaves the port to the system.
    Address {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// `transparent`: it need not be an address of this machine.
        transparent: bool,
    },
    /// An address with variables.
    Template {
        /// The address.
        address: Template,
        /// `transparent`: it need not be an address of this machine.
        transparent: bool,
    },
}

words! {
    /// `proxy_http_version`
    pub enum HttpVersion {
        /// HTTP/1.0
        Http10 = "1.0",
        /// HTTP/1.1
        Http11 = "1.1",
        /// HTTP/2
        Http2 = "2",
    }
}

word_set! {
    /// `proxy_next_upstream`
    pub struct NextUpstream {
        /// A connection could not be made or broke.
        ERROR = 1 "error",
        /// It took too long.
        TIMEOUT = 2 "timeout",
        /// The answer was not HTTP.
        INVALID_HEADER = 3 "invalid_header",
        /// Even for methods that may have had an effect.
        NON_IDEMPOTENT = 4 "non_idempotent",
        /// Status 500
        HTTP_500 = 5 "http_500",
        /// Status 502
        HTTP_502 = 6 "http_502",
        /// Status 503
        HTTP_503 = 7 "http_503",
        /// Status 504
        HTTP_504 = 8 "http_504",
        /// Status 403
        HTTP_403 = 9 "http_403",
        /// Status 404
        HTTP_404 = 10 "http_404",
        /// Status 429
        HTTP_429 = 11 "http_429",
        /// A cache entry is being renewed.
        UPDATING = 12 "updating",
        /// Never.
        OFF = 13 "off",
    }
}

word_set! {
    /// `proxy_ignore_headers`
    pub struct IgnoreHeaders {
        /// `X-Accel-Redirect`
        X_ACCEL_REDIRECT = 1 "X-Accel-Redirect",
        /// `X-Accel-Expires`
        X_ACCEL_EXPIRES = 2 "X-Accel-Expires",
        /// `X-Accel-Limit-Rate`
        X_ACCEL_LIMIT_RATE = 3 "X-Accel-Limit-Rate",
        /// `X-Accel-Buffering`
        X_ACCEL_BUFFERING = 4 "X-Accel-Buffering",
        /// `X-Accel-Charset`
        X_ACCEL_CHARSET = 5 "X-Accel-Charset",
        /// `Expires`
        EXPIRES = 6 "Expires",
        /// `Cache-Control`
        CACHE_CONTROL = 7 "Cache-Control",
        /// `Set-Cookie`
        SET_COOKIE = 8 "Set-Cookie",
        /// `Vary`
        VARY = 9 "Vary",
    }
}
