//! How the parent hears that its child has read a configuration: then a start or a reload is complete.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::descriptors;

/// What the parent is told, and how it counts it.
#[derive(Debug)]
pub struct ConfigNotice {
    hears: OwnedFd,
    tells: OwnedFd,
    awaited: u32,
    is_started: bool,
    /// A reload that was asked for while another one was under way.
    pub queued: bool,
}

/// What a notice means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// The start is complete.
    Startup,
    /// A reload is complete.
    Reload,
    /// Nobody waited: a child that died was started again.
    Unawaited,
}

impl ConfigNotice {
    /// Nothing awaited yet.
    pub fn new() -> io::Result<Self> {
        let (hears, tells) = descriptors::channel()?;
        Ok(Self { hears, tells, awaited: 0, is_started: false, queued: false })
    }

    /// The child's end.
    pub fn teller(&self) -> io::Result<OwnedFd> {
        self.tells.try_clone()
    }

    /// A child is about to read a configuration.
    pub fn expect(&mut self) {
        self.awaited += 1;
    }

    /// Whether a child is reading a configuration.
    pub fn is_awaited(&self) -> bool {
        self.awaited > 0
    }

    /// The next notice that has come, if one has.
    pub fn next(&mut self) -> Option<Meaning> {
        descriptors::read(&self.hears, &mut [0]).ok().filter(|length| *length > 0)?;
        if self.awaited == 0 {
            return Some(Meaning::Unawaited);
        }
        self.awaited -= 1;
        let was_started = std::mem::replace(&mut self.is_started, true);
        Some(if was_started { Meaning::Reload } else { Meaning::Startup })
    }
}

impl AsFd for ConfigNotice {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.hears.as_fd()
    }
}
