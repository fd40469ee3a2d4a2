//! Descriptors that no runtime type exists for, watched by the runtime.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches a second descriptor of the same open file for input. Call it inside a runtime.
#[allow(unsafe_code)]
pub fn watch_input(descriptor: impl AsFd) -> io::Result<AsyncFd<OwnedFd>> {
    let own = descriptor.as_fd().try_clone_to_owned()?;
    // SAFETY: an OwnedFd is open as long as it lives, always has the same number, and belongs to the AsyncFd alone.
    Ok(unsafe { AsyncFd::register_with_interest(own, Interest::READABLE) }?)
}
