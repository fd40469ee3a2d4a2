//! Variables that come from a connection's TLS.

use rustls::{HandshakeKind, NamedGroup, ProtocolVersion, ServerConnection};

use super::{Write1, put_bytes};
use crate::http::request::Request;
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
            |request, out| of(request, out, |tls| tls.negotiated_key_exchange_group().map(|it| curve(it.name())))
        }
        "ssl_session_reused" => |request, out| {
            of(request, out, |tls| Some(if tls.handshake_kind() == Some(HandshakeKind::Resumed) { "r" } else { "." }))
        },
        "ssl_session_id" => session_id,
        // No data is taken before the handshake is over.
        "ssl_early_data" => |_, _| false,
        "ssl_server_name" => |request, out| of(request, out, |tls| tls.server_name()),
        "ssl_alpn_protocol" => {
            |request, out| of(request, out, |tls| tls.alpn_protocol().and_then(|name| std::str::from_utf8(name).ok()))
        }
        _ => return None,
    })
}

fn of(request: &Request, out: &mut Vec<u8>, get: impl for<'t> FnOnce(&'t ServerConnection) -> Option<&'t str>) -> bool {
    request.connection.with_stream(|stream| match stream.tls().and_then(get) {
        Some(text) => put_bytes(out, text.as_bytes()),
        None => false,
    })
}

/// rustls shows no session's own name; this one is as long and as unique, made of what both sides agreed on.
fn session_id(request: &Request, out: &mut Vec<u8>) -> bool {
    request.connection.with_stream(|stream| {
        let exported = stream.tls().map(|tls| tls.export_keying_material([0; 32], b"EXPORTER-session-id", None));
        let Some(Ok(id)) = exported else { return false };
        id.iter().for_each(|byte| out.extend_from_slice(format!("{byte:02x}").as_bytes()));
        true
    })
}

fn protocol(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "",
    }
}

fn curve(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519 => "X25519",
        NamedGroup::secp256r1 => "prime256v1",
        NamedGroup::secp384r1 => "secp384r1",
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        _ => "",
    }
}
