//! The sockets of BFD sessions, and what they tell VRRP. keepalived has a process of its own for them; here they have a place in
//! the one loop, so that a session that goes down is heard of without a pipe between.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crate::bfd::{self, Action, Received, Sessions};
use crate::ir::keepalived::BfdInstance;
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::primitives::os_error;
use crate::sys::datagram::Datagram;
use crate::sys::hop_socket::{self, HopSocket};
use crate::vrrp::Event;
use crate::wire::bfd::{Control, MULTIHOP_PORT, PORT};

use super::dump;

/// The ports that packets may come from (RFC 5881 §4).
const FIRST_PORT: u16 = 49152;
const PORTS: u16 = u16::MAX - FIRST_PORT + 1;
/// Packets of one socket that are read before timers are looked at again.
const PACKETS_A_ROUND: usize = 64;

/// Where a session sends.
#[derive(Debug)]
struct Output {
    to: SocketAddr,
    socket: UdpSocket,
    /// The last packet could not be sent, which was logged.
    failed: bool,
}

/// Where packets of one kind and family come in.
#[derive(Debug)]
struct Input {
    multihop: bool,
    v6: bool,
    socket: HopSocket,
}

/// All `bfd_instance` blocks.
#[derive(Debug)]
pub struct BfdSessions {
    sessions: Sessions,
    configs: Vec<BfdInstance>,
    outputs: BTreeMap<String, Output>,
    inputs: Vec<Input>,
}

impl Default for BfdSessions {
    fn default() -> Self {
        // Without randomness the time has to do: a discriminator is no secret.
        let seed = random_seed().unwrap_or_else(|_| dump::wall_clock(Duration::ZERO).subsec_nanos().into());
        Self { sessions: Sessions::new(seed), configs: Vec::new(), outputs: BTreeMap::new(), inputs: Vec::new() }
    }
}

/// From the kernel: aws-lc gathers entropy for 40 ms before its first number, in which a router that was killed is not back.
fn random_seed() -> io::Result<u64> {
    let mut seed = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(u64::from_ne_bytes(seed))
}

impl BfdSessions {
    /// Takes the blocks of a configuration in; the answer tells of each how it stands.
    pub fn configure(&mut self, configs: &[BfdInstance], now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        let mut actions = Vec::new();
        self.sessions.configure(configs, &mut actions);
        let mut events = self.perform(now, actions, log);
        self.configs = configs.to_vec();
        self.outputs.clear();
        for config in configs {
            if !self.open(config, log) {
                let name = &config.name;
                log.info(&format!("({name}) Unable to open output socket, disabling instance"));
                events.extend(self.step(now, &bfd::Event::Output { session: name.clone(), open: false }, log));
            }
        }
        self.listen(log);
        events.extend(self.step(now, &bfd::Event::Start, log));
        events
    }

    /// What to wait on.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.inputs.iter().map(|input| input.socket.as_fd())
    }

    /// When [`BfdSessions::run_due`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.sessions.next_deadline()
    }

    /// What is due now.
    pub fn run_due(&mut self, now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        match self.next_deadline() {
            Some(deadline) if deadline <= now => self.step(now, &bfd::Event::Deadline, log),
            _ => Vec::new(),
        }
    }

    /// What has come in.
    pub fn receive(&mut self, now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        let mut received = Vec::new();
        for input in &self.inputs {
            for _ in 0..PACKETS_A_ROUND {
                match input.socket.receive() {
                    Ok(Some(Datagram { bytes, source, destination: Some(destination), hop_limit })) => {
                        let multihop = input.multihop;
                        received.push(Received { source, destination, hop_limit, multihop, bytes });
                    }
                    Ok(_) => break,
                    Err(error) => {
                        log.info(&format!("recvmsg() error ({})", os_error::description(&error)));
                        break;
                    }
                }
            }
        }
        received.into_iter().flat_map(|received| self.step(now, &bfd::Event::Received(received), log)).collect()
    }

    fn step(&mut self, now: Monotonic, event: &bfd::Event, log: &KeepalivedLog) -> Vec<Event> {
        let mut actions = Vec::new();
        self.sessions.step(now, event, &mut actions);
        self.perform(now, actions, log)
    }

    fn perform(&mut self, now: Monotonic, actions: Vec<Action>, log: &KeepalivedLog) -> Vec<Event> {
        let mut events = Vec::new();
        for action in actions {
            match action {
                Action::Send { session, packet } => self.send(&session, packet, log),
                Action::Open { session } => {
                    let config = self.configs.iter().find(|config| config.name == session).cloned();
                    let open = config.is_some_and(|config| self.open(&config, log));
                    events.extend(self.step(now, &bfd::Event::Output { session, open }, log));
                }
                Action::Told { session, up } => events.push(Event::Bfd { session, up }),
                Action::Report(report) if report.is_detail() => {
                    report.lines().iter().for_each(|line| log.detail(line));
                }
                Action::Report(report) => report.lines().iter().for_each(|line| log.info(line)),
            }
        }
        events
    }

    fn send(&mut self, session: &str, packet: Control, log: &KeepalivedLog) {
        let Some(output) = self.outputs.get_mut(session) else { return };
        let outcome = output.socket.send_to(&packet.bytes(), output.to);
        if let Some(error) = outcome.as_ref().err().filter(|_| !output.failed) {
            log.info(&format!("sendto() error ({})", os_error::description(error)));
            log.info(&format!("({session}) Error sending packet"));
        }
        output.failed = outcome.is_err();
    }

    fn open(&mut self, config: &BfdInstance, log: &KeepalivedLog) -> bool {
        let port = if config.multihop { MULTIHOP_PORT } else { PORT };
        match socket_of(config) {
            Ok(socket) => {
                let to = SocketAddr::from((config.neighbor, port));
                self.outputs.insert(config.name.clone(), Output { to, socket, failed: false });
                true
            }
            Err(error) => {
                log.info(&format!("({}) bind() error ({})", config.name, os_error::description(&error)));
                false
            }
        }
    }

    /// Hears what sessions need to hear, and nothing else.
    fn listen(&mut self, log: &KeepalivedLog) {
        let is_needed = |multihop: bool, v6: bool| {
            self.configs.iter().any(|config| config.multihop == multihop && config.neighbor.is_ipv6() == v6)
        };
        let kinds = [(false, false), (false, true), (true, false), (true, true)];
        let needed: Vec<(bool, bool)> = kinds.into_iter().filter(|(multihop, v6)| is_needed(*multihop, *v6)).collect();
        self.inputs.retain(|input| needed.contains(&(input.multihop, input.v6)));
        for (multihop, v6) in needed {
            if self.inputs.iter().any(|input| (input.multihop, input.v6) == (multihop, v6)) {
                continue;
            }
            let (port, kind) = if multihop { (MULTIHOP_PORT, "multihop ") } else { (PORT, "") };
            match HopSocket::listen(v6, port) {
                Ok(socket) => self.inputs.push(Input { multihop, v6, socket }),
                Err(error) => {
                    let number = error.raw_os_error().unwrap_or_default();
                    log.info(&format!("bind() error {number} ({})", os_error::description(&error)));
                    log.info(&format!("Unable to open {kind}listening socket"));
                }
            }
        }
    }
}

/// With a source address, from a free port of the range; without one the kernel chooses both.
fn socket_of(config: &BfdInstance) -> io::Result<UdpSocket> {
    let Some(source) = config.source else {
        let any = match config.neighbor {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        return hop_socket::sender(SocketAddr::from((any, 0)), config.ttl);
    };
    let begin = dump::wall_clock(Duration::ZERO).subsec_micros() as u16 % PORTS;
    let mut outcome = Err(io::ErrorKind::AddrInUse.into());
    for step in 0..PORTS {
        let port = FIRST_PORT + (begin + step) % PORTS;
        outcome = hop_socket::sender(SocketAddr::from((source, port)), config.ttl);
        if !matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::AddrInUse) {
            break;
        }
    }
    outcome
}
