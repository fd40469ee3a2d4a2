//! Variables that come from the connection, the worker and the clock.

use std::net::IpAddr;

use super::put::{Write1, put, put_bytes, put_number, put_seconds};
use crate::http::connection::peer::Peer;
use crate::http::product;
use crate::http::request::Request;
use crate::log::error_log::Level;
use crate::log::now;
use crate::sys::socket_options::{self, TcpInfo};
use crate::wire::proxy_protocol::Addresses;
use crate::wire::proxy_protocol_tlv::{self, Fault};

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "remote_addr" => |request, out| address(request.peer(), out),
        "remote_port" => |request, out| port(request.peer(), out),
        "realip_remote_addr" => |request, out| address(&request.connection.peer, out),
        "realip_remote_port" => |request, out| port(&request.connection.peer, out),
        "binary_remote_addr" => |request, out| match request.peer().ip() {
            Some(IpAddr::V4(address)) => put_bytes(out, &address.octets()),
            Some(IpAddr::V6(address)) => put_bytes(out, &address.octets()),
            None => put_bytes(out, b"unix:"),
        },
        "server_addr" => |request, out| put(out, request.connection.local_text()),
        "server_port" => |request, out| match request.connection.local_port() {
            0 => true,
            port => put(out, port),
        },
        "proxy_protocol_addr" => |request, out| proxied(request, out, |ends, out| put(out, ends.client.ip())),
        "proxy_protocol_port" => |request, out| proxied(request, out, |ends, out| put(out, ends.client.port())),
        "proxy_protocol_server_addr" => |request, out| proxied(request, out, |ends, out| put(out, ends.server.ip())),
        "proxy_protocol_server_port" => |request, out| proxied(request, out, |ends, out| put(out, ends.server.port())),
        "connection" => |request, out| put(out, request.connection.number),
        "connection_requests" => |request, out| put(out, request.connection.requests.get()),
        "connection_time" => |request, out| {
            put_seconds(out, (now::since_epoch().as_millis() as u64).saturating_sub(request.connection.began_ms))
        },
        "connections_active" => |request, out| put(out, request.connection.engine.counters.active.get()),
        "connections_reading" => |request, out| put(out, request.connection.engine.counters.reading.get()),
        "connections_writing" => |request, out| put(out, request.connection.engine.counters.writing.get()),
        "connections_waiting" => |request, out| put(out, request.connection.engine.counters.waiting.get()),
        "tcpinfo_rtt" => |request, out| tcp_info(request, out, |info| info.rtt),
        "tcpinfo_rttvar" => |request, out| tcp_info(request, out, |info| info.rtt_variance),
        "tcpinfo_snd_cwnd" => |request, out| tcp_info(request, out, |info| info.send_window),
        "tcpinfo_rcv_space" => |request, out| tcp_info(request, out, |info| info.receive_space),
        "hostname" => |_, out| match nix::unistd::gethostname() {
            Ok(name) => put_bytes(out, name.as_encoded_bytes()),
            Err(_) => false,
        },
        "nginx_version" => |_, out| put(out, product::NAME_AND_VERSION.trim_start_matches("nginx/")),
        "pid" => |_, out| put(out, std::process::id()),
        "pipe" => |request, out| put_bytes(out, if request.pipelined { b"p" } else { b"." }),
        "msec" => |_, out| put_seconds(out, now::since_epoch().as_millis() as u64),
        "time_local" => |_, out| now::with(|now| put(out, &now.access_log)),
        "time_iso8601" => |_, out| now::with(|now| put(out, &now.iso8601)),
        _ => return None,
    })
}

/// The address without the port. Every line of most logs begins with it.
fn address(peer: &Peer, out: &mut Vec<u8>) -> bool {
    let Some(IpAddr::V4(address)) = peer.ip() else { return put(out, peer) };
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        put_number(out, octet.into());
    }
    true
}

fn port(peer: &Peer, out: &mut Vec<u8>) -> bool {
    match peer.port() {
        0 => true,
        port => put(out, port),
    }
}

/// What the kernel knows of the connection; nothing of one that is not TCP.
fn tcp_info(request: &Request, out: &mut Vec<u8>, field: fn(&TcpInfo) -> u32) -> bool {
    request.connection.with_stream(|stream| socket_options::tcp_info(stream)).is_ok_and(|info| put(out, field(&info)))
}

/// A value out of the PROXY protocol's header; nothing where there is none.
fn proxied(request: &Request, out: &mut Vec<u8>, write: fn(&Addresses, &mut Vec<u8>) -> bool) -> bool {
    request.connection.proxied().is_some_and(|addresses| write(addresses, out))
}

/// `$proxy_protocol_tlv_x`
pub fn proxied_entry(request: &Request, name: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(addresses) = request.connection.proxied() else { return false };
    let complaint = match proxy_protocol_tlv::find(&addresses.entries, name) {
        Ok(value) => return value.is_some_and(|value| put_bytes(out, &value)),
        Err(Fault::ShortSsl) => return false,
        Err(Fault::Broken) => "broken PROXY protocol TLV".to_owned(),
        Err(Fault::InvalidNumber) => format!("invalid PROXY protocol TLV \"{}\"", String::from_utf8_lossy(name)),
        Err(Fault::UnknownName) => format!("unknown PROXY protocol TLV \"{}\"", String::from_utf8_lossy(name)),
    };
    request.log(Level::Error, complaint);
    false
}
