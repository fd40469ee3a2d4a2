//! The words for what moves a priority or holds an instance in FAULT.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why the priority differs from the configured one, for display.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Addend {
    /// What is watched.
    pub cause: Cause,
    /// What it adds; negative lowers.
    pub value: i32,
}

/// Something watched, by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// `track_script`
    Script(String),
    /// `track_file`
    File(String),
    /// `track_process`
    Process(String),
    /// `track_interface`
    Interface(String),
    /// `track_bfd`
    Bfd(String),
}

/// Why an instance is in FAULT.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its interface, or one that it tracks with weight 0, cannot pass packets (or can, with `reverse`).
    Interface(String),
    /// No address that adverts could come from.
    NoSourceAddress(u8),
    /// A script of weight 0 fails.
    Script(String),
    /// A script of weight 0 has no result yet; keepalived is silent about this one.
    ScriptPending(String),
    /// A tracked file of weight 0 is not zero, or its product is too low.
    File(String, i32),
    /// The quorum of processes of weight 0 is missing.
    Process(String),
    /// A BFD session of weight 0 is down (or up, with `reverse`).
    Bfd(String),
    /// `unicast_fault_no_peer`: there is nobody to talk to.
    NoPeer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => write!(f, "interface {name} down"),
            Self::NoSourceAddress(family) => write!(f, "no IPv{family} address for interface"),
            Self::Script(name) => write!(f, "script {name} failed"),
            Self::ScriptPending(name) => write!(f, "script {name} has no result yet"),
            Self::File(name, status) => write!(f, "tracked file {name} has status {status}"),
            Self::Process(name) => write!(f, "tracked process {name} quorum not achieved"),
            Self::Bfd(name) => write!(f, "BFD instance {name} down"),
            Self::NoPeer => f.write_str("no unicast peer"),
        }
    }
}
