//! The values of nginx's `http_tunnel` module: some of those of `http_proxy`.

use std::rc::Rc;

use super::Content;
use super::grpc::peer;
use super::proxy::setters::bind;
use super::proxy::{NextUpstream, ProxyPass, ProxyTarget};
pub use super::proxy::{Proxy, ProxyOwn};
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table, duplicate};
use crate::ir::value::Text;

/// The setters of `http_tunnel`.
pub const SETTERS: Table = &[
    ("tunnel_bind", own_with!(tunnel.bind, bind)),
    ("tunnel_buffer_size", own!(tunnel.buffer_size, setter::size)),
    ("tunnel_connect_timeout", own!(tunnel.connect_timeout_ms, setter::milliseconds)),
    ("tunnel_next_upstream", next_upstream),
    ("tunnel_next_upstream_timeout", own!(tunnel.next_upstream_timeout_ms, setter::milliseconds)),
    ("tunnel_next_upstream_tries", own!(tunnel.next_upstream_tries, setter::number)),
    ("tunnel_pass", tunnel_pass),
    ("tunnel_read_timeout", own!(tunnel.read_timeout_ms, setter::milliseconds)),
    ("tunnel_send_lowat", setter::send_lowat),
    ("tunnel_send_timeout", own!(tunnel.send_timeout_ms, setter::milliseconds)),
    ("tunnel_socket_keepalive", own!(tunnel.socket_keepalive, setter::flag)),
    ("tunnel_socket_rcvbuf", own!(tunnel.socket_receive_buffer, setter::size)),
    ("tunnel_socket_sndbuf", own!(tunnel.socket_send_buffer, setter::size)),
];

/// A tunnel is made before a server has answered anything: only what goes wrong until then leads to another one.
fn next_upstream(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let known = NextUpstream::ERROR.or(NextUpstream::TIMEOUT).or(NextUpstream::OFF);
    let before = reader.own().tunnel.get_or_insert_default().next_upstream.unwrap_or_default();
    let after = setter::some_word_set(reader, directive, before, |word| known.contains(word))?;
    reader.own().tunnel.get_or_insert_default().next_upstream = Some(after);
    Ok(())
}

/// Without a word about it, the way is to where the client wants to go. Only a server with such a line takes `CONNECT`.
fn tunnel_pass(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if matches!(reader.location().content, Some(Content::Tunnel(_))) {
        return Err(duplicate(directive));
    }
    reader.server_core().allow_connect = Some(true);
    let written = directive.args().first().map_or(&b"$host:$request_port"[..], |word| word.value);
    let to = match reader.template(directive, written)? {
        template if !template.is_constant() => ProxyTarget::Template(template),
        _ => peer(reader, directive, written, false)?,
    };
    let pass = ProxyPass { to, url: Text::from(written), location: Text::default(), is_grpc: false };
    reader.location().content = Some(Content::Tunnel(Rc::new(pass)));
    Ok(())
}
