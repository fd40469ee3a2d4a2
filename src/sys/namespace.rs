//! Network namespaces.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use nix::sched::{CloneFlags, setns};

/// Where the program began, once it has left it.
static FIRST: OnceLock<File> = OnceLock::new();

const OWN: &str = "/proc/self/ns/net";

/// Goes into the namespace that a file stands for; sockets that are open stay in theirs.
pub fn enter_network(file: &Path) -> io::Result<()> {
    let namespace = File::open(file)?;
    if let Ok(own) = File::open(OWN) {
        FIRST.get_or_init(|| own);
    }
    enter(&namespace)
}

/// Does something where the program began, or else in the namespace of the machine's first process, if that can be reached.
pub fn in_first_network<T>(act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let own = File::open(OWN)?;
    let entered = match FIRST.get() {
        Some(first) => enter(first).is_ok(),
        None => File::open("/proc/1/ns/net").is_ok_and(|first| enter(&first).is_ok()),
    };
    let outcome = act();
    if entered {
        enter(&own)?;
    }
    outcome
}

fn enter(namespace: &File) -> io::Result<()> {
    Ok(setns(namespace, CloneFlags::CLONE_NEWNET)?)
}
