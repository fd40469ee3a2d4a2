//! The values of nginx's `http_grpc` module: those of `http_proxy`, some of them fixed.

use super::proxy::setters::{after_scheme, bind, header_name, pass, set_header};
use super::proxy::{HttpVersion, IgnoreHeaders, ProxyTarget, Redirect};
pub use super::proxy::{Proxy, ProxyOwn};
use super::proxy_ssl;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::Text;

/// The setters of `http_grpc`.
pub const SETTERS: Table = &[
    ("grpc_bind", own_with!(grpc.bind, bind)),
    ("grpc_buffer_size", own!(grpc.buffer_size, setter::size)),
    ("grpc_connect_timeout", own!(grpc.connect_timeout_ms, setter::milliseconds)),
    ("grpc_hide_header", own_push!(grpc.hide_headers, header_name)),
    ("grpc_ignore_headers", own_bits!(grpc.ignore_headers)),
    ("grpc_intercept_errors", own!(grpc.intercept_errors, setter::flag)),
    ("grpc_next_upstream", own_bits!(grpc.next_upstream)),
    ("grpc_next_upstream_timeout", own!(grpc.next_upstream_timeout_ms, setter::milliseconds)),
    ("grpc_next_upstream_tries", own!(grpc.next_upstream_tries, setter::number)),
    ("grpc_pass", grpc_pass),
    ("grpc_pass_header", own_push!(grpc.pass_headers, header_name)),
    ("grpc_read_timeout", own!(grpc.read_timeout_ms, setter::milliseconds)),
    ("grpc_send_timeout", own!(grpc.send_timeout_ms, setter::milliseconds)),
    ("grpc_set_header", own_push!(grpc.set_headers, set_header)),
    ("grpc_socket_keepalive", own!(grpc.socket_keepalive, setter::flag)),
    ("grpc_socket_rcvbuf", own!(grpc.socket_receive_buffer, setter::size)),
    ("grpc_socket_sndbuf", own!(grpc.socket_send_buffer, setter::size)),
    ("grpc_ssl_certificate", own_with!(grpc_ssl.certificate, setter::some_template)),
    ("grpc_ssl_certificate_cache", own_with!(grpc_ssl.certificate_cache, proxy_ssl::setters::certificate_cache)),
    ("grpc_ssl_certificate_key", own_with!(grpc_ssl.certificate_key, setter::some_template)),
    ("grpc_ssl_ciphers", own_with!(grpc_ssl.ciphers, proxy_ssl::setters::named_ciphers)),
    ("grpc_ssl_conf_command", own_push!(grpc_ssl.conf_commands, proxy_ssl::setters::conf_command)),
    ("grpc_ssl_crl", own!(grpc_ssl.crl, setter::text)),
    ("grpc_ssl_name", own_with!(grpc_ssl.name, setter::some_template)),
    ("grpc_ssl_password_file", own_with!(grpc_ssl.password_file, proxy_ssl::setters::password_file)),
    ("grpc_ssl_protocols", own_bits!(grpc_ssl.protocols, proxy_ssl::setters::named_protocols)),
    ("grpc_ssl_server_name", own!(grpc_ssl.server_name, setter::flag)),
    ("grpc_ssl_session_reuse", own!(grpc_ssl.session_reuse, setter::flag)),
    ("grpc_ssl_trusted_certificate", own!(grpc_ssl.trusted_certificate, setter::text)),
    ("grpc_ssl_verify", own!(grpc_ssl.verify, setter::flag)),
    ("grpc_ssl_verify_depth", own!(grpc_ssl.verify_depth, setter::number)),
];

/// What no directive changes (`ngx_http_grpc_create_loc_conf`): messages go on as they come, both ways.
pub fn with_fixed_values(read: &Proxy) -> Proxy {
    Proxy {
        http_version: HttpVersion::Http2,
        buffering: false,
        request_buffering: false,
        pass_trailers: true,
        max_temp_file_size: 0,
        redirect: Redirect::Off,
        ignore_headers: read.ignore_headers.or(IgnoreHeaders::X_ACCEL_BUFFERING),
        ..read.clone()
    }
}

fn grpc_pass(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    pass(reader, directive, true, target)
}

/// `grpc://` may be left out, and no port is a default one.
fn target(reader: &mut Reader<'_>, directive: &Directive<'_>, text: &[u8]) -> Result<ProxyTarget, Diagnostic> {
    let (tls, rest) = without_scheme(text);
    peer(reader, directive, rest, tls)
}

/// A host and a port, which may be that of a group.
pub fn peer(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    rest: &[u8],
    tls: bool,
) -> Result<ProxyTarget, Diagnostic> {
    let url = Url::parse(rest, 0, Form::Peer)
        .map_err(|fault| directive.emerg(format!("{fault} in upstream \"{}\"", String::from_utf8_lossy(rest))))?;
    let upstream = reader.http.upstreams.refer(directive, &url)?;
    let (host_header, port) = match url.host {
        Host::Unix(_) => (Text::from("localhost"), Text::default()),
        _ => (Text::from(url.host_port), Text::from(url.port.to_string())),
    };
    Ok(ProxyTarget::Upstream { tls, upstream, host_header, port, uri: None })
}

/// Whether a URL asks for TLS, and the rest of it.
pub fn without_scheme(text: &[u8]) -> (bool, &[u8]) {
    match (after_scheme(text, "grpc://"), after_scheme(text, "grpcs://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        assert_eq!(without_scheme(b"GRPCS://a:1"), (true, &b"a:1"[..]));
        assert_eq!(without_scheme(b"grpc://a:1"), (false, &b"a:1"[..]));
        assert_eq!(without_scheme(b"a:1"), (false, &b"a:1"[..]));
    }
}
