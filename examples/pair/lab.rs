//! The machines and the wire between them: two nodes, a client, and a switch to which the backends are attached.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;

use crate::node::{Line, Node};

/// All that runs.
pub struct Lab {
    /// The first load balancer.
    pub a: Node,
    /// The second one.
    pub b: Node,
    /// Where requests come from.
    pub client: Node,
    /// The wire, and the backends.
    pub switch: Node,
}

/// Why namespaces cannot be made here, if so. Installs `ip` where it is missing and Debian's packages are at hand.
pub fn obstacle() -> Option<&'static str> {
    if !can("unshare", &["--net", "--mount", "--pid", "--fork", "--mount-proc", "true"]) {
        return Some("This needs root and the right to make namespaces");
    }
    if !can("ip", &["-V"]) && !install("iproute2") {
        return Some("The command ip is missing and could not be installed (apt-get install iproute2)");
    }
    None
}

fn install(package: &str) -> bool {
    println!("installing {package}");
    can("apt-get", &["update", "-qq"]) && can("apt-get", &["install", "-y", "-qq", "--no-install-recommends", package])
}

fn can(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

impl Lab {
    /// Makes the machines, wires them up, lays out the nodes' files and starts the backends.
    pub fn build(programs: &Path, lines: &Sender<Line>) -> Result<Self, String> {
        let mut lab = Self {
            a: Node::start("a", lines)?,
            b: Node::start("b", lines)?,
            client: Node::start("client", lines)?,
            switch: Node::start("switch", lines)?,
        };
        lab.switch.run("ip link set lo up && ip link add name br0 type bridge && ip link set br0 up")?;
        let machines = [("a", &mut lab.a, 1), ("b", &mut lab.b, 2), ("client", &mut lab.client, 9)];
        for (name, node, host) in machines {
            plug_in(&lab.switch, node, name)?;
            lab.switch.run(&format!("ip link set dev {name} master br0 up"))?;
            node.run("ip link set lo up && ip link set eth0 up")?;
            node.run(&format!("ip address add 10.77.0.{host}/24 dev eth0"))?;
        }
        for host in 21..=24 {
            lab.switch.run(&format!("ip address add 10.77.0.{host}/24 dev br0"))?;
        }
        lay_out(&mut lab.a, "a", programs)?;
        lay_out(&mut lab.b, "b", programs)?;
        let own = own_path()?;
        lab.switch.run(&format!("'{own}' backends 10.77.0.21:80 10.77.0.22:80 10.77.0.23:80 10.77.0.24:80 &"))?;
        Ok(lab)
    }
}

/// Lays a cable from the switch to the node. Done from outside, where both processes can be seen.
fn plug_in(switch: &Node, node: &Node, name: &str) -> Result<(), String> {
    let (switch, node) = (switch.pid().to_string(), node.pid().to_string());
    let cable = ["ip", "link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", &node];
    let status = Command::new("nsenter").args(["--net", "--target", &switch]).args(cable).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("no cable to {name}: {status}")),
        Err(error) => Err(format!("nsenter: {error}")),
    }
}

/// This program, to be started again inside a namespace.
pub fn own_path() -> Result<String, String> {
    std::env::current_exe().map(|path| path.display().to_string()).map_err(|error| error.to_string())
}

/// Gives the node an `/etc`, `/run`, `/var/log` and `/var/lib` of its own, with its files in the places they have on a real machine.
fn lay_out(node: &mut Node, folder: &str, programs: &Path) -> Result<(), String> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pair").join(folder);
    node.run(&format!("PATH='{}':$PATH", programs.display()))?;
    node.run("mount -t tmpfs tmpfs /run && mkdir /run/etc && cp -a /etc/. /run/etc/")?;
    node.run(&format!("mkdir -p /run/etc/nginx /run/etc/keepalived && cp -r '{}'/. /run/etc/", files.display()))?;
    node.run("chown -R 0:0 /run/etc/nginx /run/etc/keepalived && mount --bind /run/etc /etc")?;
    node.run("mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /var/lib && mkdir /var/log/nginx /var/lib/nginx")
}
