//! Going into the background.

use std::io;

use crate::sys::descriptors;
use crate::sys::fork::{self, Side};

/// A step that failed, by the name of its call.
#[derive(Debug)]
pub struct DaemonFault {
    /// `fork()`
    pub call: &'static str,
    /// What the system said.
    pub error: io::Error,
}

/// Goes on in a child of its own session; the process that was started ends with success.
pub fn daemonize() -> Result<(), DaemonFault> {
    let fault = |call| move |error| DaemonFault { call, error };
    match fork::fork().map_err(fault("fork()"))? {
        Side::Parent(_) => std::process::exit(0),
        Side::Child => {}
    }
    fork::new_session().map_err(fault("setsid()"))?;
    descriptors::clear_umask();
    // Standard error stays: it goes to the error log a little later.
    descriptors::silence_input_and_output().map_err(fault("open(\"/dev/null\")"))
}
