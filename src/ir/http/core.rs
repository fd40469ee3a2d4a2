//! The values of nginx's `http_core` module.

pub mod resolver;
pub mod setters;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::ir::core::ErrorLog;
use crate::ir::lookup::HostId;
use crate::ir::regex::Regex;
use crate::ir::value::{Buffers, List, PAGE_SIZE, TempPath, Template, Text};

layer! {
    /// The values of `http_core` that hold for a whole server: they are needed before a location is known.
    pub struct ServerCore, own ServerCoreOwn {
        /// A location has a `tunnel_pass`.
        allow_connect: bool = false,
        /// `connection_pool_size`
        connection_pool_size: usize = 512,
        /// `request_pool_size`
        request_pool_size: usize = 4096,
        /// `client_header_timeout`
        client_header_timeout_ms: u64 = 60_000,
        /// `client_header_buffer_size`
        client_header_buffer_size: usize = 1024,
        /// `large_client_header_buffers`
        large_client_header_buffers: Buffers = Buffers { count: 4, size: 8192 },
        /// `max_headers`
        max_headers: usize = 1000,
        /// `ignore_invalid_headers`
        ignore_invalid_headers: bool = true,
        /// `merge_slashes`
        merge_slashes: bool = true,
        /// `underscores_in_headers`
        underscores_in_headers: bool = false,
        /// `client_body_early_read`
        client_body_early_read: List<Template> = List::default(),
    }
}

layer! {
    /// The values of `http_core` in a location.
    pub struct Core, own CoreOwn {
        /// `root` or `alias`
        root: Root = Root::default(),
        /// `types`: a type for each extension, both in lower case.
        types: Rc<BTreeMap<Text, Text>> = Rc::new(default_types()),
        /// `default_type`
        default_type: Text = Text::from("text/plain"),
        /// `error_log`; empty where the main one holds.
        error_log: List<ErrorLog> = List::default(),
        /// `error_page`
        error_pages: List<ErrorPage> = List::default(),
        /// `recursive_error_pages`
        recursive_error_pages: bool = false,
        /// `post_action`
        post_action: Option<Text> = None,
        /// `client_max_body_size`, in bytes; 0 switches the check off.
        client_max_body_size: u64 = 1024 * 1024,
        /// `client_body_buffer_size`
        client_body_buffer_size: usize = 2 * PAGE_SIZE,
        /// `client_body_timeout`
        client_body_timeout_ms: u64 = 60_000,
        /// `client_body_in_file_only`
        client_body_in_file_only: BodyInFile = BodyInFile::Off,
        /// `client_body_in_single_buffer`
        client_body_in_single_buffer: bool = false,
        /// `client_body_temp_path`
        client_body_temp_path: TempPath = TempPath { path: Text::from("/var/lib/nginx/body"), levels: [0; 3] },
        /// `keepalive_disable`
        keepalive_disable: KeepaliveDisable = KeepaliveDisable::MSIE6,
        /// `keepalive_timeout`; 0 closes after each answer.
        keepalive_timeout_ms: u64 = 75_000,
        /// The second value of `keepalive_timeout`: what the `Keep-Alive` header promises; 0 leaves it out.
        keepalive_header_seconds: u64 = 0,
        /// `keepalive_time`
        keepalive_time_ms: u64 = 3_600_000,
        /// `keepalive_min_timeout`
        keepalive_min_timeout_ms: u64 = 0,
        /// `keepalive_requests`
        keepalive_requests: u64 = 1000,
        /// `lingering_close`
        lingering_close: LingeringClose = LingeringClose::On,
        /// `lingering_time`
        lingering_time_ms: u64 = 30_000,
        /// `lingering_timeout`
        lingering_timeout_ms: u64 = 5_000,
        /// `send_timeout`
        send_timeout_ms: u64 = 60_000,
        /// `aio`: only whether it was set counts.
        aio: () = (),
        /// `directio`: only whether it was set counts.
        directio: () = (),
        /// `postpone_output`
        postpone_output: usize = 1460,
        /// `sendfile`
        sendfile: bool = false,
        /// `sendfile_max_chunk`
        sendfile_max_chunk: usize = 2 * 1024 * 1024,
        /// `tcp_nopush`
        tcp_nopush: bool = false,
        /// `tcp_nodelay`
        tcp_nodelay: bool = true,
        /// `reset_timedout_connection`
        reset_timedout_connection: bool = false,
        /// `limit_rate`, in bytes a second; `None` for no limit.
        limit_rate: Option<Template> = None,
        /// `limit_rate_after`, in bytes
        limit_rate_after: Option<Template> = None,
        /// `satisfy`
        satisfy: Satisfy = Satisfy::All,
        /// `auth_delay`
        auth_delay_ms: u64 = 0,
        /// `if_modified_since`
        if_modified_since: IfModifiedSince = IfModifiedSince::Exact,
        /// `max_ranges`; 0 switches ranges off.
        max_ranges: u32 = i32::MAX as u32,
        /// `absolute_redirect`
        absolute_redirect: bool = true,
        /// `server_name_in_redirect`
        server_name_in_redirect: bool = false,
        /// `port_in_redirect`
        port_in_redirect: bool = true,
        /// `msie_padding`
        msie_padding: bool = true,
        /// `msie_refresh`
        msie_refresh: bool = false,
        /// `log_not_found`
        log_not_found: bool = true,
        /// `log_subrequest`
        log_subrequest: bool = false,
        /// `chunked_transfer_encoding`
        chunked_transfer_encoding: bool = true,
        /// `etag`
        etag: bool = true,
        /// `server_tokens`
        server_tokens: ServerTokens = ServerTokens::On,
        /// `subrequest_output_buffer_size`
        subrequest_output_buffer_size: usize = PAGE_SIZE,
        /// `resolver`
        resolver: Option<Rc<Resolver>> = None,
        /// `resolver_timeout`
        resolver_timeout_ms: u64 = 30_000,
        /// `early_hints`
        early_hints: List<Template> = List::default(),
        /// `gzip_vary`
        gzip_vary: bool = false,
        /// `gzip_http_version`: whether HTTP/1.0 requests get compressed answers.
        gzip_http_version: GzipHttpVersion = GzipHttpVersion::Http11,
        /// `gzip_proxied`
        gzip_proxied: GzipProxied = GzipProxied::OFF,
        /// `gzip_disable`
        gzip_disable: GzipDisable = GzipDisable::default(),
        /// `disable_symlinks`
        disable_symlinks: DisableSymlinks = DisableSymlinks::Off,
        /// `open_file_cache`
        open_file_cache: Option<OpenFileCache> = None,
        /// `open_file_cache_valid`
        open_file_cache_valid_seconds: u64 = 60,
        /// `open_file_cache_min_uses`
        open_file_cache_min_uses: u64 = 1,
        /// `open_file_cache_errors`
        open_file_cache_errors: bool = false,
    }
}

/// `root` or `alias`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Root {
    /// The directory; a constant one is a full path, one with variables is taken from the prefix when it is known.
    pub path: Template,
    /// Of an `alias`: how many bytes of the URI its location's name replaces.
    pub alias: Option<Alias>,
}

/// What an `alias` replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Alias {
    /// The first bytes of the URI, as many as the location's name has.
    Prefix(usize),
    /// The whole URI: the location is a pattern.
    Whole,
}

impl Default for Root {
    fn default() -> Self {
        Self { path: Template::literal("/usr/share/nginx/html"), alias: None }
    }
}

/// One code of an `error_page`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ErrorPage {
    /// The status it is for.
    pub status: u16,
    /// `=code`: the status that is answered instead.
    pub overwrite: Overwrite,
    /// A URI, a `@name`, or a URL to redirect to.
    pub target: Template,
    /// What stands after `?` in a URI without variables.
    pub arguments: Option<Text>,
}

/// The status that an `error_page` answers with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Overwrite {
    /// The error's own.
    Keep,
    /// `=`: what the page's own handling gives.
    FromPage,
    /// `=code`
    Status(u16),
}

/// `resolver`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Resolver {
    /// The name servers.
    pub servers: Vec<NameServer>,
    /// `valid`: how long an answer holds, whatever it says itself.
    pub valid_seconds: Option<u64>,
    /// `ipv4`
    pub ipv4: bool,
    /// `ipv6`
    pub ipv6: bool,
}

/// Where a name server is.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum NameServer {
    /// An address and port.
    Inet(SocketAddr),
    /// A host name, resolved at start.
    Host(HostId),
}

/// `gzip_disable`
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct GzipDisable {
    /// `msie6`
    pub msie6: bool,
    /// User agents that get nothing compressed.
    pub agents: List<Regex>,
}

/// `disable_symlinks`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum DisableSymlinks {
    /// `off`
    Off,
    /// `on`, with the part of the path that is not checked.
    On(Option<Template>),
    /// `if_not_owner`, with the part of the path that is not checked.
    IfNotOwner(Option<Template>),
}

/// `open_file_cache`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct OpenFileCache {
    /// `max`
    pub max: usize,
    /// `inactive`
    pub inactive_seconds: u64,
}

words! {
    /// `satisfy`
    pub enum Satisfy {
        /// All of the access modules have to agree.
        All = "all",
        /// One is enough.
        Any = "any",
    }
}

words! {
    /// `client_body_in_file_only`
    pub enum BodyInFile {
        /// Only what does not fit the buffer.
        Off = "off",
        /// Always, and the file stays.
        On = "on",
        /// Always, and the file goes with the request.
        Clean = "clean",
    }
}

words! {
    /// `lingering_close`
    pub enum LingeringClose {
        /// Never.
        Off = "off",
        /// Where the client may still be sending.
        On = "on",
        /// Always.
        Always = "always",
    }
}

words! {
    /// `if_modified_since`
    pub enum IfModifiedSince {
        /// Ignored.
        Off = "off",
        /// The times are equal.
        Exact = "exact",
        /// The file is not newer.
        Before = "before",
    }
}

words! {
    /// `server_tokens`
    pub enum ServerTokens {
        /// The name alone.
        Off = "off",
        /// The name and the version.
        On = "on",
        /// The build's name too.
        Build = "build",
    }
}

words! {
    /// `gzip_http_version`
    pub enum GzipHttpVersion {
        /// From HTTP/1.0 on.
        Http10 = "1.0",
        /// From HTTP/1.1 on.
        Http11 = "1.1",
    }
}

word_set! {
    /// `keepalive_disable`
    pub struct KeepaliveDisable {
        /// `none`
        NONE = 0 "none",
        /// Old Internet Explorers after a POST.
        MSIE6 = 1 "msie6",
        /// Safari on macOS.
        SAFARI = 2 "safari",
    }
}

word_set! {
    /// `gzip_proxied`
    pub struct GzipProxied {
        /// Never for proxied requests.
        OFF = 0 "off",
        /// `Expires` lies in the past.
        EXPIRED = 1 "expired",
        /// `Cache-Control: no-cache`
        NO_CACHE = 2 "no-cache",
        /// `Cache-Control: no-store`
        NO_STORE = 3 "no-store",
        /// `Cache-Control: private`
        PRIVATE = 4 "private",
        /// Without `Last-Modified`
        NO_LAST_MODIFIED = 5 "no_last_modified",
        /// Without `ETag`
        NO_ETAG = 6 "no_etag",
        /// With `Authorization` in the request
        AUTH = 7 "auth",
        /// Always.
        ANY = 8 "any",
    }
}

word_set! {
    /// Request methods, in nginx's spelling of its directives.
    pub struct Methods {
        /// `GET`
        GET = 1 "GET",
        /// `HEAD`
        HEAD = 2 "HEAD",
        /// `POST`
        POST = 3 "POST",
        /// `PUT`
        PUT = 4 "PUT",
        /// `DELETE`
        DELETE = 5 "DELETE",
        /// `MKCOL`
        MKCOL = 6 "MKCOL",
        /// `COPY`
        COPY = 7 "COPY",
        /// `MOVE`
        MOVE = 8 "MOVE",
        /// `OPTIONS`
        OPTIONS = 9 "OPTIONS",
        /// `PROPFIND`
        PROPFIND = 10 "PROPFIND",
        /// `PROPPATCH`
        PROPPATCH = 11 "PROPPATCH",
        /// `LOCK`
        LOCK = 12 "LOCK",
        /// `UNLOCK`
        UNLOCK = 13 "UNLOCK",
        /// `PATCH`
        PATCH = 14 "PATCH",
        /// `CONNECT`
        CONNECT = 15 "CONNECT",
    }
}

/// What nginx knows without a `types { }`.
fn default_types() -> BTreeMap<Text, Text> {
    [("html", "text/html"), ("gif", "image/gif"), ("jpg", "image/jpeg")]
        .map(|(extension, mime)| (Text::from(extension), Text::from(mime)))
        .into()
}
