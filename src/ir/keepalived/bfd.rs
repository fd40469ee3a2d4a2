//! `bfd_instance`: a session with a neighbour.

use std::net::IpAddr;

use serde::Serialize;

/// `bfd_instance NAME { … }`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BfdInstance {
    /// The name that `track_bfd` uses.
    pub name: String,
    /// `neighbor_ip`
    pub neighbor: IpAddr,
    /// `source_ip`
    pub source: Option<IpAddr>,
    /// Packets can be taken this often.
    pub min_rx_us: u32,
    /// Packets are sent this often when the session is up, if the neighbour can take them.
    pub min_tx_us: u32,
    /// And this often when it is not.
    pub idle_tx_us: u32,
    /// After so many missing packets the neighbour is down.
    pub multiplier: u8,
    /// Nothing is sent before something was heard.
    pub passive: bool,
    /// TTL or hop limit of own packets.
    pub ttl: u8,
    /// Packets may have passed so many routers; `None` is any number.
    pub max_hops: Option<u8>,
    /// `multihop`: the other port (RFC 5883).
    pub multihop: bool,
    /// What a `track_bfd` without a weight of its own counts.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
    /// Whether instances may track it; `checker` alone keeps them from it.
    pub for_vrrp: bool,
}
