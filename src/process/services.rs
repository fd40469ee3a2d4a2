//! What a worker does with the connections of one generation.

use std::rc::Rc;

use super::cycle::Cycle;
use crate::net::accept::Accepted;
use crate::net::draining::Draining;

/// The engines of one generation in one worker.
pub struct Services {
    draining: Draining,
}

impl Services {
    /// Engines over a generation whose files and sockets are open.
    pub fn new(_cycle: &Cycle, draining: &Draining) -> Rc<Self> {
        Rc::new(Self { draining: draining.clone() })
    }

    /// Serves one connection to its end.
    pub async fn serve(&self, accepted: Accepted) {
        self.draining.begun().await;
        drop(accepted);
    }

    /// Writes out log lines whose time has come, for ever.
    pub async fn flush_logs(&self) {
        std::future::pending::<()>().await;
    }

    /// Writes out buffered log lines that are due, or all.
    pub fn write_out_logs(&self, _all: bool) {}
}
