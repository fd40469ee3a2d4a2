//! nginx's modules as its build names them: which are served, for `-V` and for `load_module`.

use crate::{Context, Status};

use super::{Found, find};

/// A module of nginx's `configure`, by the directive without which it would be of no use.
struct Module {
    /// The name between `--with-` or `--without-` and its end.
    option: &'static str,
    /// Whether nginx builds it without being asked.
    is_default: bool,
    directive: &'static str,
    context: Context,
}

const fn by_default(option: &'static str, directive: &'static str, context: Context) -> Module {
    Module { option, is_default: true, directive, context }
}

const fn on_request(option: &'static str, directive: &'static str, context: Context) -> Module {
    Module { option, is_default: false, directive, context }
}

const MODULES: &[Module] = &[
    on_request("debug", "debug_connection", Context::EVENTS),
    on_request("threads", "thread_pool", Context::MAIN),
    on_request("file-aio", "aio", Context::HTTP),
    on_request("http_ssl_module", "ssl_certificate", Context::HTTP),
    on_request("http_v2_module", "http2", Context::HTTP),
    on_request("http_v3_module", "http3", Context::HTTP),
    on_request("http_realip_module", "set_real_ip_from", Context::HTTP),
    on_request("http_addition_module", "add_before_body", Context::HTTP),
    on_request("http_xslt_module", "xslt_stylesheet", Context::LOCATION),
    on_request("http_image_filter_module", "image_filter", Context::LOCATION),
    on_request("http_geoip_module", "geoip_country", Context::HTTP),
    on_request("http_sub_module", "sub_filter", Context::HTTP),
    on_request("http_dav_module", "dav_methods", Context::HTTP),
    on_request("http_flv_module", "flv", Context::LOCATION),
    on_request("http_mp4_module", "mp4", Context::LOCATION),
    on_request("http_gunzip_module", "gunzip", Context::HTTP),
    on_request("http_gzip_static_module", "gzip_static", Context::HTTP),
    on_request("http_auth_request_module", "auth_request", Context::HTTP),
    on_request("http_random_index_module", "random_index", Context::LOCATION),
    on_request("http_secure_link_module", "secure_link", Context::LOCATION),
    on_request("http_degradation_module", "degradation", Context::HTTP),
    on_request("http_slice_module", "slice", Context::HTTP),
    on_request("http_stub_status_module", "stub_status", Context::LOCATION),
    on_request("http_perl_module", "perl", Context::LOCATION),
    on_request("mail", "mail", Context::MAIN),
    on_request("mail_ssl_module", "ssl_certificate", Context::MAIL),
    on_request("stream", "stream", Context::MAIN),
    on_request("stream_ssl_module", "ssl_certificate", Context::STREAM),
    on_request("stream_realip_module", "set_real_ip_from", Context::STREAM),
    on_request("stream_geoip_module", "geoip_country", Context::STREAM),
    on_request("stream_ssl_preread_module", "ssl_preread", Context::STREAM),
    by_default("http_charset_module", "charset", Context::HTTP),
    by_default("http_gzip_module", "gzip", Context::HTTP),
    by_default("http_ssi_module", "ssi", Context::HTTP),
    by_default("http_userid_module", "userid", Context::HTTP),
    by_default("http_access_module", "allow", Context::HTTP),
    by_default("http_auth_basic_module", "auth_basic", Context::HTTP),
    by_default("http_mirror_module", "mirror", Context::HTTP),
    by_default("http_autoindex_module", "autoindex", Context::HTTP),
    by_default("http_geo_module", "geo", Context::HTTP),
    by_default("http_map_module", "map", Context::HTTP),
    by_default("http_split_clients_module", "split_clients", Context::HTTP),
    by_default("http_referer_module", "valid_referers", Context::SERVER),
    by_default("http_rewrite_module", "rewrite", Context::SERVER),
    by_default("http_proxy_module", "proxy_pass", Context::LOCATION),
    by_default("http_fastcgi_module", "fastcgi_pass", Context::LOCATION),
    by_default("http_uwsgi_module", "uwsgi_pass", Context::LOCATION),
    by_default("http_scgi_module", "scgi_pass", Context::LOCATION),
    by_default("http_grpc_module", "grpc_pass", Context::LOCATION),
    by_default("http_tunnel_module", "tunnel_pass", Context::LOCATION),
    by_default("http_memcached_module", "memcached_pass", Context::LOCATION),
    by_default("http_limit_conn_module", "limit_conn", Context::HTTP),
    by_default("http_limit_req_module", "limit_req", Context::HTTP),
    by_default("http_empty_gif_module", "empty_gif", Context::LOCATION),
    by_default("http_browser_module", "modern_browser", Context::HTTP),
    by_default("http_upstream_hash_module", "hash", Context::UPSTREAM),
    by_default("http_upstream_ip_hash_module", "ip_hash", Context::UPSTREAM),
    by_default("http_upstream_least_conn_module", "least_conn", Context::UPSTREAM),
    by_default("http_upstream_least_time_module", "least_time", Context::UPSTREAM),
    by_default("http_upstream_random_module", "random", Context::UPSTREAM),
    by_default("http_upstream_keepalive_module", "keepalive", Context::UPSTREAM),
    by_default("http_upstream_zone_module", "zone", Context::UPSTREAM),
    by_default("http_upstream_sticky_module", "sticky", Context::UPSTREAM),
    by_default("http-cache", "proxy_cache", Context::HTTP),
    by_default("mail_pop3_module", "pop3_auth", Context::MAIL),
    by_default("mail_imap_module", "imap_auth", Context::MAIL),
    by_default("mail_smtp_module", "smtp_auth", Context::MAIL),
    by_default("stream_limit_conn_module", "limit_conn", Context::STREAM),
    by_default("stream_access_module", "allow", Context::STREAM),
    by_default("stream_geo_module", "geo", Context::STREAM),
    by_default("stream_map_module", "map", Context::STREAM),
    by_default("stream_split_clients_module", "split_clients", Context::STREAM),
    by_default("stream_return_module", "return", Context::STREAM_SERVER),
    by_default("stream_pass_module", "pass", Context::STREAM_SERVER),
    by_default("stream_set_module", "set", Context::STREAM_SERVER),
    by_default("stream_upstream_hash_module", "hash", Context::STREAM_UPSTREAM),
    by_default("stream_upstream_least_conn_module", "least_conn", Context::STREAM_UPSTREAM),
    by_default("stream_upstream_least_time_module", "least_time", Context::STREAM_UPSTREAM),
    by_default("stream_upstream_random_module", "random", Context::STREAM_UPSTREAM),
    by_default("stream_upstream_zone_module", "zone", Context::STREAM_UPSTREAM),
];

/// Shared objects as distributions build them, by the directive that shows whether we have what is in them.
const SHARED_OBJECTS: &[(&str, &str, Context)] = &[
    ("ngx_stream_module.so", "stream", Context::MAIN),
    ("ngx_stream_geoip_module.so", "geoip_country", Context::STREAM),
    ("ngx_mail_module.so", "mail", Context::MAIN),
    ("ngx_http_geoip_module.so", "geoip_country", Context::HTTP),
    ("ngx_http_image_filter_module.so", "image_filter", Context::LOCATION),
    ("ngx_http_perl_module.so", "perl", Context::LOCATION),
    ("ngx_http_xslt_filter_module.so", "xslt_stylesheet", Context::LOCATION),
];

/// Modules of other hands that distributions load for everybody who has installed them, used or not.
const FOREIGN_OBJECTS: &[&str] = &[
    "ndk_http_module.so",
    "ngx_http_auth_pam_module.so",
    "ngx_http_brotli_filter_module.so",
    "ngx_http_brotli_static_module.so",
    "ngx_http_cache_purge_module.so",
    "ngx_http_dav_ext_module.so",
    "ngx_http_echo_module.so",
    "ngx_http_fancyindex_module.so",
    "ngx_http_geoip2_module.so",
    "ngx_http_headers_more_filter_module.so",
    "ngx_http_js_module.so",
    "ngx_http_lua_module.so",
    "ngx_http_subs_filter_module.so",
    "ngx_http_uploadprogress_module.so",
    "ngx_http_upstream_fair_module.so",
    "ngx_nchan_module.so",
    "ngx_stream_geoip2_module.so",
    "ngx_stream_js_module.so",
];

/// Whether the directives in a shared object are known, though not served: loading it does no harm, using it is an error.
pub fn is_known(file_name: &str) -> bool {
    SHARED_OBJECTS.iter().any(|(object, ..)| *object == file_name) || FOREIGN_OBJECTS.contains(&file_name)
}

/// The options of `configure` that would give an nginx with what is served here: `with-http_ssl_module`,
/// `without-http_ssi_module` …
pub fn configure_options() -> impl Iterator<Item = String> {
    MODULES.iter().filter_map(|module| match (is_served(module.directive, module.context), module.is_default) {
        (true, false) => Some(format!("with-{}", module.option)),
        (false, true) => Some(format!("without-{}", module.option)),
        _ => None,
    })
}

/// Whether what is in a shared object is built in here, so that its `load_module` is satisfied.
pub fn is_built_in(file_name: &str) -> bool {
    SHARED_OBJECTS.iter().any(|(object, directive, context)| *object == file_name && is_served(directive, *context))
}

fn is_served(directive: &str, context: Context) -> bool {
    matches!(find(context, directive.as_bytes()), Found::Row(row) if row.status == Status::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deciding_directive_has_a_row() {
        let modules = MODULES.iter().map(|module| (module.directive, module.context));
        let objects = SHARED_OBJECTS.iter().map(|(_, directive, context)| (*directive, *context));
        let has_row = |directive, context: Context| {
            super::super::directives().any(|row| row.name == directive && row.contexts.intersects(context))
        };
        let missing: Vec<_> =
            modules.chain(objects).filter(|(directive, context)| !has_row(*directive, *context)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn what_is_not_served_is_left_out() {
        let options: Vec<_> = configure_options().collect();
        assert!(
            options.contains(&"without-http_empty_gif_module".to_owned()) || is_served("empty_gif", Context::LOCATION)
        );
        assert!(!options.contains(&"with-http_perl_module".to_owned()));
        assert!(!is_built_in("ngx_http_perl_module.so"));
        assert!(!is_built_in("no_such.so"));
    }
}
