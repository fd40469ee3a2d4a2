//! `vrrp_sync_group`: instances that change state together.

use serde::Serialize;

use super::notify::Notify;
use super::tracker::Trackers;

/// `vrrp_sync_group NAME { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SyncGroup {
    /// Its name in logs and notifies.
    pub name: String,
    /// The instances, in the order of the file; only those that exist.
    pub members: Vec<String>,
    /// What every member watches in addition.
    pub trackers: Trackers,
    /// What the group itself tells.
    pub notify: Notify,
    /// `sync_group_tracking_weight`: weights count although members share a state.
    pub tracking_weight: bool,
}
