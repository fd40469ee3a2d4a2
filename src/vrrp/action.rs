//! Everything that the engine can ask of the shell, in the order in which it is to be done.

use std::net::IpAddr;

use serde::Serialize;

use crate::ir::keepalived::instance::Destination;
use crate::ir::keepalived::{Command, Notify, Route, Rule, VirtualAddress};
use crate::wire::vrrp::{AUTH_LEN, Repr};

use super::event::InstanceId;
use super::report::Report;

/// One thing to do.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Action {
    /// Send an advert to the group or to every peer.
    SendAdvert(Box<Outgoing>),
    /// Put addresses in (`true`) or take them out, in this order.
    Addresses {
        /// Whose.
        instance: InstanceId,
        /// In or out.
        set: bool,
        /// Which.
        addresses: Vec<VirtualAddress>,
    },
    /// Drop packets to and from addresses (`true`), or no longer.
    Firewall {
        /// Whose.
        instance: InstanceId,
        /// Drop or not.
        set: bool,
        /// Which.
        addresses: Vec<VirtualAddress>,
    },
    /// Put routes in or take them out.
    Routes {
        /// Whose.
        instance: InstanceId,
        /// In or out.
        set: bool,
        /// Which.
        routes: Vec<Route>,
    },
    /// Put rules in or take them out.
    Rules {
        /// Whose.
        instance: InstanceId,
        /// In or out.
        set: bool,
        /// Which.
        rules: Vec<Rule>,
    },
    /// Announce each address so often, in rounds.
    Announce {
        /// Whose.
        instance: InstanceId,
        /// Which.
        addresses: Vec<VirtualAddress>,
        /// How many rounds.
        repeat: u32,
    },
    /// Announce our own source address once: a unicast peer may have lost us from its cache while we were away.
    AnnounceSource {
        /// Where.
        interface: String,
        /// What.
        address: IpAddr,
    },
    /// Run scripts, write to the FIFOs, send mail.
    Notify(Box<Notification>),
    /// Write a line of log.
    Report(Report),
}

/// An advert on its way.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Outgoing {
    /// Whose; each instance counts its own IP identification.
    pub instance: InstanceId,
    /// Where it leaves.
    pub interface: Option<String>,
    /// From.
    pub source: IpAddr,
    /// To.
    pub destination: Destination,
    /// What, without checksum.
    pub repr: Repr,
    /// How its checksum is made.
    pub checksum: ChecksumForm,
    /// `auth_type AH`: the header in front of it.
    pub authentication: Option<HeaderSeal>,
}

/// What makes an authentication header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct HeaderSeal {
    /// The padded password.
    pub key: [u8; AUTH_LEN],
    /// The number of the advert.
    pub sequence: u32,
}

/// What the checksum covers beside the packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ChecksumForm {
    /// Nothing: version 2, or `v3_checksum_as_v2`.
    Bare,
    /// A pseudo header with the real destination (RFC 9568 §5.2.8).
    PseudoHeader,
    /// A pseudo header with the multicast group, as old versions made it for unicast.
    OldUnicast,
}

/// A change that the outside is told of.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Notification {
    /// An instance or a group.
    pub subject: Subject,
    /// Its name.
    pub name: String,
    /// What happened.
    pub occasion: Occasion,
    /// The effective priority; 0 for a group.
    pub priority: u8,
    /// The script of this very state.
    pub command: Option<Command>,
    /// The script of every state.
    pub any: Option<Command>,
    /// Whether mail is sent.
    pub smtp_alert: bool,
}

/// Who changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Subject {
    /// A `vrrp_instance`.
    Instance,
    /// A `vrrp_sync_group`.
    Group,
}

/// What happened, as notify scripts and FIFOs name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Occasion {
    /// Now master.
    Master,
    /// Now backup.
    Backup,
    /// Now in FAULT.
    Fault,
    /// The daemon ends.
    Stop,
    /// The instance is gone after a reload.
    Deleted,
    /// A master heard a lower advert. FIFO and one script only.
    MasterReceivedLowerPriority,
    /// The priority of a master changed. FIFO only.
    MasterPriority,
    /// The priority of a backup changed. FIFO only.
    BackupPriority,
}

impl Occasion {
    /// The word in FIFO lines and arguments.
    pub fn word(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
            Self::Deleted => "DELETED",
            Self::MasterReceivedLowerPriority => "MASTER_RX_LOWER_PRI",
            Self::MasterPriority => "MASTER_PRIORITY",
            Self::BackupPriority => "BACKUP_PRIORITY",
        }
    }

    /// The script of this very occasion.
    pub fn command(self, notify: &Notify) -> Option<Command> {
        let command = match self {
            Self::Master => &notify.master,
            Self::Backup => &notify.backup,
            Self::Fault => &notify.fault,
            Self::Stop => &notify.stop,
            Self::Deleted => &notify.deleted,
            Self::MasterReceivedLowerPriority => &notify.master_received_lower_priority,
            Self::MasterPriority | Self::BackupPriority => &None,
        };
        command.clone()
    }

    /// Whether the script of every state, and mail, hear of it.
    pub fn is_state(self) -> bool {
        matches!(self, Self::Master | Self::Backup | Self::Fault | Self::Stop | Self::Deleted)
    }
}
