//! Everything that can happen to the engine.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wire::auth_header::AuthHeader;
use crate::wire::vrrp::Family;

/// One thing that happened. The shell makes them; a recording holds them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// All that is known of interfaces and files has been told: instances may leave their initial state.
    Start,
    /// What comes before the start, where the configuration and its faults are told; a start without it does the same.
    Prepare {
        /// The instances on interfaces that an earlier run may have left something on.
        left_over: Vec<InstanceId>,
    },
    /// In the place of [`Event::Start`]: another process of this machine has been routing until this moment, and what it held
    /// is still there.
    Adopt {
        /// The instances that were master.
        masters: Vec<InstanceId>,
    },
    /// The time of [`super::Engine::next_deadline`] has come. Harmless at any other time.
    Deadline,
    /// A packet of protocol 112 came in.
    Advert(Received),
    /// A run of a `vrrp_script` ended.
    ScriptExited {
        /// Its name.
        script: String,
        /// How.
        exit: ScriptExit,
    },
    /// A tracked file was read; missing or no number is 0.
    FileRead {
        /// The name of its `track_file` block.
        file: String,
        /// The number in it.
        value: i32,
    },
    /// The number of processes that `vrrp_track_process` counts went into or out of its quorum.
    ProcessQuorum {
        /// The name of the block.
        process: String,
        /// Whether there are enough, and not too many.
        reached: bool,
    },
    /// A BFD session came up or went down.
    Bfd {
        /// The name of its `bfd_instance`.
        session: String,
        /// Whether it is up.
        up: bool,
    },
    /// The kernel told about an interface: administratively up and with carrier, or not, or gone.
    Link {
        /// Its name.
        interface: String,
        /// Whether packets can pass.
        running: bool,
    },
    /// The interfaces that are made for an instance: those of `use_vmac` and its kin. One that could not be made is among them.
    Devices {
        /// The instance's name.
        instance: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The address that adverts of an interface come from has changed: first IPv4 address, or IPv6 link-local one.
    PrimaryAddress {
        /// The interface.
        interface: String,
        /// Of which family.
        family: Family,
        /// `None`: there is none.
        address: Option<IpAddr>,
    },
    /// Someone took away an address or route that a master holds.
    Removed {
        /// Whose it was.
        instance: InstanceId,
    },
    /// The daemon shall end.
    Stop,
}

/// Names an instance over reloads; never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct InstanceId(pub u32);

/// How a script ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ScriptExit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal, which we did not send.
    Signal(i32),
    /// It took too long and was ended.
    TimedOut,
}

/// A received packet, before any check of ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Received {
    /// The interface of the socket; `None` for a socket that is bound to an address alone.
    pub interface: Option<String>,
    /// From.
    pub source: IpAddr,
    /// To: a group or an own address.
    pub destination: IpAddr,
    /// TTL or hop limit, where the kernel tells.
    pub hop_limit: Option<u8>,
    /// Bytes of the IPv4 header and the authentication header; 0 for IPv6, where the kernel takes them off.
    pub header_len: usize,
    /// What the IPv4 header says of the whole length.
    pub total_len: Option<usize>,
    /// Header and addresses of VRRP, with padding behind.
    pub payload: Vec<u8>,
    /// The date, since 1970: signatures go by it.
    #[serde(default)]
    pub date: Duration,
    /// The authentication header, if it has one.
    #[serde(default)]
    pub authentication: Option<Box<Authenticated>>,
}

/// An authentication header, and the IPv4 header that it covers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Authenticated {
    /// With its options.
    pub ip_header: Vec<u8>,
    /// Behind it.
    pub header: AuthHeader,
}
