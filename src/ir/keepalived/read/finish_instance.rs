//! The last step of an instance: the draft's values, all decided, become the IR's.

use std::net::IpAddr;

use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::{Announce, AuthHmac, Authentication, Destination, Instance, Vmac};
use crate::ir::keepalived::notify::Notify;

use super::Reading;
use super::authentication::{HmacDraft, Kind};
use super::completion::Completion;
use super::global::GlobalDraft;
use super::instance_draft::Draft;

const SECOND_US: u64 = 1_000_000;

/// Makes the instance.
pub(super) fn finish(completion: Completion<'_, '_>) -> Instance {
    let Completion { reading, mut draft, strict, version, family, priority, wants_master, unicast, .. } = completion;
    let global = &reading.global;
    let id = draft.virtual_router_id.unwrap_or_default();
    for address in draft.addresses.iter_mut().chain(&mut draft.excluded_addresses) {
        if address.interface.is_none() {
            address.interface.clone_from(&draft.interface);
        }
    }
    let advert_interval_us = draft.advert_interval_us.unwrap_or(SECOND_US);
    let mut instance = Instance {
        destination: destination(&mut draft, global, family, unicast),
        notify: notify(&mut draft, reading),
        vmac: vmac(&draft),
        vmac_for_addresses: draft.vmac.for_addresses,
        vmac_address: draft
            .vmac
            .mac
            .map(|[a, b, c, d, e, f]| [a, b, c, d, e, if draft.vmac.mac_ends_with_id { id } else { f }]),
        announce: announce(&draft, global),
        authentication: match completion.authentication {
            None => Authentication::None,
            Some(Kind::Password) => Authentication::Password(draft.authentication.password),
            Some(Kind::Header) => Authentication::Header(draft.authentication.password),
        },
        auth_hmac: draft.auth_hmac.map(|hmac| auth_hmac(hmac, advert_interval_us)),
        name: draft.name,
        family,
        version,
        virtual_router_id: id,
        priority,
        wants_master,
        interface: draft.interface,
        vrf: draft.vrf,
        advert_interval_us,
        down_timer_adverts: draft.down_timer_adverts,
        source_address: draft.source_address,
        addresses: draft.addresses,
        excluded_addresses: draft.excluded_addresses,
        routes: draft.routes,
        rules: draft.rules,
        promote_secondaries: draft.promote_secondaries,
        trackers: draft.trackers,
        static_interfaces: Vec::new(),
        track_primary: !draft.dont_track_primary,
        preempt: !draft.no_preempt,
        preempt_delay_us: draft.preempt_delay_us,
        strict,
        accept: draft.accept.unwrap_or(true),
        skip_check_adv_addr: draft.skip_check_adv_addr,
        lower_prio_no_advert: draft.lower_prio_no_advert.unwrap_or(false),
        higher_prio_send_advert: draft.higher_prio_send_advert.unwrap_or(false),
        owner_ignore_adverts: draft.owner_ignore_adverts.unwrap_or(false),
        v3_checksum_as_v2: draft.v3_checksum_as_v2,
        old_unicast_checksum: draft.old_unicast_checksum,
        timer_expired_backup: draft.timer_expired_backup,
        ipvlan: draft.vmac.ipvlan,
        receive_buffer_size: draft.receive_buffer_size,
        debug: draft.debug,
    };
    if instance.further_announced().is_empty() {
        instance.announce.extra_interface_us = 0;
    }
    instance
}

fn destination(draft: &mut Draft, global: &GlobalDraft, family: Family, unicast: bool) -> Destination {
    // Without a peer an instance that must not fall back to the group sends to nobody.
    if unicast || draft.unicast_configured && draft.unicast_fault_no_peer {
        return Destination::Unicast {
            peers: std::mem::take(&mut draft.unicast_peers),
            ttl: draft.unicast_ttl,
            check_source: draft.check_unicast_src || global.ir.instances.check_unicast_src,
            fault_without_peer: draft.unicast_fault_no_peer,
        };
    }
    let default_group = match family {
        Family::V4 => IpAddr::V4(global.ir.multicast_group_v4),
        Family::V6 => IpAddr::V6(global.ir.multicast_group_v6),
    };
    Destination::Multicast { group: draft.multicast_destination.unwrap_or(default_group) }
}

fn notify(draft: &mut Draft, reading: &Reading<'_>) -> Notify {
    let global = &reading.global;
    let group = reading.vrrp.groups.iter().find(|group| group.group.members.contains(&draft.name));
    let mut notify = std::mem::take(&mut draft.notify);
    notify.smtp_alert =
        draft.smtp_alert.or(global.ir.instances.smtp_alert_vrrp).or(global.ir.instances.smtp_alert).unwrap_or(false);
    notify.priority_changes = draft
        .notify_priority_changes
        .or(group.and_then(|group| group.notify_priority_changes))
        .unwrap_or(global.ir.notify_priority_changes);
    notify
}

fn vmac(draft: &Draft) -> Option<Vmac> {
    let vmac = &draft.vmac;
    vmac.enabled.then(|| Vmac {
        interface: vmac.interface.clone(),
        transmit_base: vmac.transmit_base,
        netlink_notify: vmac.netlink_notify,
        group: vmac.group,
    })
}

fn announce(draft: &Draft, global: &GlobalDraft) -> Announce {
    Announce {
        master_delay_us: draft.garp_delay_us,
        master_repeat: draft.garp_repeat,
        master_refresh_us: draft.garp_refresh_us,
        master_refresh_repeat: draft.garp_refresh_repeat,
        lower_prio_delay_us: draft.garp_lower_prio_delay_us.unwrap_or(0),
        lower_prio_repeat: draft.garp_lower_prio_repeat.unwrap_or(0),
        extra_interface_us: draft.garp_extra_us.unwrap_or(global.ir.instances.garp_extra_us),
        extra_interface_all: if draft.garp_extra_us.is_some() {
            draft.garp_extra_all
        } else {
            global.ir.instances.garp_extra_all
        },
    }
}

fn auth_hmac(draft: HmacDraft, advert_interval_us: u64) -> AuthHmac {
    // Three adverts, but no less than five seconds, since clocks of machines are no better than that.
    let default_s = (3 * (advert_interval_us / SECOND_US)).clamp(5, 300);
    AuthHmac {
        keys: draft.keys,
        active_key: draft.active_key,
        time_window_us: draft.time_window_s.unwrap_or(default_s) * SECOND_US,
        monotonic: draft.monotonic,
        mode: draft.mode,
    }
}
