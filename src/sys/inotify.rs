//! Changes of files, told by the kernel.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// Watches directories.
#[derive(Debug)]
pub struct Watcher {
    inotify: Inotify,
}

/// Names one watched directory.
pub type Watch = WatchDescriptor;

impl Watcher {
    /// A watcher without anything to watch; it does not block.
    pub fn new() -> io::Result<Self> {
        Ok(Self { inotify: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)? })
    }

    /// Hears of every file in a directory that was written and closed, moved, made or deleted.
    pub fn watch_directory(&self, directory: &Path) -> io::Result<Watch> {
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE;
        Ok(self.inotify.add_watch(directory, flags)?)
    }

    /// What has changed since the last call: the directory and the name in it.
    pub fn changes(&self) -> Vec<(Watch, Option<OsString>)> {
        let events = self.inotify.read_events().unwrap_or_default();
        events.into_iter().map(|event| (event.wd, event.name)).collect()
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
