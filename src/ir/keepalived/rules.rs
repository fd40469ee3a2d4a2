//! `virtual_rules` and `static_rules`: the words of ip-rule(8), checked.

use serde::Serialize;

use super::addresses::Family;
use super::addresses::Prefix;

/// One policy routing rule.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Rule {
    /// `inet`, `inet6`, else the family of its addresses.
    pub family: Family,
    /// `not`
    pub invert: bool,
    /// `from`
    pub from: Option<Prefix>,
    /// `to`
    pub to: Option<Prefix>,
    /// `preference`, else counted down from 16384.
    pub priority: u32,
    /// `iif`, `dev`
    pub input_interface: Option<String>,
    /// `oif`
    pub output_interface: Option<String>,
    /// `tos`, `dsfield`
    pub tos: u8,
    /// `fwmark`
    pub mark: Option<u32>,
    /// The mask of `fwmark`.
    pub mark_mask: Option<u32>,
    /// `realms`
    pub realms: Option<u32>,
    /// `suppress_prefixlength`
    pub suppress_prefix_length: Option<u32>,
    /// `suppress_ifgroup`
    pub suppress_interface_group: Option<u32>,
    /// `tunnel-id`
    pub tunnel_id: Option<u64>,
    /// `uidrange`, both ends included.
    pub uid_range: Option<(u32, u32)>,
    /// `l3mdev`
    pub l3mdev: bool,
    /// `protocol`
    pub protocol: Option<u8>,
    /// `ipproto`
    pub ip_protocol: Option<u8>,
    /// `sport`, both ends included.
    pub source_ports: Option<(u16, u16)>,
    /// `dport`, both ends included.
    pub destination_ports: Option<(u16, u16)>,
    /// What happens to a packet that fits.
    pub action: RuleAction,
    /// Whether its loss matters; off with `no_track`.
    pub tracked: bool,
    /// `track_group`; static rules only.
    pub track_group: Option<String>,
}

/// What a rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum RuleAction {
    /// `table`, `lookup`; 254 is main.
    Table(u32),
    /// `goto`
    Goto(u32),
    /// `nop`
    Nop,
    /// `blackhole`
    Blackhole,
    /// `unreachable`
    Unreachable,
    /// `prohibit`
    Prohibit,
}

impl Default for RuleAction {
    fn default() -> Self {
        Self::Table(254)
    }
}
