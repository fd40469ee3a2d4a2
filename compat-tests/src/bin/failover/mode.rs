//! What the two nodes are told to speak.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use compat_tests::lab::Node;

use crate::moment;

/// A mode: how its instance differs from the laboratory's.
pub struct Mode {
    pub name: &'static str,
    interval_ms: u64,
    /// Further lines of the instance. `PASSWORD` stands for the laboratory's own lines, `PEER` for the other node.
    lines: &'static str,
    is_ipv6: bool,
}

const PASSWORD: &str = "  authentication {\n    auth_type PASS\n    auth_pass 1111\n  }\n";

/// All of them; README shows the first two at once.
pub const MODES: [Mode; 7] = [
    Mode { name: "VRRP 2, 1 s", interval_ms: 1000, lines: "", is_ipv6: false },
    Mode { name: "VRRP 3, 100 ms", interval_ms: 100, lines: "  version 3\n", is_ipv6: false },
    Mode { name: "VRRP 2, password", interval_ms: 1000, lines: PASSWORD, is_ipv6: false },
    Mode { name: "VRRP 2, unicast", interval_ms: 1000, lines: "  unicast_peer {\n    PEER\n  }\n", is_ipv6: false },
    Mode { name: "VRRP 3, 1 s", interval_ms: 1000, lines: "  version 3\n", is_ipv6: false },
    Mode { name: "VRRP 3, VMAC, 100 ms", interval_ms: 100, lines: "  version 3\n  use_vmac\n", is_ipv6: false },
    Mode { name: "VRRP 3, IPv6, 100 ms", interval_ms: 100, lines: "  version 3\n", is_ipv6: true },
];

const ADDRESS_V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 100);
const ADDRESS_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x51, 0, 0, 0, 0, 0x100);

impl Mode {
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    /// Whoever alone answers for so long will go on, at a start too: nobody else is about to become master.
    pub fn calm(&self) -> Duration {
        (self.interval() * 4).max(Duration::from_secs(1))
    }

    /// The same where the other one was heard already.
    pub fn short_calm(&self) -> Duration {
        (self.interval() * 3 / 2).max(Duration::from_secs(1))
    }

    /// The virtual address.
    pub fn address(&self) -> IpAddr {
        if self.is_ipv6 { ADDRESS_V6.into() } else { ADDRESS_V4.into() }
    }

    /// Writes the node's configuration, with this weight of its script.
    pub fn prepare(&self, node: &Node, weight: i32) {
        let host = node.host();
        let peer = format!("198.51.100.{}", if host == 1 { 2 } else { 1 });
        let fail = Path::new(&node.configuration()).with_extension("fail");
        let script = node.script("chk", moment::SCRIPT);
        let interval = format!("advert_int {}", self.interval().as_secs_f64());
        if self.is_ipv6 {
            node.set_network("ipv6/conf/eth0/accept_dad=0");
            node.ip(&["addr", "add", &format!("2001:db8:51::{host}/64"), "dev", "eth0", "nodad"]);
        }
        node.rewrite(|text| {
            let text = text.replace(PASSWORD, &self.lines.replace("PEER", &peer));
            let text = text.replace(&format!("/usr/bin/test ! -e {}", fail.display()), &script);
            let text = text.replace("advert_int 1", &interval).replace("weight -20", &format!("weight {weight}"));
            if self.is_ipv6 {
                text.replace(&format!("{ADDRESS_V4}/24"), &format!("fe80::51:51\n  {ADDRESS_V6}/64"))
            } else {
                text
            }
        });
    }
}
