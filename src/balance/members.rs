//! All servers of an `upstream` at one time, with what the methods work out from them.

use super::group::Group;
use super::hash::Points;
use super::method::Method;
use super::random;

/// Primary and backup servers.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) primary: Group,
    pub(super) backup: Option<Group>,
    pub(super) points: Points,
    pub(super) ranges: Box<[i64]>,
    /// Another number after each change.
    pub(super) version: u64,
}

impl Members {
    pub(super) fn new(method: Method, primary: Group, backup: Group, version: u64) -> Self {
        let backup = (!backup.peers.is_empty()).then_some(backup);
        let points = match method {
            Method::ConsistentHash => Points::new(&primary.peers),
            _ => Points::default(),
        };
        let ranges = match method {
            Method::Random { .. } => random::ranges(&primary.peers),
            _ => Box::default(),
        };
        Members { primary, backup, points, ranges, version }
    }

    /// One server and no backup: it is never taken out of use.
    pub(super) fn is_single(&self) -> bool {
        self.primary.peers.len() == 1 && self.backup.is_none()
    }

    pub(super) fn group(&self, is_backup: bool) -> &Group {
        match &self.backup {
            Some(group) if is_backup => group,
            _ => &self.primary,
        }
    }

    pub(super) fn tries(&self) -> u32 {
        self.primary.tries + self.backup.as_ref().map_or(0, |group| group.tries)
    }
}
