//! What `global_defs` says to instances, and to duties that evenkeel does not have: the dump of the configuration shows it.

use serde::Serialize;

/// What instances take over where they say nothing themselves.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct InstanceDefaults {
    /// `vrrp_strict`
    pub strict: bool,
    /// `vrrp_version`
    pub version: u8,
    /// `smtp_alert`
    pub smtp_alert: Option<bool>,
    /// `smtp_alert_vrrp`
    pub smtp_alert_vrrp: Option<bool>,
    /// `smtp_alert_checker`
    pub smtp_alert_checker: Option<bool>,
    /// `vrrp_garp_master_delay`
    pub garp_delay_us: u64,
    /// `vrrp_garp_master_repeat`
    pub garp_repeat: u32,
    /// `vrrp_garp_master_refresh`
    pub garp_refresh_us: u64,
    /// `vrrp_garp_master_refresh_repeat`
    pub garp_refresh_repeat: u32,
    /// `vrrp_garp_lower_prio_delay`; without one, `garp_delay_us`.
    pub garp_lower_prio_delay_us: Option<u64>,
    /// `vrrp_garp_lower_prio_repeat`; without one, `garp_repeat`.
    pub garp_lower_prio_repeat: Option<u32>,
    /// `vrrp_garp_extra_if`
    pub garp_extra_us: u64,
    /// `vrrp_garp_extra_if all`
    pub garp_extra_all: bool,
    /// `vrrp_down_timer_adverts`
    pub down_timer_adverts: u32,
    /// `vrrp_lower_prio_no_advert`
    pub lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`
    pub higher_prio_send_advert: bool,
    /// `vrrp_owner_ignore_adverts`
    pub owner_ignore_adverts: bool,
    /// `vrrp_check_unicast_src`
    pub check_unicast_src: bool,
    /// `vrrp_skip_check_adv_addr`
    pub skip_check_adv_addr: bool,
    /// `v3_checksum_as_v2`
    pub v3_checksum_as_v2: bool,
}

impl Default for InstanceDefaults {
    fn default() -> Self {
        Self {
            strict: false,
            version: 2,
            smtp_alert: None,
            smtp_alert_vrrp: None,
            smtp_alert_checker: None,
            garp_delay_us: 5_000_000,
            garp_repeat: 5,
            garp_refresh_us: 0,
            garp_refresh_repeat: 1,
            garp_lower_prio_delay_us: None,
            garp_lower_prio_repeat: None,
            garp_extra_us: 0,
            garp_extra_all: false,
            down_timer_adverts: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            check_unicast_src: false,
            skip_check_adv_addr: false,
            v3_checksum_as_v2: false,
        }
    }
}

impl InstanceDefaults {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The keywords of duties that evenkeel does not have: balancing in the kernel, SNMP, processes of their own for checks and BFD.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OtherDuties {
    /// `checker_log_all_failures`
    pub checker_log_all_failures: bool,
    /// `max_auto_priority`; -1 is never.
    pub max_auto_priority: i32,
    /// `min_auto_priority_delay`
    pub min_auto_priority_delay_us: u32,
    /// `lvs_timeouts`
    pub lvs_timeouts: LvsTimeouts,
    /// `lvs_flush`
    pub lvs_flush: bool,
    /// `lvs_flush_on_stop`
    pub lvs_flush_on_stop: LvsFlush,
    /// `lvs_sync_daemon`
    pub lvs_sync_daemon: Option<LvsSyncDaemon>,
    /// `nftables_ipvs`: the table.
    pub ipvs_table: Option<String>,
    /// `nftables_ipvs_priority`
    pub ipvs_priority: i32,
    /// `nftables_ipvs_start_fwmark`
    pub ipvs_start_fwmark: u32,
    /// `checker_priority` and its like.
    pub checker_scheduling: Scheduling,
    /// `bfd_priority` and its like.
    pub bfd_scheduling: Scheduling,
    /// `enable_snmp_…`
    pub snmp: Snmp,
    /// `lvs_netlink_cmd_rcv_bufs`
    pub checker_command_buffer: u32,
    /// `lvs_netlink_cmd_rcv_bufs_force`
    pub checker_command_buffer_force: bool,
    /// `lvs_netlink_monitor_rcv_bufs`
    pub checker_monitor_buffer: u32,
    /// `lvs_netlink_monitor_rcv_bufs_force`
    pub checker_monitor_buffer_force: bool,
    /// `rs_init_notifies`
    pub rs_init_notifies: bool,
    /// `no_checker_emails`
    pub no_checker_emails: bool,
    /// `tmp_config_directory`
    pub config_directory: Option<String>,
}

impl Default for OtherDuties {
    fn default() -> Self {
        Self {
            checker_log_all_failures: false,
            max_auto_priority: 0,
            min_auto_priority_delay_us: 1_000_000,
            lvs_timeouts: LvsTimeouts::default(),
            lvs_flush: false,
            lvs_flush_on_stop: LvsFlush::Disabled,
            lvs_sync_daemon: None,
            ipvs_table: None,
            ipvs_priority: -1,
            ipvs_start_fwmark: 1000,
            checker_scheduling: Scheduling::default(),
            bfd_scheduling: Scheduling::default(),
            snmp: Snmp::default(),
            checker_command_buffer: 0,
            checker_command_buffer_force: false,
            checker_monitor_buffer: 0,
            checker_monitor_buffer_force: false,
            rs_init_notifies: false,
            no_checker_emails: false,
            config_directory: None,
        }
    }
}

impl OtherDuties {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `lvs_timeouts`, in seconds; 0 is the kernel's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LvsTimeouts {
    /// `tcp`
    pub tcp_s: u32,
    /// `tcpfin`
    pub tcp_fin_s: u32,
    /// `udp`
    pub udp_s: u32,
}

/// `lvs_flush_on_stop`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum LvsFlush {
    /// Nothing is taken out of IPVS at the end.
    Disabled,
    /// Everything.
    Full,
    /// Only the virtual servers of the file.
    VirtualServers,
}

/// `lvs_sync_daemon`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct LvsSyncDaemon {
    /// Where it sends.
    pub interface: String,
    /// The instance whose master it follows.
    pub instance: Option<String>,
    /// `id`; without one, the instance's number.
    pub id: Option<u32>,
    /// `maxlen`
    pub max_len: u32,
    /// `port`
    pub port: u32,
    /// `ttl`
    pub ttl: u32,
    /// `group`
    pub group: Option<std::net::IpAddr>,
}

/// What of SNMP a file asks for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Snmp {
    /// `enable_snmp_vrrp`
    pub vrrp: bool,
    /// `enable_snmp_checker`
    pub checker: bool,
    /// `enable_snmp_rfcv2`
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`
    pub rfc_v3: bool,
    /// `enable_traps`
    pub traps: bool,
    /// `snmp_socket`
    pub socket: Option<String>,
}

impl Snmp {
    /// Whether anything is to be shown by SNMP at all.
    pub fn is_wanted(&self) -> bool {
        self.vrrp || self.checker || self.rfc_v2 || self.rfc_v3
    }
}

/// How the kernel schedules a process.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Scheduling {
    /// nice value
    pub nice: i32,
    /// The SCHED_RR priority; `None` is ordinary scheduling.
    pub realtime_priority: Option<u32>,
    /// Its pages stay in memory.
    pub no_swap: bool,
    /// The processors it may run on; empty is all.
    pub cpu_affinity: Vec<u32>,
    /// How long it may run without a pause under SCHED_RR.
    pub rlimit_rttime_us: u64,
}

impl Default for Scheduling {
    fn default() -> Self {
        Self { nice: 0, realtime_priority: None, no_swap: false, cpu_affinity: Vec::new(), rlimit_rttime_us: 10_000 }
    }
}
