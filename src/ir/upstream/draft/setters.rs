//! Reading `upstream { }` and what stands in it.

use grammar::Context;

use super::{INHERITED_MS, UpstreamDraft};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::tree::{Directive, Word};
use crate::ir::http::core::Core;
use crate::ir::http::core::resolver::resolver;
use crate::ir::lookup::AskedBy;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table, duplicate, once};
use crate::ir::upstream::{Balancer, Fair, PeerAddress, Queue, Server, Upstream, WeightMode, Zone};
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::{PAGE_SIZE, Text};
use crate::primitives::{duration, size};

/// The setters of `upstream` and of what stands in it.
pub const SETTERS: Table = &[
    ("resolver", |reader, directive| {
        if draft(reader).resolver.is_some() {
            return Err(duplicate(directive));
        }
        draft(reader).resolver = resolver(reader, directive)?;
        Ok(())
    }),
    ("resolver_timeout", |reader, directive| {
        once(&mut draft(reader).resolver_timeout_ms, directive, setter::milliseconds)
    }),
    ("server", server),
    ("upstream", upstream),
];

/// The setters of `http_upstream_hash`.
pub const HASH_SETTERS: Table = &[("hash", hash)];

/// The setters of `http_upstream_ip_hash`.
pub const IP_HASH_SETTERS: Table = &[("ip_hash", |reader, directive| {
    balance(reader, directive, Balancer::IpHash, false);
    Ok(())
})];

/// The setters of `http_upstream_least_conn`.
pub const LEAST_CONN_SETTERS: Table = &[("least_conn", |reader, directive| {
    balance(reader, directive, Balancer::LeastConn, true);
    Ok(())
})];

/// The setters of `http_upstream_least_time`.
pub const LEAST_TIME_SETTERS: Table = &[("least_time", least_time)];

/// The setters of `http_upstream_random`.
pub const RANDOM_SETTERS: Table = &[("random", random)];

/// The setters of what NGINX Plus alone has in an upstream.
pub const PLUS_SETTERS: Table = &[
    ("queue", |reader, directive| once(&mut draft(reader).queue, directive, queue)),
    ("state", |reader, directive| {
        if !draft(reader).servers.is_empty() {
            return Err(directive.fails("cannot be used along with \"server\""));
        }
        once(&mut draft(reader).state_in, directive, |directive| Ok(directive.source.id))
    }),
];

/// The setters of `http_upstream_zone`.
pub const ZONE_SETTERS: Table = &[("zone", zone)];

/// The setters of the third-party upstream_fair.
pub const FAIR_SETTERS: Table = &[("fair", fair)];

/// The setters of the third-party upstream_hash that go beyond nginx's own `hash`.
pub const URL_HASH_SETTERS: Table = &[("hash_again", hash_again)];

/// The setters of `http_upstream_keepalive`.
pub const KEEPALIVE_SETTERS: Table = &[
    ("keepalive", keepalive),
    ("keepalive_requests", |reader, directive| once(&mut draft(reader).keepalive_requests, directive, setter::number)),
    ("keepalive_time", |reader, directive| once(&mut draft(reader).keepalive_time_ms, directive, setter::milliseconds)),
    ("keepalive_timeout", |reader, directive| {
        once(&mut draft(reader).keepalive_timeout_ms, directive, setter::milliseconds)
    }),
];

/// What nginx does with the groups when `http` ends: names that nobody declared are resolved, empty ones refused.
pub fn complete(reader: &mut Reader<'_>, http: &Core) -> Set {
    let mut upstreams = std::mem::take(&mut reader.http.upstreams);
    for upstream in upstreams.groups_mut() {
        if upstream.explicit {
            complete_resolving(upstream, http)?;
        }
        let in_upstream = |text: String| Err(Diagnostic { level: Level::Emerg, text, place: upstream.place.clone() });
        if upstream.explicit {
            // None at all are there while the file of `state` has none.
            if !upstream.servers.is_empty() && upstream.servers.iter().all(|server| server.backup) {
                return in_upstream(format!("no servers in upstream \"{}\"", upstream.name));
            }
        } else if upstream.servers.is_empty() {
            let Some(port) = upstream.port else {
                return in_upstream(format!("no port in upstream \"{}\"", upstream.name));
            };
            let asked_by = AskedBy::Upstream { written: upstream.name.clone() };
            let host = reader.resolve(&upstream.name, port, asked_by, upstream.place.clone());
            upstream.servers.push(Server::plain(upstream.name.clone(), PeerAddress::Host(host)));
        }
    }
    reader.http.upstreams = upstreams;
    Ok(())
}

/// Who is asked for names while running. nginx looks at that before it counts the servers.
fn complete_resolving(upstream: &mut Upstream, http: &Core) -> Set {
    let is_resolved = upstream.resolved_servers().next().is_some();
    let fault = |text: String| Diagnostic { level: Level::Emerg, text, place: upstream.place.clone() };
    let name = &upstream.name;
    if upstream.zone.is_none() && is_resolved {
        let start = fault(format!("resolving names at run time requires upstream \"{name}\"")).to_string();
        let text = format!("{start} to be in shared memory");
        return Err(Diagnostic { level: Level::Emerg, text, place: Place::Nowhere });
    }
    if is_resolved && matches!(upstream.balancer, Balancer::Fair(_)) {
        let start = "load balancing method does not support resolving names at run time";
        return Err(fault(format!("{start} in upstream \"{name}\"")));
    }
    if is_resolved && upstream.resolver.is_none() && http.resolver.is_none() {
        return Err(fault(format!("no resolver defined to resolve names at run time in upstream \"{name}\"")));
    }
    upstream.resolver = upstream.resolver.take().or_else(|| http.resolver.clone());
    if upstream.resolver_timeout_ms == INHERITED_MS {
        upstream.resolver_timeout_ms = http.resolver_timeout_ms;
    }
    Ok(())
}

fn draft<'r>(reader: &'r mut Reader<'_>) -> &'r mut UpstreamDraft {
    reader.upstream.get_or_insert_default()
}

fn upstream(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let id = reader.http.upstreams.declare(directive, directive.args()[0].value)?;
    reader.upstream = Some(UpstreamDraft::default());
    reader.walk(Context::UPSTREAM, directive.children())?;
    let draft = reader.upstream.take().unwrap_or_default();
    if draft.servers.is_empty() && draft.state_in.is_none() {
        let text = "no servers are inside upstream".to_owned();
        return Err(Diagnostic { level: Level::Emerg, text, place: directive.close_place() });
    }
    draft.finish_into(reader.http.upstreams.group(id));
    Ok(())
}

fn server(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if draft(reader).state_in == Some(directive.source.id) {
        return Err(directive.fails("cannot be used along with \"state\""));
    }
    let takes_backup = draft(reader).takes_backup;
    let written = directive.args()[0];
    let mut server = Server::plain(Text::from(written.value), PeerAddress::Unix(Text::default()));
    for word in &directive.args()[1..] {
        parameter(&mut server, directive, word, takes_backup)?;
    }
    let shown = written.text();
    if server.service.is_some() && !server.resolve {
        return Err(directive.emerg(format!("service upstream \"{shown}\" requires \"resolve\" parameter")));
    }
    let url = Url::parse(written.value, 80, Form::Peer)
        .map_err(|fault| directive.emerg(format!("{fault} in upstream \"{shown}\"")))?;
    if server.service.is_some() && url.port_text.is_some() {
        return Err(directive.emerg(format!("service upstream \"{shown}\" may not have port")));
    }
    server.address = match url.host {
        Host::Address(ip) => PeerAddress::Inet((ip, url.port).into()),
        Host::Unix(path) => PeerAddress::Unix(Text::from(path)),
        Host::Name(name) if server.resolve => PeerAddress::Resolve { host: Text::from(name), port: url.port },
        Host::Name(name) => {
            let asked_by = AskedBy::Upstream { written: Text::from(written.value) };
            PeerAddress::Host(reader.resolve(name, url.port, asked_by, directive.place()))
        }
    };
    if server.service.is_some() && !matches!(server.address, PeerAddress::Resolve { .. }) {
        return Err(directive.emerg(format!("service upstream \"{shown}\" requires domain name")));
    }
    draft(reader).servers.push(server);
    Ok(())
}

fn parameter(server: &mut Server, directive: &Directive<'_>, word: &Word<'_>, takes_backup: bool) -> Set {
    let invalid = || directive.emerg(format!("invalid parameter \"{}\"", word.text()));
    let number = |text: &[u8]| size::parse_number(text).map(|value| u32::try_from(value).unwrap_or(u32::MAX));
    let (key, value) = match word.value.iter().position(|byte| *byte == b'=') {
        Some(equals) => (&word.value[..equals], Some(&word.value[equals + 1..])),
        None => (word.value, None),
    };
    match (key, value) {
        (b"weight", Some(text)) => {
            server.weight = number(text).filter(|weight| *weight > 0).ok_or_else(invalid)?;
        }
        (b"max_conns", Some(text)) => server.max_conns = number(text).ok_or_else(invalid)?,
        (b"max_fails", Some(text)) => server.max_fails = number(text).ok_or_else(invalid)?,
        (b"fail_timeout", Some(text)) => {
            server.fail_timeout_seconds = duration::parse_seconds(text).ok_or_else(invalid)?;
        }
        (b"slow_start", Some(_)) if !takes_backup => {
            return Err(directive.emerg("balancing method does not support parameter \"slow_start\""));
        }
        (b"slow_start", Some(text)) => {
            server.slow_start_ms = duration::parse_milliseconds(text).ok_or_else(invalid)?;
        }
        (b"backup", None) if !takes_backup => {
            return Err(directive.emerg("balancing method does not support parameter \"backup\""));
        }
        (b"backup", None) => server.backup = true,
        (b"down", None) => server.down = true,
        (b"drain", None) => server.drain = true,
        (b"route", Some(b"")) => return Err(directive.emerg("route is empty")),
        (b"route", Some(text)) if text.len() > 32 => return Err(directive.emerg("route is longer than 32")),
        (b"route", Some(text)) => server.route = Some(Text::from(text)),
        (b"resolve", None) => server.resolve = true,
        (b"service", Some(b"")) => return Err(directive.emerg("service is empty")),
        (b"service", Some(text)) => server.service = Some(Text::from(text)),
        _ => return Err(invalid()),
    }
    Ok(())
}

/// A method that does not know `backup` refuses it only on servers that come after it, as in nginx.
fn balance(reader: &mut Reader<'_>, directive: &Directive<'_>, balancer: Balancer, takes_backup: bool) {
    if draft(reader).balancer.is_some() {
        reader.warn(directive.warn("load balancing method redefined"));
    }
    let draft = draft(reader);
    draft.balancer = Some(balancer);
    draft.takes_backup = takes_backup;
}

fn hash(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let key = setter::template(reader, directive)?;
    let consistent = match directive.args().get(1) {
        None => false,
        Some(word) if word.value == b"consistent" => true,
        Some(word) => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
    };
    balance(reader, directive, Balancer::Hash { key, consistent }, false);
    Ok(())
}

fn fair(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let (mut no_rr, mut weight_mode) = (false, None);
    for word in directive.args() {
        let named = match word.value {
            b"no_rr" => {
                no_rr = true;
                continue;
            }
            b"weight_mode=idle" => WeightMode::Idle,
            b"weight_mode=peak" => WeightMode::Peak,
            _ => return Err(directive.emerg(format!("Invalid `fair' parameter `{}'", word.text()))),
        };
        if weight_mode.replace(named).is_some() {
            return Err(directive.emerg("weight_mode= options are mutually exclusive"));
        }
    }
    let fair = Fair { no_rr, weight_mode: weight_mode.unwrap_or_default() };
    balance(reader, directive, Balancer::Fair(fair), false);
    Ok(())
}

fn hash_again(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    once(&mut draft(reader).hash_again, directive, setter::number)
}

fn queue(directive: &Directive<'_>) -> Result<Queue, Diagnostic> {
    let invalid = |word: &Word<'_>| directive.emerg(format!("invalid parameter \"{}\"", word.text()));
    let [requests, timeout @ ..] = directive.args() else { return Err(directive.fails("invalid value")) };
    let number = size::parse_number(requests.value).filter(|&number| number > 0);
    let number = number
        .ok_or_else(|| directive.emerg(format!("invalid value \"{}\" in \"queue\" directive", requests.text())))?;
    let timeout_ms = match timeout.first() {
        None => 60_000,
        Some(word) => {
            let text = word.value.strip_prefix(b"timeout=").ok_or_else(|| invalid(word))?;
            duration::parse_milliseconds(text).ok_or_else(|| invalid(word))?
        }
    };
    Ok(Queue { requests: number as usize, timeout_ms })
}

fn least_time(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let earlier = draft(reader).balancer.clone();
    let [mode, inflight @ ..] = directive.args() else { return Ok(()) };
    let last_byte = mode.value == b"last_byte";
    let method = Balancer::LeastTime { last_byte, inflight: !inflight.is_empty() };
    balance(reader, directive, method, true);
    if let Some(word) = inflight.iter().find(|word| word.value != b"inflight") {
        return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text())));
    }
    if matches!(earlier, Some(Balancer::LeastTime { .. })) {
        return Err(duplicate(directive));
    }
    if !last_byte && mode.value != b"header" {
        return Err(directive.emerg(format!("invalid value \"{}\"", mode.text())));
    }
    Ok(())
}

fn random(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let wrong = |word: &Word<'_>| Err(directive.emerg(format!("invalid parameter \"{}\"", word.text())));
    let two = match directive.args() {
        [] => false,
        [two, ..] if two.value != b"two" => return wrong(two),
        [_, method, ..] if method.value != b"least_conn" => return wrong(method),
        _ => true,
    };
    balance(reader, directive, Balancer::Random { two }, false);
    Ok(())
}

fn keepalive(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if draft(reader).keepalive.is_some() {
        return Err(duplicate(directive));
    }
    let word = directive.args()[0];
    let connections = size::parse_number(word.value)
        .ok_or_else(|| directive.emerg(format!("invalid value \"{}\" in \"keepalive\" directive", word.text())))?;
    let local = match directive.args().get(1) {
        None => false,
        Some(word) if word.value == b"local" => true,
        Some(word) => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
    };
    draft(reader).keepalive = Some((connections as usize, local));
    Ok(())
}

fn zone(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let name = directive.args()[0];
    if name.value.is_empty() {
        return Err(directive.emerg("invalid zone name \"\""));
    }
    let size = match directive.args().get(1) {
        None => 0,
        Some(word) => {
            let invalid = || directive.emerg(format!("invalid zone size \"{}\"", word.text()));
            let size = size::parse_size(word.value).ok_or_else(invalid)? as usize;
            if size < 8 * PAGE_SIZE {
                return Err(directive.emerg(format!("zone \"{}\" is too small", name.text())));
            }
            size
        }
    };
    let zone = Zone { name: Text::from(name.value), size };
    reader.http.add_zone(directive, &zone, "http_upstream")?;
    draft(reader).zone = Some(zone);
    Ok(())
}
