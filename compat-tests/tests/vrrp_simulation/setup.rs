//! The configuration that a plan gives each router.

use std::net::IpAddr;

use evenkeel::ir::keepalived::addresses::{Prefix, VirtualAddress};
use evenkeel::ir::keepalived::instance::{Announce, Authentication, Destination, OldUnicastChecksum, UnicastPeer};
use evenkeel::ir::keepalived::tracker::{Tracked, Trackers};
use evenkeel::ir::keepalived::{Command, Instance, Keepalived, Notify, Script};

use crate::plan::Plan;

/// The interface of every router.
pub const INTERFACE: &str = "eth0";
/// The script that every router tracks.
pub const SCRIPT: &str = "chk";
/// What the failing script adds.
pub const WEIGHT: i32 = -60;

/// The configuration of the router at a place.
pub fn configuration(plan: &Plan, place: usize) -> Keepalived {
    let command = Command { words: vec!["/bin/true".into()], user: None };
    let script = Script {
        name: SCRIPT.into(),
        command,
        interval_us: 1_000_000,
        timeout_us: 1_000_000,
        weight: WEIGHT,
        reverse: false,
        rise: 1,
        fall: 1,
        init_fail: false,
    };
    let instance = instance(plan, place);
    Keepalived { scripts: vec![script], instances: vec![instance], ..Keepalived::default() }
}

fn destination(plan: &Plan, place: usize) -> Destination {
    if !plan.unicast {
        return Destination::Multicast { group: plan.group() };
    }
    let others = (0..plan.priorities.len()).filter(|other| *other != place);
    let peers = others.map(|other| UnicastPeer { address: plan.address(other), min_ttl: 0, max_ttl: 255 }).collect();
    Destination::Unicast { peers, ttl: None, check_source: false, fault_without_peer: false }
}

fn instance(plan: &Plan, place: usize) -> Instance {
    let address = plan.address(99);
    let tracked = Tracked { name: SCRIPT.into(), weight: WEIGHT, reverse: false };
    Instance {
        name: "LAB".into(),
        family: plan.family,
        version: plan.version,
        virtual_router_id: 51,
        priority: plan.priorities[place],
        wants_master: false,
        interface: Some(INTERFACE.into()),
        vrf: None,
        advert_interval_us: plan.interval.as_micros() as u64,
        down_timer_adverts: 3,
        destination: destination(plan, place),
        source_address: None,
        authentication: Authentication::None,
        auth_hmac: None,
        addresses: vec![virtual_address(address)],
        excluded_addresses: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        promote_secondaries: false,
        trackers: Trackers { scripts: vec![tracked], ..Trackers::default() },
        static_interfaces: Vec::new(),
        track_primary: true,
        notify: Notify::default(),
        preempt: plan.preempt,
        preempt_delay_us: plan.preempt_delay.as_micros() as u64,
        strict: false,
        accept: true,
        skip_check_adv_addr: false,
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        owner_ignore_adverts: false,
        v3_checksum_as_v2: false,
        old_unicast_checksum: OldUnicastChecksum::Auto,
        timer_expired_backup: None,
        announce: Announce {
            master_delay_us: 5_000_000,
            master_repeat: 5,
            master_refresh_us: 0,
            master_refresh_repeat: 1,
            lower_prio_delay_us: 5_000_000,
            lower_prio_repeat: 5,
            extra_interface_us: 0,
            extra_interface_all: false,
        },
        vmac: None,
        vmac_for_addresses: false,
        vmac_address: None,
        ipvlan: None,
        receive_buffer_size: 0,
        debug: 0,
    }
}

fn virtual_address(address: IpAddr) -> VirtualAddress {
    VirtualAddress {
        prefix: Prefix { address, length: if address.is_ipv4() { 32 } else { 128 } },
        interface: Some(INTERFACE.into()),
        scope: 0,
        broadcast: None,
        label: None,
        peer: None,
        home: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
        no_dad: true,
        preferred_lifetime_s: None,
        tracked: true,
        use_vmac: false,
    }
}
