//! A network namespace for one command of keepalived, so that its interfaces are the same on every machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use nix::unistd::geteuid;

use crate::case::{Block, Case, Role};

/// What there is in the namespace: `lo`, and `eth0` with one address.
const SETUP: &str = "ip link set lo up && ip link add eth0 type veth peer name peer0 && ip link set eth0 up && \
                     ip address add 198.51.100.1/24 dev eth0 && exec \"$0\" \"$@\"";

/// The command that runs `program` in a namespace of its own, which goes when the program ends.
pub fn command(program: &Path, arguments: &[String]) -> (PathBuf, Vec<String>) {
    let mut words: Vec<String> = ["--net", "/bin/sh", "-c", SETUP].map(str::to_owned).into();
    words.push(program.display().to_string());
    words.extend_from_slice(arguments);
    (PathBuf::from("unshare"), words)
}

/// Whether the case can be played here: namespaces need root, unshare(1) and ip(8).
pub fn allows(case: &Case) -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        let mut ip = Command::new("unshare");
        ip.args(["--net", "ip", "-V"]).stdout(Stdio::null()).stderr(Stdio::null());
        geteuid().is_root() && ip.status().is_ok_and(|status| status.success())
    });
    let runs_keepalived = |block: &Block| block.role == Role::Console && block.body.starts_with("$ keepalived");
    !case.blocks.iter().any(runs_keepalived) || *AVAILABLE
}
