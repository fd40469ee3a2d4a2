//! `lb_kind`, `lvs_method`, `sorry_server_lvs_method`: how packets reach a real server.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::virtual_server::{Forwarding, ForwardingMethod, TunnelChecksum, TunnelType};

use super::value::{Trailing, unsigned};

/// Takes the method over, then the options if they are all right; `title` is the kind of server in messages.
pub(super) fn set(
    slot: &mut Option<Forwarding>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    title: &str,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let method = match word {
        "NAT" => ForwardingMethod::Masquerade,
        "DR" => ForwardingMethod::DirectRouting,
        "TUN" => ForwardingMethod::Tunnel,
        _ => {
            parser.report(Fault::General, format!("PARSER : unknown [{word}] routing method for {title} server."));
            return Ok(());
        }
    };
    let before = slot.unwrap_or_default();
    *slot = Some(Forwarding { method, ..before });
    match options(parser, line, title) {
        Ok((tunnel_type, tunnel_checksum)) => *slot = Some(Forwarding { method, tunnel_type, tunnel_checksum }),
        Err(text) => parser.report(Fault::General, text),
    }
    Ok(())
}

#[derive(PartialEq)]
enum Kind {
    Ipip,
    Gue,
    Gre,
}

fn options(parser: &mut Parser<'_, '_>, line: &Line, title: &str) -> Result<(TunnelType, TunnelChecksum), String> {
    let (mut kind, mut port, mut checksum) = (Kind::Ipip, 0, TunnelChecksum::None);
    let mut words = line.words.iter().skip(2);
    while let Some(word) = words.next() {
        match word.as_str() {
            "type" => {
                kind = match words.next().ok_or_else(|| format!("Missing tunnel type for {title} server."))?.as_str() {
                    "ipip" => Kind::Ipip,
                    "gue" => Kind::Gue,
                    "gre" => Kind::Gre,
                    other => return Err(format!("Unknown tunnel type {other} for {title} server.")),
                }
            }
            "port" => {
                let word = words.next().ok_or_else(|| format!("Missing port for {title} server gue tunnel."))?;
                port = unsigned(parser, word, 1, 65535, Trailing::Refused)
                    .ok_or_else(|| format!("Invalid gue tunnel port {word} for {title} server."))?;
            }
            "nocsum" => checksum = TunnelChecksum::None,
            "csum" => checksum = TunnelChecksum::Local,
            "remcsum" => checksum = TunnelChecksum::Remote,
            other => return Err(format!("Invalid tunnel option {other} for {title} server.")),
        }
    }
    if (kind == Kind::Gue) != (port != 0) {
        return Err("gue tunnels require port, otherwise cannot have port.".into());
    }
    if kind == Kind::Ipip && checksum != TunnelChecksum::None {
        return Err("ipip tunnels do not support checksum option.".into());
    }
    if kind == Kind::Gre && checksum == TunnelChecksum::Remote {
        return Err("gre tunnels do not support remote checksum option.".into());
    }
    let tunnel_type = match kind {
        Kind::Ipip => TunnelType::Ipip,
        Kind::Gue => TunnelType::Gue(port as u16),
        Kind::Gre => TunnelType::Gre,
    };
    Ok((tunnel_type, checksum))
}
