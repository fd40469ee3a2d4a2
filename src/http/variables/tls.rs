//! Variables that come from a connection's TLS.

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};

use super::put::{Write1, put_bytes};
use crate::http::request::Request;
use crate::net::tls_hello::{Hello, group_name};
use crate::net::tls_server::openssl_name;

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "scheme" => |request, out| put_bytes(out, request.connection.scheme()),
        "https" => |request, out| put_bytes(out, if request.connection.is_secure() { b"on" } else { b"" }),
        "ssl_protocol" => |request, out| of(request, out, |tls| tls.protocol_version().map(protocol)),
        "ssl_cipher" => {
            |request, out| of(request, out, |tls| tls.negotiated_cipher_suite().map(|it| openssl_name(&it)))
        }
        "ssl_curve" => {
            |request, out| of(request, out, |tls| group_name(tls.negotiated_key_exchange_group()?.name().into()))
        }
        "ssl_session_reused" => |request, out| {
            of(request, out, |tls| Some(if tls.handshake_kind() == Some(HandshakeKind::Resumed) { "r" } else { "." }))
        },
        "ssl_session_id" => session_id,
        "ssl_early_data" => |request, out| request.connection.is_early() && put_bytes(out, b"1"),
        "ssl_server_name" => |request, out| match request.connection.hello() {
            Some(hello) => hello.server_name.as_deref().is_some_and(|name| put_bytes(out, name.as_bytes())),
            None => of(request, out, |tls| tls.server_name()),
        },
        "ssl_ciphers" => |request, out| of_hello(request, out, Hello::ciphers),
        "ssl_curves" => |request, out| of_hello(request, out, Hello::curves),
        "ssl_sigalgs" => |request, out| of_hello(request, out, Hello::signature_algorithms),
        "ssl_alpn_protocol" => {
            |request, out| of(request, out, |tls| tls.alpn_protocol().and_then(|name| std::str::from_utf8(name).ok()))
        }
        _ => return None,
    })
}

fn of(request: &Request, out: &mut Vec<u8>, get: impl for<'t> FnOnce(&'t ServerConnection) -> Option<&'t str>) -> bool {
    request.connection.with_tls(|tls| get(tls).map(|text| put_bytes(out, text.as_bytes()))).unwrap_or(false)
}

fn of_hello(request: &Request, out: &mut Vec<u8>, get: impl FnOnce(&Hello) -> String) -> bool {
    request.connection.hello().is_some_and(|hello| put_bytes(out, get(hello).as_bytes()))
}

/// rustls shows no session's own name; this one is as long and as unique, made of what both sides agreed on.
fn session_id(request: &Request, out: &mut Vec<u8>) -> bool {
    let exported =
        request.connection.with_tls(|tls| tls.export_keying_material([0; 32], b"EXPORTER-session-id", None).ok());
    let Some(id) = exported else { return false };
    id.iter().for_each(|byte| out.extend_from_slice(format!("{byte:02x}").as_bytes()));
    true
}

fn protocol(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "",
    }
}
