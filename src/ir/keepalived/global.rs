//! `global_defs` and the keywords outside all blocks.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::global_values::{InstanceDefaults, OtherDuties, Scheduling};
use super::notify::{Command, User};

/// The keywords outside all blocks.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ProcessSettings {
    /// `net_namespace`
    pub net_namespace: Option<String>,
    /// `net_namespace_ipvs`
    pub net_namespace_ipvs: Option<String>,
    /// `instance`, appended to names of processes and files.
    pub instance: Option<String>,
    /// `use_pid_dir`
    pub use_pid_dir: bool,
    /// `namespace_with_ipsets`
    pub namespace_with_ipsets: bool,
    /// How long the parent waits for its children before it kills them.
    pub child_wait_time_us: u64,
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            net_namespace: None,
            net_namespace_ipvs: None,
            instance: None,
            use_pid_dir: false,
            namespace_with_ipsets: false,
            child_wait_time_us: 5_000_000,
        }
    }
}

/// `global_defs`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Global {
    /// `router_id`; without one, the host name.
    pub router_id: Option<String>,
    /// Mail.
    pub mail: Mail,
    /// `script_user`
    pub script_user: Option<User>,
    /// `enable_script_security`
    pub script_security: bool,
    /// `set_supplementary_groups`: scripts have all groups of their user.
    pub set_supplementary_groups: bool,
    /// `startup_script`
    pub startup_script: Option<TimedCommand>,
    /// `shutdown_script`
    pub shutdown_script: Option<TimedCommand>,
    /// `notify_fifo`: for all processes.
    pub notify_fifo: Option<Fifo>,
    /// `vrrp_notify_fifo`
    pub vrrp_notify_fifo: Option<Fifo>,
    /// `lvs_notify_fifo`
    pub lvs_notify_fifo: Option<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`
    pub fifo_states_on_reload: bool,
    /// `vrrp_notify_priority_changes`
    pub notify_priority_changes: bool,
    /// `default_interface`
    pub default_interface: String,
    /// `dynamic_interfaces`
    pub dynamic_interfaces: DynamicInterfaces,
    /// `vrrp_mcast_group4`
    pub multicast_group_v4: Ipv4Addr,
    /// `vrrp_mcast_group6`
    pub multicast_group_v6: Ipv6Addr,
    /// `vrrp_garp_interval`: pause between two gratuitous ARP messages on any interface.
    pub garp_interval_us: u64,
    /// `vrrp_gna_interval`
    pub gna_interval_us: u64,
    /// `vrrp_startup_delay`
    pub startup_delay_us: u64,
    /// `vrrp_delay_after_boot`
    pub delay_after_boot_us: u64,
    /// `log_unknown_vrids`
    pub log_unknown_vrids: bool,
    /// `nftables [TABLE]`: `Some` names the table.
    pub nftables_table: Option<String>,
    /// `nftables_priority`
    pub nftables_priority: i32,
    /// `nftables_counters`
    pub nftables_counters: bool,
    /// `nftables_ifindex`
    pub nftables_ifindex: bool,
    /// `vrrp_iptables`: the chains of input and output.
    pub iptables: Option<Iptables>,
    /// `disable_local_igmp`
    pub disable_local_igmp: bool,
    /// The names shown in the process list.
    pub process_names: ProcessNames,
    /// Scheduling of the VRRP process.
    pub vrrp_scheduling: Scheduling,
    /// `umask`
    pub umask: Option<u32>,
    /// `vrrp_rx_bufs_policy`
    pub receive_buffer_policy: ReceiveBufferPolicy,
    /// `vrrp_rx_bufs_multiplier`
    pub receive_buffer_multiplier: u32,
    /// `vrrp_netlink_cmd_rcv_bufs`; 0 is the kernel's.
    pub netlink_command_buffer: u32,
    /// `vrrp_netlink_cmd_rcv_bufs_force`
    pub netlink_command_buffer_force: bool,
    /// `vrrp_netlink_monitor_rcv_bufs`; 0 is the kernel's.
    pub netlink_monitor_buffer: u32,
    /// `vrrp_netlink_monitor_rcv_bufs_force`
    pub netlink_monitor_buffer_force: bool,
    /// `process_monitor_rcv_bufs`; 0 is the kernel's.
    pub process_monitor_buffer: u32,
    /// `process_monitor_rcv_bufs_force`
    pub process_monitor_buffer_force: bool,
    /// `vmac_prefix`
    pub vmac_prefix: String,
    /// `vmac_addr_prefix`
    pub vmac_address_prefix: Option<String>,
    /// `reload_check_config`: the log of the check.
    pub reload_check_config: Option<String>,
    /// `reload_time_file`
    pub reload_time_file: Option<String>,
    /// `reload_repeat`
    pub reload_repeat: bool,
    /// `reload_file`; empty is the default path.
    pub reload_file: Option<String>,
    /// `data_use_instance`
    pub data_use_instance: bool,
    /// `json_version`
    pub json_version: u32,
    /// `state_dump_file`
    pub state_dump_file: Option<String>,
    /// What instances took over from here.
    #[serde(skip_serializing_if = "InstanceDefaults::is_default")]
    pub instances: InstanceDefaults,
    /// What concerns duties that evenkeel does not have.
    #[serde(skip_serializing_if = "OtherDuties::is_default")]
    pub other_duties: OtherDuties,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            router_id: None,
            mail: Mail::default(),
            script_user: None,
            script_security: false,
            set_supplementary_groups: false,
            startup_script: None,
            shutdown_script: None,
            notify_fifo: None,
            vrrp_notify_fifo: None,
            lvs_notify_fifo: None,
            fifo_states_on_reload: false,
            notify_priority_changes: false,
            default_interface: "eth0".into(),
            dynamic_interfaces: DynamicInterfaces::Off,
            multicast_group_v4: Ipv4Addr::new(224, 0, 0, 18),
            multicast_group_v6: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
            garp_interval_us: 0,
            gna_interval_us: 0,
            startup_delay_us: 0,
            delay_after_boot_us: 0,
            log_unknown_vrids: false,
            nftables_table: None,
            nftables_priority: -1,
            nftables_counters: false,
            nftables_ifindex: false,
            iptables: None,
            disable_local_igmp: false,
            process_names: ProcessNames::default(),
            vrrp_scheduling: Scheduling::default(),
            umask: None,
            receive_buffer_policy: ReceiveBufferPolicy::Kernel,
            receive_buffer_multiplier: 3,
            netlink_command_buffer: 0,
            netlink_command_buffer_force: false,
            netlink_monitor_buffer: 0,
            netlink_monitor_buffer_force: false,
            process_monitor_buffer: 0,
            process_monitor_buffer_force: false,
            vmac_prefix: "vrrp".into(),
            vmac_address_prefix: None,
            reload_check_config: None,
            reload_time_file: None,
            reload_repeat: false,
            reload_file: None,
            data_use_instance: false,
            json_version: 1,
            state_dump_file: None,
            instances: InstanceDefaults::default(),
            other_duties: OtherDuties::default(),
        }
    }
}

/// How alerts are mailed.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Mail {
    /// `notification_email`
    pub recipients: Vec<String>,
    /// `notification_email_from`
    pub sender: Option<String>,
    /// `smtp_server`: address or host name.
    pub server: Option<String>,
    /// The port of `smtp_server`.
    pub port: u16,
    /// `smtp_helo_name`
    pub helo_name: Option<String>,
    /// `smtp_connect_timeout`
    pub connect_timeout_us: u64,
    /// `no_email_faults`
    pub no_faults: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            sender: None,
            server: None,
            port: 25,
            helo_name: None,
            connect_timeout_us: 30_000_000,
            no_faults: false,
        }
    }
}

/// A script at the start or the end of the daemon.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TimedCommand {
    /// What to run.
    pub command: Command,
    /// How long it may take.
    pub timeout_us: u64,
}

/// A named pipe that gets a line for each change of state.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fifo {
    /// Its path.
    pub path: String,
    /// Its owner.
    pub user: Option<User>,
    /// The program that reads it.
    pub script: Option<Command>,
}

/// `dynamic_interfaces`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum DynamicInterfaces {
    /// An interface that does not exist is an error.
    Off,
    /// It may come later.
    On,
    /// It may also change its kind.
    AllowIfChanges,
}

/// `vrrp_iptables`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Iptables {
    /// The chain of incoming packets.
    pub input_chain: String,
    /// The chain of outgoing packets.
    pub output_chain: String,
    /// `vrrp_ipsets`: the names of the sets; `None` is no sets.
    pub ipsets: Option<Vec<String>>,
}

/// The names shown in the process list.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct ProcessNames {
    /// `process_names`: every process gets the default name of its duty.
    pub enabled: bool,
    /// `process_name`
    pub parent: Option<String>,
    /// `vrrp_process_name`
    pub vrrp: Option<String>,
    /// `checker_process_name`
    pub checker: Option<String>,
    /// `bfd_process_name`
    pub bfd: Option<String>,
}

/// `vrrp_rx_bufs_policy`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ReceiveBufferPolicy {
    /// The kernel's default.
    Kernel,
    /// `MTU`
    Mtu,
    /// `ADVERT`
    Advert,
    /// Bytes.
    Size(u32),
}
