//! Descriptors that no runtime type exists for, watched by the runtime.

use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What owns one descriptor from its making to its end.
pub trait Source: AsRawFd {}
impl Source for std::net::UdpSocket {}
impl Source for std::os::fd::OwnedFd {}
impl Source for super::signal::Signals {}

/// Watches a descriptor for input. Call it inside a runtime.
#[allow(unsafe_code)]
pub fn watch_input<T: Source>(source: Rc<T>) -> io::Result<AsyncFd<Rc<T>>> {
    // SAFETY: a source keeps its one descriptor open as long as it lives, and the AsyncFd has a share of it.
    Ok(unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) }?)
}
