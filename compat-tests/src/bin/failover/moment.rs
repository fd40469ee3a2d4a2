//! When an event happens: each pair meets it at the same phases of an interval, which decide more about an outage than a program.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use compat_tests::lab::{ELECTION, Node};
use nix::errno::Errno;
use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, setsockopt, socket};
use nix::sys::time::TimeVal;

/// What the tracked script does: it empties its sign, and fails where it is told to.
pub const SCRIPT: &str = ": >\"${0%.chk}.sign\"\n[ ! -e \"${0%.chk}.fail\" ]";
/// As the laboratory's configuration has it.
const SCRIPT_INTERVAL: Duration = Duration::from_secs(1);
const PROTOCOL_VRRP: u8 = 112;
/// linux/if_packet.h: PACKET_OUTGOING.
const OUTGOING: u8 = 4;
/// Between two looks at a script's sign.
const LOOK: Duration = Duration::from_millis(1);

/// What an interval is counted from.
#[derive(Clone, Copy)]
pub enum Origin {
    /// An advert that the master sends.
    Advert,
    /// A start of its script.
    Script,
}

impl Origin {
    /// The time between two of them.
    pub fn interval(self, of_adverts: Duration) -> Duration {
        match self {
            Self::Advert => of_adverts,
            Self::Script => SCRIPT_INTERVAL,
        }
    }

    /// Waits for the next one, and from it for a part of the interval.
    pub fn wait(self, master: &Node, part: Duration) {
        let begin = match self {
            Self::Advert => next_advert(master),
            Self::Script => next_start(master),
        };
        thread::sleep((begin + part).saturating_duration_since(Instant::now()));
    }
}

/// The middles of so many equal parts of an interval.
pub fn phases(interval: Duration, count: u32) -> impl Iterator<Item = Duration> {
    (0..count).map(move |number| interval * (2 * number + 1) / (2 * count))
}

fn next_advert(master: &Node) -> Instant {
    let socket = master.inside(|_| packet_socket()).expect("root may listen");
    let mut bytes = [0; 64];
    loop {
        let (_, from) = match recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut bytes) {
            Err(Errno::EINTR) => continue,
            received => received.expect("a master sends adverts"),
        };
        let protocol = if bytes[0] >> 4 == 4 { bytes[9] } else { bytes[6] };
        if protocol == PROTOCOL_VRRP && from.is_some_and(|from| from.pkttype() == OUTGOING) {
            return Instant::now();
        }
    }
}

fn packet_socket() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::Packet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
    setsockopt(&socket, ReceiveTimeout, &TimeVal::new(ELECTION.as_secs() as i64, 0))?;
    Ok(socket)
}

/// The script empties its sign.
fn next_start(master: &Node) -> Instant {
    let sign = Path::new(&master.configuration()).with_extension("sign");
    fs::write(&sign, "none yet").expect("a file");
    let until = Instant::now() + ELECTION;
    while fs::metadata(&sign).expect("it is there").len() > 0 {
        assert!(Instant::now() < until, "the script never starts");
        thread::sleep(LOOK);
    }
    Instant::now()
}
