//! What the daemon shows of itself: a socket beside its pid file that answers every connection with one JSON document.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::vrrp::engine::InstanceStatus;

/// The document.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    /// The VRRP process.
    pub pid: i32,
    /// `router_id`
    pub router_id: Option<String>,
    /// In the order of the file.
    pub instances: Vec<InstanceStatus>,
}

/// Where the status of the daemon with this pid file can be had.
pub fn path_beside(pid_file: &Path) -> PathBuf {
    pid_file.with_extension("status")
}

/// The listening socket; gone from the file system with this value.
#[derive(Debug)]
pub struct StatusSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl StatusSocket {
    /// Listens, for root alone. What an earlier run left there is replaced.
    pub fn open(path: &Path) -> io::Result<Self> {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers everyone who has connected. A document fits into the socket's buffer; who does not read is not waited for.
    pub fn answer(&self, document: impl Fn() -> Document) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let Ok(text) = serde_json::to_vec(&document()) else { continue };
            let _ = stream.set_nonblocking(true);
            let _ = stream.write_all(&text);
        }
    }
}

impl AsFd for StatusSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
