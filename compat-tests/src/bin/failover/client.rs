//! A client that asks the virtual address every few milliseconds, and nodes that answer with their name.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use compat_tests::lab::{ELECTION, Node};

const PORT: u16 = 4711;
const PAUSE: Duration = Duration::from_millis(5);
/// How long a thread waits for a datagram before it looks whether all is over.
const LOOK: Duration = Duration::from_millis(200);

/// Who answered, and when.
type Answers = Arc<Mutex<Vec<(Instant, char)>>>;

/// Asks until it is dropped.
pub struct Client {
    answers: Answers,
    is_over: Arc<AtomicBool>,
}

impl Client {
    pub fn start(asking: &Node, answering: &[Node], address: IpAddr) -> Self {
        let client = Self { answers: Answers::default(), is_over: Arc::default() };
        for (node, name) in answering.iter().zip(["a", "b"]) {
            let socket = socket_in(node, PORT);
            let is_over = client.is_over.clone();
            std::thread::spawn(move || answer(&socket, name, &is_over));
        }
        let socket = socket_in(asking, 0);
        let listening = socket.try_clone().expect("a socket can be shared");
        let (is_over, answers) = (client.is_over.clone(), client.answers.clone());
        std::thread::spawn(move || listen(&listening, &answers, &is_over));
        let is_over = client.is_over.clone();
        std::thread::spawn(move || ask(&socket, to_v6(address), &is_over));
        client
    }

    fn since(&self, begin: Instant) -> Vec<(Instant, char)> {
        let answers = self.answers.lock().expect("nobody panics while it is held");
        let from = answers.partition_point(|(at, _)| *at < begin);
        answers[from..].to_vec()
    }

    /// Waits until this node alone has answered for some time, without a gap.
    pub fn wait_for(&self, name: &str, calm: Duration, nodes: &[&Node]) {
        let begin = Instant::now();
        let is_calm = || {
            let answers = self.since(begin.max(Instant::now() - calm));
            begin.elapsed() >= calm
                && answers.len() as u128 > calm.as_millis() / PAUSE.as_millis() / 2
                && answers.iter().all(|(_, who)| name.starts_with(*who))
        };
        while !is_calm() {
            let logs = || nodes.iter().map(|node| format!("== \n{}", node.log())).collect::<String>();
            assert!(begin.elapsed() < ELECTION, "{name} never became the only one that answers\n{}", logs());
            std::thread::sleep(PAUSE * 4);
        }
    }

    /// From a moment until this node was the only one that answered.
    pub fn alone_after(&self, begin: Instant, name: &str) -> Duration {
        let answers = self.since(begin);
        let others = answers.iter().rposition(|(_, who)| !name.starts_with(*who)).map_or(0, |last| last + 1);
        let first = answers.get(others).expect("it was waited for");
        first.0 - begin
    }

    /// The longest time without an answer, begun after the last answer before a moment.
    pub fn longest_gap(&self, begin: Instant) -> Duration {
        let answers = self.since(begin - Duration::from_millis(500));
        answers.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
    }

    /// How long the first node went on answering after the second one had begun.
    pub fn both_answered(&self, begin: Instant) -> Duration {
        let answers = self.since(begin);
        let first = answers.iter().find(|(_, who)| *who == 'b').map(|(at, _)| *at);
        let last = answers.iter().rfind(|(_, who)| *who == 'a').map(|(at, _)| *at);
        first.zip(last).map(|(first, last)| last.saturating_duration_since(first)).unwrap_or_default()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// A socket for both families. It answers from the node's own address: whoever asks looks at the name alone.
fn socket_in(node: &Node, port: u16) -> UdpSocket {
    let socket = node.inside(move |_| UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port))).expect("the port is free");
    socket.set_read_timeout(Some(LOOK)).expect("it is not zero");
    socket
}

fn to_v6(address: IpAddr) -> SocketAddr {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    (address, PORT).into()
}

fn answer(socket: &UdpSocket, name: &str, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((_, from)) = socket.recv_from(&mut [0; 8]) {
            // A node without a cable answers nobody.
            let _ = socket.send_to(name.as_bytes(), from);
        }
    }
}

fn listen(socket: &UdpSocket, answers: &Answers, is_over: &AtomicBool) {
    let mut name = [0];
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((1, _)) = socket.recv_from(&mut name) {
            let now = Instant::now();
            answers.lock().expect("nobody panics while it is held").push((now, name[0].into()));
        }
    }
}

fn ask(socket: &UdpSocket, to: SocketAddr, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        // Nobody may be there to be asked.
        let _ = socket.send_to(&[0], to);
        std::thread::sleep(PAUSE);
    }
}
