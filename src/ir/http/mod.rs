//! `http { }`: servers, locations, and the values that each nginx module keeps for a location.

pub mod access;
pub mod addition;
pub mod auth_basic;
pub mod auth_request;
pub mod autoindex;
pub mod blocks;
pub mod browser;
pub mod charset;
pub mod checks;
pub mod core;
pub mod dav;
pub mod draft;
pub mod echo;
pub mod empty_gif;
pub mod finish;
pub mod flv;
pub mod geo;
pub mod grpc;
pub mod gunzip;
pub mod gzip;
pub mod gzip_static;
pub mod headers;
pub mod headers_more;
pub mod index;
pub mod limit_conn;
pub mod limit_req;
pub mod log;
pub mod map;
pub mod mirror;
pub mod mp4;
pub mod proxy;
pub mod proxy_ssl;
/// The same values for gRPC.
pub use proxy_ssl as grpc_ssl;
pub mod random_index;
pub mod realip;
pub mod referer;
pub mod rewrite;
pub mod secure_link;
pub mod slice;
pub mod split_clients;
pub mod ssi;
pub mod ssl;
pub mod stub_status;
pub mod sub;
pub mod tables;
pub mod try_files;
pub mod tunnel;
pub mod userid;
pub mod v2;

use std::rc::Rc;

use self::core::{Methods, ServerCore};
use super::listen::Listener;
use super::regex::Regex;
use super::server_name::ServerName;
use super::tls::{ServerTls, VerifyClient};
use super::upstream::Upstream;
use super::value::{Template, Text, Zone};
use super::variables::Variables;

/// `http { }`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Http {
    /// `server { }`, in source order.
    pub servers: Vec<Server>,
    /// The sockets, and which servers answer on them.
    pub listeners: Vec<Listener>,
    /// `upstream { }`, then the groups that a `proxy_pass` implies, in the order of first use.
    pub upstreams: Vec<Upstream>,
    /// All variables that are used.
    pub variables: Variables,
    /// `map { }`
    pub maps: Vec<map::Map>,
    /// All charsets that are named, and `charset_map { }`
    pub charsets: charset::Charsets,
    /// `geo { }`
    pub geos: Vec<geo::Geo>,
    /// `split_clients { }`
    pub split_clients: Vec<split_clients::SplitClients>,
    /// `limit_req_zone`
    pub limit_req_zones: Vec<limit_req::ReqZone>,
    /// `limit_conn_zone`
    pub limit_conn_zones: Vec<limit_conn::ConnZone>,
    /// Every piece of shared memory by name.
    pub zones: Vec<Zone>,
}

impl Http {
    /// A text with variables, as it would be written.
    pub fn written(&self, template: &Template) -> String {
        template.written(|id| &self.variables.get(id).name)
    }
}

/// `server { }`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Server {
    /// What `$server_name` and redirects show: the first name.
    pub name: Text,
    /// `server_name`; without one, the empty name.
    pub names: Vec<ServerName>,
    /// The values that only a whole server has.
    pub core: Rc<ServerCore>,
    /// `ssl_certificate` and what goes with it; `None` without a certificate.
    pub tls: Option<Rc<ServerTls>>,
    /// `ssl_verify_client`, of a server without a certificate, too: another one of its address may have shaken hands.
    pub verify_client: VerifyClient,
    /// `http2` and what goes with it.
    pub v2: v2::ServerV2,
    /// The server's own location: what holds where no `location { }` matches, and before one is looked for.
    pub location: Rc<Location>,
}

/// `location { }`; also the server as a whole, `if { }` and `limit_except { }`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Location {
    /// How it is chosen.
    pub matching: Matching,
    /// The URI, the pattern, or the `@name` as written; an `if` has its parent's.
    pub name: Text,
    /// `internal`: not for requests from outside.
    pub internal: bool,
    /// A request for the name without its last slash is redirected to it (`proxy_pass` and the like).
    pub auto_redirect: bool,
    /// What answers; `None` leaves it to the files under the root.
    pub content: Option<Content>,
    /// `rewrite`, `return`, `set`, `break` and `if`, in source order.
    pub rewrite: Rc<[rewrite::Operation]>,
    /// `try_files`
    pub try_files: Option<Rc<try_files::TryFiles>>,
    /// `limit_except`
    pub limit_except: Option<Rc<LimitExcept>>,
    /// What each module's directives say here.
    pub settings: Settings,
    /// The locations inside it.
    pub locations: Locations,
}

/// How a location is chosen.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Matching {
    /// The server as a whole, an `if` or a `limit_except`: never by URI.
    Nameless,
    /// `location = /x`
    Exact,
    /// `location /x`, `location ^~ /x`
    Prefix {
        /// `^~`: patterns are not tried after it.
        no_regex: bool,
    },
    /// `location ~ x`, `location ~* x`
    Regex(Rc<Regex>),
    /// `location @x`
    Named,
}

/// The locations of a server or of a location, in the order in which nginx looks.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct Locations {
    /// `=`, sorted by name.
    pub exact: Vec<Rc<Location>>,
    /// Prefixes, sorted by name. The longest that fits counts.
    pub prefix: Vec<Rc<Location>>,
    /// Patterns in source order.
    pub regex: Vec<Rc<Location>>,
    /// `@name`, sorted by name.
    pub named: Vec<Rc<Location>>,
}

/// `limit_except { }`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct LimitExcept {
    /// The methods it does not hold for. `GET` brings `HEAD` with it.
    pub methods: Methods,
    /// What holds for all others.
    pub location: Rc<Location>,
}

/// What answers a request in a location.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Content {
    /// `proxy_pass`, `grpc_pass`
    Proxy(Rc<proxy::ProxyPass>),
    /// `tunnel_pass`
    Tunnel(Rc<proxy::ProxyPass>),
    /// `stub_status`
    StubStatus,
    /// `echo`
    Echo,
    /// `empty_gif`
    EmptyGif,
    /// `flv`
    Flv,
    /// `mp4`
    Mp4,
}

/// Declares the list of modules once: resolved values, and those of a block that is still being read.
macro_rules! settings {
    ($( $(#[$doc:meta])* $module:ident: $name:ident, $own:ident; )*) => {
        /// What each module's directives say in a location. A module of which a block sets nothing shares its values
        /// with the block around it: that keeps fifty thousand locations small.
        #[derive(Clone, PartialEq, Default, Debug)]
        pub struct Settings {
            $( $(#[$doc])* pub $module: Rc<$module::$name>, )*
        }

        impl serde::Serialize for Settings {
            /// The modules of which anything differs from nginx's defaults.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( if *self.$module != $module::$name::default() {
                    map.serialize_entry(stringify!($module), &*self.$module)?;
                } )*
                map.end()
            }
        }

        /// What one block itself sets.
        #[derive(Clone, PartialEq, Default, Debug)]
        pub struct OwnSettings {
            $( $(#[$doc])* pub $module: Option<Box<$module::$own>>, )*
        }

        impl OwnSettings {
            /// These values where they are set, the outer block's elsewhere.
            pub fn over(self, outer: &Settings) -> Settings {
                Settings {
                    $( $module: match self.$module {
                        None => Rc::clone(&outer.$module),
                        Some(own) => Rc::new(own.over(&outer.$module)),
                    }, )*
                }
            }
        }
    };
}

settings! {
    /// `root`, `client_…`, `keepalive_…`, `error_page` …
    core: Core, CoreOwn;
    /// `allow`, `deny`
    access: Access, AccessOwn;
    /// `add_before_body`, `add_after_body`
    addition: Addition, AdditionOwn;
    /// `auth_basic`
    auth_basic: AuthBasic, AuthBasicOwn;
    /// `auth_request`
    auth_request: AuthRequest, AuthRequestOwn;
    /// `autoindex`
    autoindex: Autoindex, AutoindexOwn;
    /// `modern_browser`
    browser: Browser, BrowserOwn;
    /// `charset`
    charset: Charset, CharsetOwn;
    /// `dav_methods`
    dav: Dav, DavOwn;
    /// `echo`
    echo: Echo, EchoOwn;
    /// `gunzip`
    gunzip: Gunzip, GunzipOwn;
    /// `gzip`
    gzip: Gzip, GzipOwn;
    /// `gzip_static`
    gzip_static: GzipStatic, GzipStaticOwn;
    /// `add_header`, `expires`
    headers: Headers, HeadersOwn;
    /// `more_set_headers`
    headers_more: HeadersMore, HeadersMoreOwn;
    /// `index`
    index: Index, IndexOwn;
    /// `limit_conn`
    limit_conn: LimitConn, LimitConnOwn;
    /// `limit_req`
    limit_req: LimitReq, LimitReqOwn;
    /// `access_log`
    log: Log, LogOwn;
    /// `mirror`
    mirror: Mirror, MirrorOwn;
    /// `grpc_…`
    grpc: Proxy, ProxyOwn;
    /// `grpc_ssl_…`
    grpc_ssl: ProxySsl, ProxySslOwn;
    /// `mp4_buffer_size`
    mp4: Mp4, Mp4Own;
    /// `proxy_…`
    proxy: Proxy, ProxyOwn;
    /// `proxy_ssl_…`
    proxy_ssl: ProxySsl, ProxySslOwn;
    /// `random_index`
    random_index: RandomIndex, RandomIndexOwn;
    /// `set_real_ip_from`, `real_ip_header`
    realip: Realip, RealipOwn;
    /// `valid_referers`
    referer: Referer, RefererOwn;
    /// `rewrite_log`
    rewrite: Rewrite, RewriteOwn;
    /// `secure_link`
    secure_link: SecureLink, SecureLinkOwn;
    /// `slice`
    slice: Slice, SliceOwn;
    /// `ssi`
    ssi: Ssi, SsiOwn;
    /// `sub_filter`
    sub: Sub, SubOwn;
    /// `tunnel_…`
    tunnel: Proxy, ProxyOwn;
    /// `userid`
    userid: Userid, UseridOwn;
    /// `http2_chunk_size`
    v2: V2, V2Own;
}
