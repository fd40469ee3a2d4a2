//! A `vrrp_instance` as written, before defaults and checks.

use std::net::IpAddr;

use crate::ir::keepalived::addresses::{Family, VirtualAddress};
use crate::ir::keepalived::instance::{Ipvlan, OldUnicastChecksum, UnicastPeer};
use crate::ir::keepalived::notify::Notify;
use crate::ir::keepalived::routes::Route;
use crate::ir::keepalived::rules::Rule;
use crate::ir::keepalived::tracker::Trackers;

use super::authentication::{self, HmacDraft};

/// A `vrrp_instance` as written: what nobody set is `None`.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) family: Option<Family>,
    pub(super) version: Option<u8>,
    pub(super) virtual_router_id: Option<u8>,
    pub(super) priority: Option<u8>,
    pub(super) wants_master: Option<bool>,
    pub(super) interface: Option<String>,
    pub(super) vrf: Option<String>,
    pub(super) advert_interval_us: Option<u64>,
    pub(super) down_timer_adverts: u32,
    pub(super) unicast_configured: bool,
    pub(super) unicast_peers: Vec<UnicastPeer>,
    pub(super) unicast_fault_no_peer: bool,
    pub(super) check_unicast_src: bool,
    pub(super) unicast_ttl: Option<u8>,
    pub(super) multicast_destination: Option<IpAddr>,
    pub(super) source_address: Option<IpAddr>,
    pub(super) authentication: authentication::Draft,
    pub(super) auth_hmac: Option<HmacDraft>,
    pub(super) addresses: Vec<VirtualAddress>,
    pub(super) excluded_addresses: Vec<VirtualAddress>,
    pub(super) no_virtual_address: bool,
    pub(super) routes: Vec<Route>,
    pub(super) rules: Vec<Rule>,
    pub(super) promote_secondaries: bool,
    pub(super) polls_link: bool,
    pub(super) trackers: Trackers,
    pub(super) dont_track_primary: bool,
    pub(super) notify: Notify,
    pub(super) smtp_alert: Option<bool>,
    pub(super) notify_priority_changes: Option<bool>,
    pub(super) no_preempt: bool,
    pub(super) preempt_delay_us: u64,
    pub(super) strict: Option<bool>,
    pub(super) accept: Option<bool>,
    pub(super) skip_check_adv_addr: bool,
    pub(super) lower_prio_no_advert: Option<bool>,
    pub(super) higher_prio_send_advert: Option<bool>,
    pub(super) owner_ignore_adverts: Option<bool>,
    pub(super) v3_checksum_as_v2: bool,
    pub(super) old_unicast_checksum: OldUnicastChecksum,
    pub(super) timer_expired_backup: Option<u8>,
    pub(super) garp_delay_us: u64,
    pub(super) garp_repeat: u32,
    pub(super) garp_refresh_us: u64,
    pub(super) garp_refresh_repeat: u32,
    pub(super) garp_lower_prio_delay_us: Option<u64>,
    pub(super) garp_lower_prio_repeat: Option<u32>,
    pub(super) garp_extra_us: Option<u64>,
    pub(super) garp_extra_all: bool,
    pub(super) vmac: VmacDraft,
    pub(super) receive_buffer_size: u32,
    pub(super) debug: u32,
}

/// `use_vmac` and its kin as written.
#[derive(Debug, Default)]
pub(super) struct VmacDraft {
    pub(super) enabled: bool,
    pub(super) interface: Option<String>,
    pub(super) mac: Option<[u8; 6]>,
    /// The last byte of the MAC address is the virtual router's number.
    pub(super) mac_ends_with_id: bool,
    pub(super) transmit_base: bool,
    pub(super) for_addresses: bool,
    pub(super) netlink_notify: bool,
    pub(super) group: Option<u32>,
    pub(super) ipvlan: Option<Ipvlan>,
}
