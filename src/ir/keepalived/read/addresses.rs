//! Lines of `virtual_ipaddress`, `virtual_ipaddress_excluded` and `static_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::{Prefix, StaticAddress, VirtualAddress};
use crate::ir::keepalived::system::RouteNames;

use super::Reading;
use super::value::{Trailing, address, unsigned};

/// `ADDRESS[/LENGTH]`
pub(super) fn prefix(parser: &mut Parser<'_, '_>, word: &str, allow_length: bool) -> Option<Prefix> {
    let most = if word.contains(':') { 128 } else { 32 };
    let (text, length) = match word.split_once('/').filter(|_| allow_length) {
        None => (word, None),
        Some((text, length)) => {
            let value = unsigned(parser, length, 0, most, Trailing::Warned);
            if value.is_none() {
                let text = format!("Invalid address prefix len {length} for address {word} - using {most}");
                parser.report(Fault::General, text);
            }
            (text, value)
        }
    };
    let family_text = if most == 128 { text.parse().ok().map(IpAddr::V6) } else { address(text) };
    let Some(address) = family_text else {
        parser.report(Fault::General, format!("VRRP parsed invalid IP {word}. skipping IP..."));
        return None;
    };
    Some(Prefix { address, length: length.unwrap_or(most) as u8 })
}

/// How `brd` was given.
enum Broadcast {
    None,
    Address(Ipv4Addr),
    /// All host bits set, or none.
    Derived {
        ones: bool,
    },
}

/// An address that is being put together from its line.
struct Draft<'l> {
    line: &'l Line,
    address: VirtualAddress,
    broadcast: Broadcast,
    preferred_set: bool,
    no_dad_cleared: bool,
    track_group: Option<String>,
}

/// Reads the words of one line; `None` if the address is dropped.
pub(super) fn read(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    is_static: bool,
) -> Result<Option<StaticAddress>, Stop> {
    let Some(prefix) = prefix(parser, &line.words[0], true) else { return Ok(None) };
    let address = VirtualAddress {
        prefix,
        interface: None,
        scope: 0,
        broadcast: None,
        label: None,
        peer: None,
        home: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
        no_dad: prefix.address.is_ipv6(),
        preferred_lifetime_s: None,
        tracked: true,
        use_vmac: false,
    };
    let mut draft = Draft {
        line,
        address,
        broadcast: Broadcast::None,
        preferred_set: false,
        no_dad_cleared: false,
        track_group: None,
    };
    let mut index = 1;
    while let Some(option) = line.words.get(index) {
        let value = line.words.get(index + 1);
        let taken = match option.as_str() {
            "dev" | "scope" | "broadcast" | "brd" | "label" | "peer" | "preferred_lft" => true,
            "track_group" => is_static,
            _ => false,
        };
        if taken {
            let Some(value) = value else {
                let text = format!("No {option} parameter specified for {}", line.words[0]);
                parser.report(Fault::General, text);
                return Ok(None);
            };
            match draft.option(reading, parser, option, value) {
                Flow::Drop => return Ok(None),
                Flow::End => break,
                Flow::Next => index += 2,
                Flow::Again => index += 1,
            }
            continue;
        }
        match option.as_str() {
            "home" => draft.address.home = true,
            "-nodad" => draft.no_dad_cleared = true,
            "mngtmpaddr" => draft.address.manage_temporary = true,
            "noprefixroute" => draft.address.no_prefix_route = true,
            "autojoin" => draft.address.autojoin = true,
            "no_track" => draft.address.tracked = false,
            "use_vmac" if !is_static => draft.address.use_vmac = true,
            _ => {
                let text = format!("Unknown configuration entry '{option}' for ip address - ignoring");
                parser.report(Fault::General, text);
            }
        }
        index += 1;
    }
    Ok(draft.finish(reading, parser, is_static))
}

/// What happens after an option with a value.
enum Flow {
    Next,
    /// The value is looked at as an option too.
    Again,
    End,
    Drop,
}

impl Draft<'_> {
    fn option(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, option: &str, value: &str) -> Flow {
        let first = &self.line.words[0];
        match option {
            "dev" if self.address.interface.is_some() => {
                parser.report(Fault::General, format!("Cannot specify ipaddress device more than once for {first}"));
                return Flow::Drop;
            }
            "dev" if !reading.may_use_interface(parser, value) => {
                let text = format!("WARNING - interface {value} for ip address {first} doesn't exist");
                parser.report(Fault::General, text);
                return Flow::Drop;
            }
            "dev" => self.address.interface = Some(value.to_owned()),
            "scope" => match reading.route_number(RouteNames::Scope, value, 255) {
                Some(scope) => self.address.scope = scope as u8,
                None => {
                    let text = format!("Invalid scope '{value}' specified for {first} - ignoring");
                    parser.report(Fault::General, text);
                }
            },
            "broadcast" | "brd" => return self.broadcast(parser, option, value),
            "label" if value.len() >= 16 => {
                let text = format!("Address label {value} is longer than maximum length 15 - removing address");
                parser.report(Fault::General, text);
                return Flow::Drop;
            }
            "label" => self.address.label = Some(value.to_owned()),
            "peer" => return self.peer(parser, value),
            "preferred_lft" if value == "forever" => {
                self.preferred_set = true;
                self.address.preferred_lifetime_s = None;
            }
            "preferred_lft" => match unsigned(parser, value, 0, u64::from(u32::MAX), Trailing::Warned) {
                Some(seconds) => {
                    self.preferred_set = true;
                    self.address.preferred_lifetime_s = Some(seconds as u32);
                }
                None => parser.report(Fault::General, format!("preferred_lft {value} is invalid")),
            },
            _ if self.track_group.is_some() => {
                parser.report(Fault::General, format!("track_group {value} is a duplicate"));
                return Flow::End;
            }
            _ if !reading.has_track_group(value) => {
                parser.report(Fault::General, format!("track_group {value} not found"));
            }
            _ => self.track_group = Some(value.to_owned()),
        }
        Flow::Next
    }

    fn broadcast(&mut self, parser: &mut Parser<'_, '_>, option: &str, value: &str) -> Flow {
        let first = &self.line.words[0];
        if self.address.prefix.address.is_ipv6() {
            let text = format!(
                "VRRP is trying to assign a broadcast {option} to the IPv6 address {first} !!?? WTF... skipping VIP..."
            );
            parser.report(Fault::General, text);
            return Flow::Drop;
        }
        self.broadcast = match (value, value.parse()) {
            ("-", _) => Broadcast::Derived { ones: false },
            ("+", _) => Broadcast::Derived { ones: true },
            (_, Ok(address)) => Broadcast::Address(address),
            _ => {
                let text = format!("VRRP is trying to assign invalid broadcast {value}. skipping VIP...");
                parser.report(Fault::General, text);
                return Flow::Drop;
            }
        };
        Flow::Next
    }

    fn peer(&mut self, parser: &mut Parser<'_, '_>, value: &str) -> Flow {
        if self.address.peer.is_some() {
            let text = format!("Peer {value} - another peer has already been specified");
            parser.report(Fault::General, text);
            return Flow::Again;
        }
        let own = &mut self.address.prefix;
        match prefix(parser, value, false) {
            None => parser.report(Fault::General, format!("Invalid peer address {value}")),
            Some(peer) if peer.address.is_ipv4() != own.address.is_ipv4() => {
                let text = format!("Peer address {value} does not match address family");
                parser.report(Fault::General, text);
            }
            Some(peer) => {
                if own.length != peer.length {
                    let text = "Cannot specify address prefix when specifying peer address - ignoring";
                    parser.report(Fault::General, text);
                }
                own.length = peer.length;
                self.address.peer = Some(peer);
            }
        }
        Flow::Next
    }

    fn finish(
        mut self,
        reading: &mut Reading<'_>,
        parser: &mut Parser<'_, '_>,
        is_static: bool,
    ) -> Option<StaticAddress> {
        let first = &self.line.words[0];
        self.set_broadcast(parser);
        if is_static && self.address.interface.is_none() {
            let default = reading.global.ir.default_interface.clone();
            if !reading.may_use_interface(parser, &default) {
                let text =
                    format!("Static address {first} requires either an interface or default interface must exist");
                parser.report(Fault::Fatal, text);
                return None;
            }
            self.address.interface = Some(default);
        }
        if self.address.prefix.address.is_ipv6() {
            if self.address.scope != 0 {
                let text = format!("Cannot specify scope for IPv6 addresses ({first}) - ignoring scope");
                parser.report(Fault::General, text);
                self.address.scope = 0;
            }
            if self.address.label.take().is_some() {
                let text = format!("Cannot specify label for IPv6 addresses ({first}) - ignoring label");
                parser.report(Fault::General, text);
            }
            if !self.preferred_set && self.address.prefix.length == 128 {
                self.address.preferred_lifetime_s = Some(0);
            }
            self.address.no_dad = !self.no_dad_cleared;
        }
        Some(StaticAddress { address: self.address, track_group: self.track_group })
    }

    fn set_broadcast(&mut self, parser: &mut Parser<'_, '_>) {
        let Prefix { address: IpAddr::V4(own), length } = self.address.prefix else { return };
        self.address.broadcast = match self.broadcast {
            Broadcast::None => None,
            _ if self.address.peer.is_some() => {
                let text = "Cannot specify broadcast and peer addresses - ignoring broadcast address";
                parser.report(Fault::General, text);
                None
            }
            Broadcast::Address(address) => Some(address),
            Broadcast::Derived { .. } if length > 30 => {
                let text = format!("Address prefix length {length} too long for broadcast");
                parser.report(Fault::General, text);
                None
            }
            Broadcast::Derived { ones } => {
                let host = u32::MAX >> length;
                Some(Ipv4Addr::from_bits(if ones { own.to_bits() | host } else { own.to_bits() & !host }))
            }
        };
    }
}
