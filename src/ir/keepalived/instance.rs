//! `vrrp_instance`: one virtual router.

use std::net::IpAddr;

use serde::Serialize;

use crate::wire::vrrp::OWNER;

use super::addresses::{Family, VirtualAddress};
use super::notify::Notify;
use super::routes::Route;
use super::rules::Rule;
use super::tracker::Trackers;

/// `vrrp_instance NAME { … }`, with the global defaults already in it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Instance {
    /// Its name in logs and notifies.
    pub name: String,
    /// The address family of its virtual addresses and packets.
    pub family: Family,
    /// 2 or 3.
    pub version: u8,
    /// 1 to 255.
    pub virtual_router_id: u8,
    /// 1 to 255, before any tracker.
    pub priority: u8,
    /// The state it wishes for at the start; `true` is MASTER.
    pub wants_master: bool,
    /// The interface adverts leave on; `None` for unicast with a source address alone.
    pub interface: Option<String>,
    /// `vrf`
    pub vrf: Option<String>,
    /// From one advert to the next: whole seconds in version 2, hundredths in version 3.
    pub advert_interval_us: u64,
    /// How many missing adverts mean that the master is down.
    pub down_timer_adverts: u32,
    /// Where adverts go.
    pub destination: Destination,
    /// `mcast_src_ip`, `unicast_src_ip`; else the interface's primary address.
    pub source_address: Option<IpAddr>,
    /// The password of version 2.
    pub authentication: Authentication,
    /// `auth_hmac`, new in 2.4.
    pub auth_hmac: Option<AuthHmac>,
    /// The addresses in the adverts.
    pub addresses: Vec<VirtualAddress>,
    /// The addresses that are held but not advertised.
    pub excluded_addresses: Vec<VirtualAddress>,
    /// `virtual_routes`
    pub routes: Vec<Route>,
    /// `virtual_rules`
    pub rules: Vec<Rule>,
    /// `promote_secondaries`
    pub promote_secondaries: bool,
    /// What it watches.
    pub trackers: Trackers,
    /// Interfaces of static addresses, routes and rules that a `track_group` ties to it.
    pub static_interfaces: Vec<String>,
    /// Whether it follows its own interface; off with `dont_track_primary`.
    pub track_primary: bool,
    /// What it tells.
    pub notify: Notify,
    /// Whether a backup with a higher priority takes over.
    pub preempt: bool,
    /// How long it waits before it takes over.
    pub preempt_delay_us: u64,
    /// RFC rules to the letter.
    pub strict: bool,
    /// Packets to the virtual addresses are accepted although the instance is not the address owner.
    pub accept: bool,
    /// The address list of adverts is looked at only when the master changes.
    pub skip_check_adv_addr: bool,
    /// A lower advert is not answered at once.
    pub lower_prio_no_advert: bool,
    /// A backup-to-be sends one more advert when it hears a higher one.
    pub higher_prio_send_advert: bool,
    /// Priority 255 ignores the adverts of others.
    pub owner_ignore_adverts: bool,
    /// The 1.3.6 form of version 3's checksum, without the pseudo header.
    pub v3_checksum_as_v2: bool,
    /// The checksum form of old versions for unicast over IPv4.
    pub old_unicast_checksum: OldUnicastChecksum,
    /// `timer_expired_backup`: a master that was held up gives way if a backup of this priority would have taken over.
    pub timer_expired_backup: Option<u8>,
    /// Announcements after a change.
    pub announce: Announce,
    /// `use_vmac`
    pub vmac: Option<Vmac>,
    /// `use_vmac_addr`: addresses that the interface of `use_vmac` is not for get such interfaces too.
    pub vmac_for_addresses: bool,
    /// The MAC address that `use_vmac` names for all of them, in place of 00:00:5e:00:01:VRID.
    pub vmac_address: Option<[u8; 6]>,
    /// `use_ipvlan`
    pub ipvlan: Option<Ipvlan>,
    /// `kernel_rx_buf_size`; 0 leaves it to the policy.
    pub receive_buffer_size: u32,
    /// `debug`
    pub debug: u32,
}

impl Instance {
    /// Whether an address is one of those that it holds as master.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.addresses.iter().chain(&self.excluded_addresses).any(|own| own.prefix.address == address)
    }

    /// Whether it accepts what is sent to its addresses: an address owner does in any case (RFC 9568 §6.1, Accept_Mode).
    pub fn accepts(&self) -> bool {
        self.accept || self.priority == OWNER
    }

    /// Whether rules of a firewall are wanted for it.
    pub fn needs_firewall(&self) -> bool {
        !self.accept || self.vmac.is_some()
    }
}

/// Where adverts go.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Destination {
    /// To a group: `mcast_dst_ip`, else the global one of the family.
    Multicast {
        /// The group.
        group: IpAddr,
    },
    /// To each peer.
    Unicast {
        /// In the order of the file.
        peers: Vec<UnicastPeer>,
        /// `unicast_ttl`; `None` is 255, for IPv6 the kernel's.
        ttl: Option<u8>,
        /// `check_unicast_src`: adverts of other senders are refused.
        check_source: bool,
        /// `unicast_fault_no_peer`: FAULT while no peer is known.
        fault_without_peer: bool,
    },
}

/// One line of `unicast_peer`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct UnicastPeer {
    /// The peer.
    pub address: IpAddr,
    /// Adverts with a smaller TTL are refused.
    pub min_ttl: u8,
    /// Adverts with a larger TTL are refused.
    pub max_ttl: u8,
}

/// `authentication { … }`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub enum Authentication {
    /// None at all.
    #[default]
    None,
    /// A password in clear, padded with zeros.
    Password([u8; 8]),
    /// An IPsec authentication header, keyed by the padded password.
    Header([u8; 8]),
}

/// `auth_hmac { … }`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuthHmac {
    /// The keys by number.
    pub keys: Vec<HmacKey>,
    /// The number of the key that signs.
    pub active_key: u8,
    /// How far clocks may differ.
    pub time_window_us: u64,
    /// `anti_replay monotonic`: a counter guards against replays, not the clock.
    pub monotonic: bool,
    /// What happens to adverts without a right signature.
    pub mode: HmacMode,
}

/// One `key` of `auth_hmac`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HmacKey {
    /// 1 to 255.
    pub id: u8,
    /// Where its 32 to 64 bytes come from.
    pub source: HmacKeySource,
}

/// Where the bytes of an `auth_hmac` key come from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum HmacKeySource {
    /// Written in the file, as text or as hexadecimal digits.
    Bytes(Vec<u8>),
    /// `file:PATH`, read at the start.
    File(String),
}

/// `mode` of `auth_hmac`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum HmacMode {
    /// Adverts without a right signature are refused.
    Enforce,
    /// They are accepted.
    Permissive,
    /// They are accepted, and own adverts are not signed.
    ReceiveOnly,
}

/// `old_unicast_checksum`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum OldUnicastChecksum {
    /// Taken up when a peer uses it.
    #[default]
    Auto,
    /// From the start.
    Always,
    /// Not at all.
    Never,
}

/// Gratuitous ARP messages and unsolicited neighbour advertisements.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Announce {
    /// From becoming master to the second burst; 0 is no second burst.
    pub master_delay_us: u64,
    /// Messages for each address in a burst.
    pub master_repeat: u32,
    /// From one refresh to the next; 0 is none.
    pub master_refresh_us: u64,
    /// Messages for each address in a refresh.
    pub master_refresh_repeat: u32,
    /// From a lower advert to the second burst.
    pub lower_prio_delay_us: u64,
    /// Messages for each address in the burst after a lower advert; 0 is none.
    pub lower_prio_repeat: u32,
    /// `garp_extra_if`: announcements on the VMAC's base interface; 0 is none.
    pub extra_interface_us: u64,
    /// `garp_extra_if all`
    pub extra_interface_all: bool,
}

/// `use_vmac`: the adverts and addresses get an interface with the virtual MAC address.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Vmac {
    /// Its name; without one, `vrrp.VRID`.
    pub interface: Option<String>,
    /// `vmac_xmit_base`: adverts leave on the base interface.
    pub transmit_base: bool,
    /// `netlink_notify_msg`
    pub netlink_notify: bool,
    /// `group`
    pub group: Option<u32>,
}

/// `use_ipvlan`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Ipvlan {
    /// Its name; without one, `vrrp.VRID`.
    pub interface: Option<String>,
    /// The address it gets.
    pub address: Option<super::addresses::Prefix>,
    /// How its packets travel.
    pub mode: IpvlanMode,
    /// `group`
    pub group: Option<u32>,
}

/// The mode of `use_ipvlan`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum IpvlanMode {
    /// `bridge`
    #[default]
    Bridge,
    /// `private`
    Private,
    /// `vepa`
    Vepa,
}
