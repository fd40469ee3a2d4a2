//! keepalived.conf as typed values, defaults resolved: what the VRRP engine and its shell read.

pub mod addresses;
pub mod bfd;
pub mod checker;
pub mod global;
pub mod global_values;
pub mod instance;
pub mod notify;
pub mod placement;
pub mod read;
pub mod routes;
pub mod rules;
pub mod sync_group;
pub mod system;
pub mod tracker;
pub mod virtual_server;

use serde::Serialize;

pub use addresses::{StaticAddress, VirtualAddress};
pub use bfd::BfdInstance;
pub use global::{Global, ProcessSettings};
pub use instance::Instance;
pub use notify::{Command, Notify, User};
pub use routes::Route;
pub use rules::Rule;
pub use sync_group::SyncGroup;
pub use tracker::{Script, TrackFile, TrackProcess};
pub use virtual_server::{CheckerTls, VirtualServer, VirtualServerGroup};

/// A whole keepalived configuration. Lists keep the order of the file, on which keepalived's own order of work hangs.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Keepalived {
    /// The keywords outside all blocks: namespaces, pid files, waiting times.
    pub process: ProcessSettings,
    /// `global_defs`
    pub global: Global,
    /// `vrrp_script`
    pub scripts: Vec<Script>,
    /// `track_file`, `vrrp_track_file`
    pub track_files: Vec<TrackFile>,
    /// `vrrp_track_process`
    pub track_processes: Vec<TrackProcess>,
    /// `vrrp_instance`; those that keepalived itself refuses to run are left out.
    pub instances: Vec<Instance>,
    /// `vrrp_sync_group`; without members that do not exist.
    pub sync_groups: Vec<SyncGroup>,
    /// `static_ipaddress`
    pub static_addresses: Vec<StaticAddress>,
    /// `static_routes`
    pub static_routes: Vec<Route>,
    /// `static_rules`
    pub static_rules: Vec<Rule>,
    /// `track_group`: instances that follow static addresses, routes and rules.
    pub track_groups: Vec<TrackGroup>,
    /// `bfd_instance`; those that keepalived itself refuses to run are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bfd_instances: Vec<BfdInstance>,
    /// `garp_group`
    pub garp_groups: Vec<GarpGroup>,
    /// `interface_up_down_delays`
    pub interface_delays: Vec<InterfaceDelays>,
    /// `linkbeat_interfaces` and `linkbeat_use_polling`: an interface once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub linkbeats: Vec<Linkbeat>,
    /// `virtual_server`; those that keepalived itself refuses to run are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub virtual_servers: Vec<VirtualServer>,
    /// `virtual_server_group`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub virtual_server_groups: Vec<VirtualServerGroup>,
    /// `SSL`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checker_tls: Option<CheckerTls>,
}

/// `track_group NAME { group { … } }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrackGroup {
    /// The name that static items use.
    pub name: String,
    /// The instances that go to FAULT when an item of the group goes away.
    pub instances: Vec<String>,
}

/// `garp_group { … }`: how fast announcements may leave some interfaces.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GarpGroup {
    /// Pause between two gratuitous ARP messages.
    pub garp_interval_us: u64,
    /// Pause between two unsolicited neighbour advertisements.
    pub gna_interval_us: u64,
    /// The interfaces it holds for.
    pub interfaces: Vec<String>,
}

/// An interface that is asked whether it is up.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Linkbeat {
    /// The interface.
    pub interface: String,
    /// How it is asked; nothing for the first way that it answers.
    pub way: Option<LinkbeatWay>,
}

/// How an interface is asked whether it is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum LinkbeatWay {
    /// By the registers of its transceiver.
    Mii,
    /// By its driver.
    Ethtool,
    /// By its flags.
    Ioctl,
}

impl LinkbeatWay {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mii, Self::Ethtool, Self::Ioctl];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mii => "MII",
            Self::Ethtool => "ETHTOOL",
            Self::Ioctl => "IOCTL",
        }
    }
}

/// One line of `interface_up_down_delays`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct InterfaceDelays {
    /// The interface.
    pub interface: String,
    /// How long it must be down before that counts.
    pub down_us: u64,
    /// How long it must be up before that counts.
    pub up_us: u64,
}
