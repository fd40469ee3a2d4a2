//! The nginx tables, a file for each module, and the search over them.

pub mod core;
pub mod events;
mod find;
pub mod http;
pub mod http_access;
pub mod http_addition;
pub mod http_auth_basic;
pub mod http_auth_request;
pub mod http_autoindex;
pub mod http_browser;
pub mod http_charset;
pub mod http_copy;
pub mod http_core;
pub mod http_dav;
pub mod http_degradation;
pub mod http_empty_gif;
pub mod http_fastcgi;
pub mod http_flv;
pub mod http_geo;
pub mod http_geoip;
pub mod http_grpc;
pub mod http_gunzip;
pub mod http_gzip;
pub mod http_gzip_static;
pub mod http_headers;
pub mod http_image_filter;
pub mod http_index;
pub mod http_limit_conn;
pub mod http_limit_req;
pub mod http_log;
pub mod http_map;
pub mod http_memcached;
pub mod http_mirror;
pub mod http_mp4;
pub mod http_perl;
pub mod http_proxy;
pub mod http_random_index;
pub mod http_realip;
pub mod http_referer;
pub mod http_rewrite;
pub mod http_scgi;
pub mod http_secure_link;
pub mod http_slice;
pub mod http_split_clients;
pub mod http_ssi;
pub mod http_ssl;
pub mod http_stub_status;
pub mod http_sub;
pub mod http_try_files;
pub mod http_tunnel;
pub mod http_upstream;
pub mod http_upstream_hash;
pub mod http_upstream_ip_hash;
pub mod http_upstream_keepalive;
pub mod http_upstream_least_conn;
pub mod http_upstream_least_time;
pub mod http_upstream_random;
pub mod http_upstream_sticky;
pub mod http_upstream_zone;
pub mod http_userid;
pub mod http_uwsgi;
pub mod http_v2;
pub mod http_v3;
pub mod http_xslt;
pub mod mail;
pub mod mail_auth_http;
pub mod mail_core;
pub mod mail_imap;
pub mod mail_pop3;
pub mod mail_proxy;
pub mod mail_realip;
pub mod mail_smtp;
pub mod mail_ssl;
mod modules;
pub mod njs;
pub mod other_systems;
pub mod plus;
pub mod quic_bpf;
pub mod removed;
pub mod stream;
pub mod stream_access;
pub mod stream_core;
pub mod stream_geo;
pub mod stream_geoip;
pub mod stream_limit_conn;
pub mod stream_log;
pub mod stream_map;
pub mod stream_pass;
pub mod stream_proxy;
pub mod stream_realip;
pub mod stream_return;
pub mod stream_set;
pub mod stream_split_clients;
pub mod stream_ssl;
pub mod stream_ssl_preread;
pub mod stream_upstream;
pub mod stream_upstream_hash;
pub mod stream_upstream_least_conn;
pub mod stream_upstream_least_time;
pub mod stream_upstream_random;
pub mod stream_upstream_zone;
pub mod third_party;

pub use find::{Found, find};
pub use modules::{configure_options, is_built_in, is_known};

use crate::Directive;

/// All tables, by the name of their file.
pub const TABLES: &[(&str, &[Directive])] = &[
    ("core", core::DIRECTIVES),
    ("events", events::DIRECTIVES),
    ("http", http::DIRECTIVES),
    ("http_access", http_access::DIRECTIVES),
    ("http_addition", http_addition::DIRECTIVES),
    ("http_auth_basic", http_auth_basic::DIRECTIVES),
    ("http_auth_request", http_auth_request::DIRECTIVES),
    ("http_autoindex", http_autoindex::DIRECTIVES),
    ("http_browser", http_browser::DIRECTIVES),
    ("http_charset", http_charset::DIRECTIVES),
    ("http_copy", http_copy::DIRECTIVES),
    ("http_core", http_core::DIRECTIVES),
    ("http_dav", http_dav::DIRECTIVES),
    ("http_degradation", http_degradation::DIRECTIVES),
    ("http_empty_gif", http_empty_gif::DIRECTIVES),
    ("http_fastcgi", http_fastcgi::DIRECTIVES),
    ("http_flv", http_flv::DIRECTIVES),
    ("http_geo", http_geo::DIRECTIVES),
    ("http_geoip", http_geoip::DIRECTIVES),
    ("http_grpc", http_grpc::DIRECTIVES),
    ("http_gunzip", http_gunzip::DIRECTIVES),
    ("http_gzip", http_gzip::DIRECTIVES),
    ("http_gzip_static", http_gzip_static::DIRECTIVES),
    ("http_headers", http_headers::DIRECTIVES),
    ("http_image_filter", http_image_filter::DIRECTIVES),
    ("http_index", http_index::DIRECTIVES),
    ("http_limit_conn", http_limit_conn::DIRECTIVES),
    ("http_limit_req", http_limit_req::DIRECTIVES),
    ("http_log", http_log::DIRECTIVES),
    ("http_map", http_map::DIRECTIVES),
    ("http_memcached", http_memcached::DIRECTIVES),
    ("http_mirror", http_mirror::DIRECTIVES),
    ("http_mp4", http_mp4::DIRECTIVES),
    ("http_perl", http_perl::DIRECTIVES),
    ("http_proxy", http_proxy::DIRECTIVES),
    ("http_random_index", http_random_index::DIRECTIVES),
    ("http_realip", http_realip::DIRECTIVES),
    ("http_referer", http_referer::DIRECTIVES),
    ("http_rewrite", http_rewrite::DIRECTIVES),
    ("http_scgi", http_scgi::DIRECTIVES),
    ("http_secure_link", http_secure_link::DIRECTIVES),
    ("http_slice", http_slice::DIRECTIVES),
    ("http_split_clients", http_split_clients::DIRECTIVES),
    ("http_ssi", http_ssi::DIRECTIVES),
    ("http_ssl", http_ssl::DIRECTIVES),
    ("http_stub_status", http_stub_status::DIRECTIVES),
    ("http_sub", http_sub::DIRECTIVES),
    ("http_try_files", http_try_files::DIRECTIVES),
    ("http_tunnel", http_tunnel::DIRECTIVES),
    ("http_upstream", http_upstream::DIRECTIVES),
    ("http_upstream_hash", http_upstream_hash::DIRECTIVES),
    ("http_upstream_ip_hash", http_upstream_ip_hash::DIRECTIVES),
    ("http_upstream_keepalive", http_upstream_keepalive::DIRECTIVES),
    ("http_upstream_least_conn", http_upstream_least_conn::DIRECTIVES),
    ("http_upstream_least_time", http_upstream_least_time::DIRECTIVES),
    ("http_upstream_random", http_upstream_random::DIRECTIVES),
    ("http_upstream_sticky", http_upstream_sticky::DIRECTIVES),
    ("http_upstream_zone", http_upstream_zone::DIRECTIVES),
    ("http_userid", http_userid::DIRECTIVES),
    ("http_uwsgi", http_uwsgi::DIRECTIVES),
    ("http_v2", http_v2::DIRECTIVES),
    ("http_v3", http_v3::DIRECTIVES),
    ("http_xslt", http_xslt::DIRECTIVES),
    ("mail", mail::DIRECTIVES),
    ("mail_auth_http", mail_auth_http::DIRECTIVES),
    ("mail_core", mail_core::DIRECTIVES),
    ("mail_imap", mail_imap::DIRECTIVES),
    ("mail_pop3", mail_pop3::DIRECTIVES),
    ("mail_proxy", mail_proxy::DIRECTIVES),
    ("mail_realip", mail_realip::DIRECTIVES),
    ("mail_smtp", mail_smtp::DIRECTIVES),
    ("mail_ssl", mail_ssl::DIRECTIVES),
    ("njs", njs::DIRECTIVES),
    ("other_systems", other_systems::DIRECTIVES),
    ("plus", plus::DIRECTIVES),
    ("quic_bpf", quic_bpf::DIRECTIVES),
    ("removed", removed::DIRECTIVES),
    ("stream", stream::DIRECTIVES),
    ("stream_access", stream_access::DIRECTIVES),
    ("stream_core", stream_core::DIRECTIVES),
    ("stream_geo", stream_geo::DIRECTIVES),
    ("stream_geoip", stream_geoip::DIRECTIVES),
    ("stream_limit_conn", stream_limit_conn::DIRECTIVES),
    ("stream_log", stream_log::DIRECTIVES),
    ("stream_map", stream_map::DIRECTIVES),
    ("stream_pass", stream_pass::DIRECTIVES),
    ("stream_proxy", stream_proxy::DIRECTIVES),
    ("stream_realip", stream_realip::DIRECTIVES),
    ("stream_return", stream_return::DIRECTIVES),
    ("stream_set", stream_set::DIRECTIVES),
    ("stream_split_clients", stream_split_clients::DIRECTIVES),
    ("stream_ssl", stream_ssl::DIRECTIVES),
    ("stream_ssl_preread", stream_ssl_preread::DIRECTIVES),
    ("stream_upstream", stream_upstream::DIRECTIVES),
    ("stream_upstream_hash", stream_upstream_hash::DIRECTIVES),
    ("stream_upstream_least_conn", stream_upstream_least_conn::DIRECTIVES),
    ("stream_upstream_least_time", stream_upstream_least_time::DIRECTIVES),
    ("stream_upstream_random", stream_upstream_random::DIRECTIVES),
    ("stream_upstream_zone", stream_upstream_zone::DIRECTIVES),
    ("third_party", third_party::DIRECTIVES),
];

/// All rows of all tables.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    TABLES.iter().flat_map(|(_, rows)| rows.iter())
}
