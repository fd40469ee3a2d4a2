//! What a node sends and hears of VRRP, the addresses it announces, and those it gets, each with its time.

use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use std::{io, io::IoSliceMut};

use compat_tests::lab::{ELECTION, Lab, Node};
use evenkeel::sys::netlink_socket::{NetlinkSocket, group};
use nix::sys::socket::sockopt::{RcvBufForce, ReceiveTimestampns};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt,
    socket,
};
use nix::sys::time::TimeSpec;

const PROTOCOL_IPV4: u16 = 0x0800;
const PROTOCOL_ARP: u16 = 0x0806;
const PROTOCOL_VRRP: u8 = 112;
/// linux/if_packet.h: PACKET_OUTGOING.
const OUTGOING: u8 = 4;
/// linux/rtnetlink.h: RTM_NEWADDR.
const NEW_ADDRESS: u16 = 20;
/// Enough for a thousand packets at once.
const BUFFER: usize = 16 << 20;
/// Between two looks at the packets. Who looks at each as it comes takes the processor from those who send.
const PAUSE: Duration = Duration::from_millis(20);

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An advert that the node sent.
    Sent { interface: usize, vrid: u8 },
    /// An advert of priority 0 that it heard.
    Farewell,
    /// A gratuitous ARP that it sent.
    Announced(Ipv4Addr),
    /// The kernel gave it an address.
    Added,
}

/// With the time since 1970.
pub type Seen = (Duration, What);

/// Writes down until it is dropped.
pub struct Capture {
    seen: Arc<Mutex<Vec<Seen>>>,
    is_over: Arc<AtomicBool>,
}

/// The time on the clock of the kernel's stamps.
pub fn clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970")
}

impl Capture {
    pub fn start(node: &Node) -> Self {
        let capture = Self { seen: Arc::default(), is_over: Arc::default() };
        let (seen, is_over) = (capture.seen.clone(), capture.is_over.clone());
        let packets = node.inside(|_| packet_socket()).expect("root may listen");
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                match next_packet(&packets) {
                    Ok(Some(one)) => seen.lock().expect("nobody panics while it is held").push(one),
                    Ok(None) => {}
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        });
        let (seen, is_over) = (capture.seen.clone(), capture.is_over.clone());
        let addresses = node.inside(|_| NetlinkSocket::open(group::IPV4_ADDRESS)).expect("the kernel has netlink");
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let news = addresses.receive_answer().unwrap_or_default();
                if news.get(4..6) == Some(&NEW_ADDRESS.to_ne_bytes()) {
                    seen.lock().expect("nobody panics while it is held").push((clock(), What::Added));
                }
            }
        });
        capture
    }

    /// All that came after a moment, in its order.
    pub fn since(&self, begin: Duration) -> Vec<Seen> {
        let seen = self.seen.lock().expect("nobody panics while it is held");
        let mut seen: Vec<Seen> = seen.iter().filter(|(at, _)| *at >= begin).copied().collect();
        seen.sort_by_key(|(at, _)| *at);
        seen
    }

    /// Waits until what came after a moment is enough, and gives it.
    pub fn wait(
        &self,
        lab: &Lab,
        what: &str,
        begin: Duration,
        enough: impl Fn(&[Seen]) -> bool,
        nodes: &[&Node],
    ) -> Vec<Seen> {
        lab.wait(what, ELECTION, || enough(&self.since(begin)), nodes);
        self.since(begin)
    }

    /// Waits until the node has sent an advert and nothing else happened for so long.
    pub fn wait_for_calm(&self, lab: &Lab, calm: Duration, nodes: &[&Node]) {
        let begin = clock();
        let is_master = |seen: &[Seen]| seen.iter().any(|(_, what)| matches!(what, What::Sent { .. }));
        self.wait(lab, "it is master", begin, is_master, nodes);
        let busy = |seen: Vec<Seen>| seen.iter().any(|(_, what)| !matches!(what, What::Sent { .. }));
        let until = Instant::now() + ELECTION;
        while busy(self.since(clock().saturating_sub(calm))) {
            assert!(Instant::now() < until, "it never calms down");
            std::thread::sleep(calm / 10);
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn packet_socket() -> io::Result<std::os::fd::OwnedFd> {
    let socket = socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
    setsockopt(&socket, RcvBufForce, &BUFFER)?;
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    Ok(socket)
}

fn next_packet(socket: &impl AsRawFd) -> io::Result<Option<Seen>> {
    let mut bytes = [0; 2048];
    let mut space = nix::cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let message = recvmsg::<LinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_DONTWAIT)?;
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
        _ => None,
    });
    let (from, len) = (message.address, message.bytes);
    Ok(stamp.zip(from.and_then(|from| read(&from, &bytes[..len]))))
}

fn read(from: &LinkAddr, bytes: &[u8]) -> Option<What> {
    let is_sent = from.pkttype() == OUTGOING;
    match u16::from_be(from.protocol()) {
        PROTOCOL_IPV4 if bytes.get(9) == Some(&PROTOCOL_VRRP) => {
            let (vrid, priority) = (*bytes.get(21)?, *bytes.get(22)?);
            match (is_sent, priority) {
                (true, 1..) => Some(What::Sent { interface: from.ifindex(), vrid }),
                (false, 0) => Some(What::Farewell),
                _ => None,
            }
        }
        PROTOCOL_ARP if is_sent && bytes.get(14..18)? == bytes.get(24..28)? => {
            let address: [u8; 4] = bytes.get(14..18)?.try_into().ok()?;
            Some(What::Announced(address.into()))
        }
        _ => None,
    }
}
