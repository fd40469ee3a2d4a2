//! The sequence of peers over thousands of picks, nginx's beside ours; passes over a method whose original is not installed.

use evenkeel::balance::{Balancer, Method, Outcome, Peer, Times};
use evenkeel::ir::upstream::{Fair, WeightMode};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const NGINX: &str = "/usr/sbin/nginx";
const FAIR: &str = "/usr/lib/nginx/modules/ngx_http_upstream_fair_module.so";
const NOW_MS: i64 = 1_000_000_000;
/// Longer than a test runs, so that a server out of use stays so on both sides.
const FAIL_TIMEOUT_S: i64 = 1000;

#[derive(Clone)]
struct Server {
    parameters: &'static str,
    peer: Peer,
    backup: bool,
    dead: bool,
}

fn server(parameters: &'static str) -> Server {
    let mut server = Server { parameters, peer: Peer::new(b""), backup: false, dead: false };
    server.peer.fail_timeout_s = FAIL_TIMEOUT_S;
    for word in parameters.split_whitespace() {
        match word.split_once('=') {
            Some(("weight", value)) => server.peer.weight = value.parse().expect("a number"),
            Some(("max_conns", value)) => server.peer.max_conns = value.parse().expect("a number"),
            Some(("max_fails", value)) => server.peer.max_fails = value.parse().expect("a number"),
            Some(("route", _)) => {}
            None if word == "down" => server.peer.down = true,
            None if word == "backup" => server.backup = true,
            None if word == "dead" => server.dead = true,
            _ => panic!("unknown parameter {word}"),
        }
    }
    server
}

struct Original {
    child: Child,
    clock: Clock,
    prefix: PathBuf,
    port: u16,
}

impl Drop for Original {
    fn drop(&mut self) {
        // Asked, not killed, so that nginx takes its worker along.
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.prefix);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound").port()
}

/// The randomness that both sides draw from, in the same order.
struct Draws(u64);

impl Draws {
    const SEED: u64 = 1;
    /// The same in the place of the C library's `random()`, which nginx draws from.
    const SOURCE: &str = "#include <stdint.h>
        static uint64_t state = 1;
        void srandom(unsigned seed) { (void) seed; }
        long random(void) { state = state * 6364136223846793005u + 1442695040888963407u; return (long) (state >> 33); }";

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).expect("31 bits")
    }
}

/// A library for `LD_PRELOAD`.
fn library(folder: &Path, text: &str) -> PathBuf {
    let (source, library) = (folder.join("preload.c"), folder.join("preload.so"));
    std::fs::write(&source, text).expect("scratch folder");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(compiled.is_ok_and(|status| status.success()), "the C compiler that cargo links with");
    library
}

/// The time that both sides read, which goes on when the test says so.
struct Clock {
    now_ms: i64,
    file: File,
}

impl Clock {
    /// The C library's clocks, read from the file that the environment names.
    const SOURCE: &str = "#include <fcntl.h>
        #include <stdint.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/time.h>
        #include <time.h>
        static volatile int64_t *now_ms;
        __attribute__((constructor)) static void begin(void) {
            now_ms = mmap(0, 8, PROT_READ, MAP_SHARED, open(getenv(\"CLOCK\"), O_RDONLY), 0);
        }
        int clock_gettime(clockid_t id, struct timespec *time) {
            (void) id;
            time->tv_sec = *now_ms / 1000;
            time->tv_nsec = *now_ms % 1000 * 1000000;
            return 0;
        }
        int gettimeofday(struct timeval *time, void *zone) {
            (void) zone;
            time->tv_sec = *now_ms / 1000;
            time->tv_usec = *now_ms % 1000 * 1000;
            return 0;
        }";

    fn path(prefix: &Path) -> PathBuf {
        prefix.join("clock")
    }

    fn begin(prefix: &Path) -> Clock {
        let file = File::create(Self::path(prefix)).expect("scratch folder");
        let mut clock = Clock { now_ms: NOW_MS, file };
        clock.advance(0);
        clock
    }

    fn advance(&mut self, by_ms: i64) {
        self.now_ms += by_ms;
        self.file.write_all_at(&self.now_ms.to_ne_bytes(), 0).expect("eight bytes");
    }
}

/// The original that knows a method: for `sticky` and `least_time`, which are newer than 1.22, the one that `NGINX_ORIGINAL` names.
fn original_for(name: &str, directive: &str) -> Option<PathBuf> {
    let is_new = directive.starts_with("sticky") || directive.starts_with("least_time");
    let program = if is_new { std::env::var_os("NGINX_ORIGINAL").map(PathBuf::from) } else { Some(NGINX.into()) };
    let has_module = !directive.starts_with("fair") || Path::new(FAIR).exists();
    let found = program.filter(|program| program.exists() && has_module);
    if found.is_none() {
        eprintln!("{name}: no original that knows it is installed");
    }
    found
}

fn start(program: &Path, name: &str, directive: &str, names: &[String], servers: &[Server]) -> Original {
    let prefix = std::env::temp_dir().join(format!("evenkeel-balance-{}-{name}", std::process::id()));
    std::fs::create_dir_all(prefix.join("logs")).expect("scratch folder");
    let port = free_port();
    let mut upstream = String::new();
    let mut listen = String::new();
    for (name, server) in names.iter().zip(servers) {
        let parameters = server.parameters.replace("dead", "");
        writeln!(upstream, "server {name} {parameters} fail_timeout={FAIL_TIMEOUT_S}s;").expect("a string");
        if !server.dead {
            writeln!(listen, "listen {name};").expect("a string");
        }
    }
    let module = if directive.starts_with("fair") { format!("load_module {FAIR};") } else { String::new() };
    // Without a line of its own the server would listen on port 80, where only one can.
    let living = if listen.is_empty() {
        String::new()
    } else {
        format!("server {{ {listen} add_header X-Session $http_x_real_ip; return 204; }}")
    };
    let text = format!(
        "{module} daemon off; master_process off; pid logs/pid; error_log logs/error.log;
         events {{ worker_connections 500; }}
         http {{
             access_log off; keepalive_requests 1000000;
             client_body_temp_path logs/a; proxy_temp_path logs/b; fastcgi_temp_path logs/c;
             uwsgi_temp_path logs/d; scgi_temp_path logs/e;
             set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
             upstream u {{ {directive} {upstream} }}
             {living}
             server {{
                 listen 127.0.0.1:{port};
                 location / {{ proxy_pass http://u; add_header X-Peers $upstream_addr always; }}
             }}
         }}"
    );
    std::fs::write(prefix.join("nginx.conf"), text).expect("scratch folder");
    let mut command = Command::new(program);
    let clock = Clock::begin(&prefix);
    if directive.starts_with("random") {
        command.env("LD_PRELOAD", library(&prefix, Draws::SOURCE));
    }
    if directive.starts_with("least_time") {
        command.env("LD_PRELOAD", library(&prefix, Clock::SOURCE)).env("CLOCK", Clock::path(&prefix));
    }
    let child = command
        .args(["-p", &format!("{}/", prefix.display()), "-c", "nginx.conf", "-e", "logs/error.log"])
        .stderr(Stdio::null())
        .spawn()
        .expect("nginx starts");
    let original = Original { child, clock, prefix, port };
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return original;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = std::fs::read_to_string(original.prefix.join("logs/error.log")).unwrap_or_default();
    panic!("nginx did not start: {log}");
}

/// One request after the other on one connection; the `X-Peers` of each answer.
fn ask_original(original: &Original, keys: &[String]) -> Vec<String> {
    let mut writer = TcpStream::connect(("127.0.0.1", original.port)).expect("nginx listens");
    writer.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut reader = BufReader::new(writer.try_clone().expect("a second handle"));
    keys.iter().map(|key| one_exchange(&mut writer, &mut reader, key)).collect()
}

fn one_exchange(writer: &mut TcpStream, reader: &mut BufReader<TcpStream>, key: &str) -> String {
    let request = format!("GET /?k={key} HTTP/1.1\r\nHost: a\r\nX-Real-IP: {key}\r\nCookie: place={key}\r\n\r\n");
    writer.write_all(request.as_bytes()).expect("nginx reads");
    let (mut peers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("nginx answers");
        match line.trim_end().split_once(": ") {
            Some(("X-Peers", value)) => peers = value.to_owned(),
            Some(("Content-Length", value)) => length = value.parse().expect("a number"),
            None if line == "\r\n" => break,
            None => assert!(line.starts_with("HTTP/1.1 "), "{line:?}"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    peers
}

fn balancer(method: Method, names: &[String], servers: &[Server]) -> Balancer {
    let named = names
        .iter()
        .zip(servers)
        .map(|(name, server)| (Peer { server: name.as_bytes().into(), ..server.peer.clone() }, server.backup));
    let (backup, primary): (Vec<_>, Vec<_>) = named.partition(|(_, backup)| *backup);
    let only = |list: Vec<(Peer, bool)>| list.into_iter().map(|(peer, _)| peer).collect();
    Balancer::new(method, only(primary), only(backup))
}

/// The bytes that `ip_hash` hashes.
fn address_key(text: &str) -> Vec<u8> {
    match text.parse().expect("an address") {
        std::net::IpAddr::V4(address) => address.octets()[..3].to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn ask_ours(balancer: &Balancer, method: Method, names: &[String], servers: &[Server], keys: &[String]) -> Vec<String> {
    let place = |backup: bool| -> Vec<usize> { (0..servers.len()).filter(|i| servers[*i].backup == backup).collect() };
    let places = [place(false), place(true)];
    let mut draws = Draws(Draws::SEED);
    let mut walk = |key: &String| {
        let key = if method == Method::IpHash { address_key(key) } else { key.clone().into_bytes() };
        let mut session = balancer.start(&key);
        let mut tried = Vec::new();
        loop {
            let Ok(id) = balancer.pick(&mut session, NOW_MS, &mut || draws.next()) else {
                tried.push("u".to_owned());
                break;
            };
            let at = places[usize::from(id.backup)][id.index];
            tried.push(names[at].clone());
            let outcome = if servers[at].dead { Outcome::Failed } else { Outcome::Served };
            balancer.release(&mut session, outcome, Times::default(), NOW_MS);
            if outcome == Outcome::Served || session.tries == 0 {
                break;
            }
        }
        tried.join(", ")
    };
    keys.iter().map(&mut walk).collect()
}

fn compare(name: &str, directive: &str, method: Method, parameters: &[&'static str], keys: &[String]) {
    let Some(program) = original_for(name, directive) else { return };
    let servers: Vec<Server> = parameters.iter().map(|words| server(words)).collect();
    let port = free_port();
    // A port below 10 has no listener: the connect is refused.
    let port_of = |at: usize| if servers[at].dead { 9 } else { port };
    let names: Vec<String> = (0..servers.len()).map(|at| format!("127.0.1.{}:{}", at + 1, port_of(at))).collect();
    let original = start(&program, name, directive, &names, &servers);
    let theirs = ask_original(&original, keys);
    let ours = ask_ours(&balancer(method, &names, &servers), method, &names, &servers, keys);
    for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert_eq!(theirs, ours, "{name}: pick {at}, key {}", keys[at]);
    }
}

const PICKS: usize = 10_000;

fn same_key() -> Vec<String> {
    vec!["127.0.0.9".to_owned(); PICKS]
}

/// Keys in no order, the same in every run.
fn keys() -> Vec<String> {
    (0..PICKS as u64).map(|i| format!("key-{:x}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect()
}

fn addresses() -> Vec<String> {
    let address = |i: usize| match i % 5 {
        0 => format!("2001:db8:{:x}::{:x}", i % 65536, i / 7),
        _ => format!("{}.{}.{}.{}", 1 + i % 223, i / 3 % 256, i / 11 % 256, i % 256),
    };
    (0..PICKS).map(address).collect()
}

#[test]
fn round_robin() {
    let compare = |name, servers| compare(name, "", Method::RoundRobin, servers, &same_key());
    compare("rr-plain", &["", "", ""]);
    compare("rr-weights", &["weight=5", "", "weight=2", "weight=3"]);
    compare("rr-down-and-backup", &["weight=2", "down", "backup", ""]);
    compare("rr-one-dead", &["weight=3", "dead", "", "weight=2"]);
    compare("rr-slow-to-give-up", &["weight=10", "dead weight=10 max_fails=3", "weight=4"]);
    compare("rr-never-gives-up", &["", "dead max_fails=0", "weight=2"]);
    compare("rr-only-backup-alive", &["dead", "dead max_fails=2", "backup", "backup weight=3"]);
    compare("rr-none-alive", &["dead", "dead"]);
    compare("rr-single", &[""]);
    compare("rr-single-dead", &["dead"]);
    compare("rr-single-with-backup", &["dead", "backup"]);
    compare("rr-many", &[""; 70]);
}

#[test]
fn ip_hash() {
    let compare = |name, servers| compare(name, "ip_hash;", Method::IpHash, servers, &addresses());
    compare("ip-plain", &["", "", ""]);
    compare("ip-weights", &["weight=5", "", "weight=2", ""]);
    compare("ip-down-and-dead", &["", "down", "dead", "weight=3", ""]);
    compare("ip-all-down-but-one", &["down", "down", "down", ""]);
    compare("ip-single", &[""]);
}

#[test]
fn hash() {
    let compare = |name, servers| compare(name, "hash $arg_k;", Method::Hash, servers, &keys());
    compare("hash-plain", &["", "", ""]);
    compare("hash-weights", &["weight=5", "", "weight=2", ""]);
    compare("hash-down-and-dead", &["", "down", "dead max_fails=0", "weight=3", ""]);
    compare("hash-single", &[""]);
}

#[test]
fn hash_of_nothing_is_round_robin() {
    compare("hash-empty", "hash $http_none;", Method::Hash, &["", "weight=2", "down", ""], &vec![String::new(); 50]);
}

#[test]
fn consistent_hash() {
    let compare = |name, servers| compare(name, "hash $arg_k consistent;", Method::ConsistentHash, servers, &keys());
    compare("chash-plain", &["", "", ""]);
    compare("chash-weights", &["weight=5", "", "weight=2", ""]);
    compare("chash-down-and-dead", &["", "down", "dead max_fails=0", "weight=3", ""]);
    compare("chash-single", &[""]);
}

/// Both draw the same numbers, and make the same of them.
#[test]
fn random() {
    let compare = |name, servers| {
        compare(&format!("random-{name}"), "random;", Method::Random { two: false }, servers, &same_key());
        compare(&format!("two-{name}"), "random two;", Method::Random { two: true }, servers, &same_key());
    };
    compare("plain", &["", "", ""]);
    compare("weights", &["weight=5", "", "weight=2", ""]);
    compare("down", &["", "down", "weight=3", ""]);
    compare("single", &[""]);
}

/// On the wire, since the cookie leads there.
#[test]
fn sticky() {
    let Some(original) = original_for("sticky", "sticky") else { return };
    let ours = compat_tests::subject::ours().expect("evenkeel builds").nginx;
    let parameters = ["", "weight=3 route=b", "weight=2 route=c", "down route=d", "backup route=e", "dead route=f"];
    let servers: Vec<Server> = parameters.iter().map(|words| server(words)).collect();
    let port = free_port();
    let port_of = |at: usize| if servers[at].dead { 9 } else { port };
    let names: Vec<String> = (0..servers.len()).map(|at| format!("127.0.1.{}:{}", at + 1, port_of(at))).collect();
    let routes = ["b", "c", "d", "e", "f", "", "none", "b", "c", ""];
    let keys: Vec<String> = (0..PICKS).map(|pick| routes[pick / 3 * 7 % 10].to_owned()).collect();
    let lookup = "sticky learn create=$upstream_http_x_session lookup=$arg_k zone=sessions:1m;";
    for (name, directive) in [
        ("sticky-route", "sticky route $arg_k;"),
        ("sticky-cookie", "sticky cookie place;"),
        ("sticky-learn", &format!("zone shared 256k; {lookup}")),
    ] {
        let ask = |program: &Path| ask_original(&start(program, name, directive, &names, &servers), &keys);
        assert_eq!(ask(&original), ask(&ours), "{name}");
    }
}

#[test]
fn least_conn_when_idle() {
    let compare = |name, servers| compare(name, "least_conn;", Method::LeastConn, servers, &same_key());
    compare("least-plain", &["", "", ""]);
    compare("least-weights", &["weight=5", "", "weight=2", "backup"]);
    compare("least-dead", &["", "dead", "weight=4", "dead max_fails=0"]);
}

#[test]
fn fair_when_idle() {
    let compare = |name, servers| compare(name, "fair;", Method::Fair(Fair::default()), servers, &same_key());
    compare("fair-plain", &["", "", ""]);
    compare("fair-weights", &["weight=5", "", "weight=2"]);
    compare("fair-ascending", &["", "weight=2", "weight=2"]);
}

/// A request that its server has not answered.
struct Held {
    client: TcpStream,
    server: TcpStream,
    session: evenkeel::balance::Session,
    since_ms: i64,
}

/// Requests that are held by their servers, begun and ended in no order, the same in every run.
struct Load {
    original: Original,
    listeners: Vec<TcpListener>,
    held: Vec<Held>,
    draws: Draws,
}

impl Load {
    /// One more request; the server that nginx gives it, or none.
    fn begin(&mut self, balancer: &Balancer) -> (Option<usize>, Option<usize>) {
        let mut client = TcpStream::connect(("127.0.0.1", self.original.port)).expect("nginx listens");
        client.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        client.write_all(b"GET / HTTP/1.0\r\nHost: a\r\nX-Real-IP: 127.0.0.9\r\n\r\n").expect("nginx reads");
        let (theirs, server) = loop {
            let accepted =
                self.listeners.iter().enumerate().find_map(|(at, listener)| Some((at, listener.accept().ok()?)));
            if let Some((at, (server, _))) = accepted {
                break (Some(at), Some(server));
            }
            if client.read(&mut [0; 512]).is_ok_and(|length| length > 0) {
                break (None, None);
            }
        };
        let mut session = balancer.start(b"");
        let now_ms = self.original.clock.now_ms;
        let ours = balancer.pick(&mut session, now_ms, &mut || self.draws.next()).ok().map(|id| id.index);
        if let Some(server) = server {
            self.held.push(Held { client, server, session, since_ms: now_ms });
        }
        (theirs, ours)
    }

    /// A server answers.
    fn end(&mut self, which: usize, balancer: &Balancer) {
        let Held { mut client, mut server, mut session, since_ms } = self.held.swap_remove(which);
        server.set_nonblocking(false).expect("a socket");
        let _ = server.read(&mut [0; 4096]).expect("the request");
        server.write_all(b"HTTP/1.0 200 OK\r\n\r\nok").expect("nginx reads");
        drop(server);
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        client.read_to_end(&mut Vec::new()).expect("the answer");
        let now_ms = self.original.clock.now_ms;
        let took_ms = (now_ms - since_ms).cast_unsigned();
        balancer.note_header(&mut session, took_ms, now_ms);
        let times = Times { header_ms: Some(took_ms), response_ms: Some(took_ms) };
        balancer.release(&mut session, Outcome::Served, times, now_ms);
    }
}

/// Every second step is a pick.
const STEPS: u64 = 4_000;

/// Of each of several rules so many steps are enough.
const FEWER_STEPS: u64 = 1_000;

fn compare_under_load(name: &str, directive: &str, method: Method, parameters: &[&'static str], most_held: usize) {
    compare_steps(STEPS, name, directive, method, parameters, most_held);
}

fn compare_steps(
    usual_steps: u64,
    name: &str,
    directive: &str,
    method: Method,
    parameters: &[&'static str],
    most_held: usize,
) {
    let Some(program) = original_for(name, directive) else { return };
    let steps = std::env::var("EVENKEEL_BALANCE_STEPS").map_or(usual_steps, |steps| steps.parse().expect("a number"));
    // nginx itself listens for servers that live; these are ours.
    let servers: Vec<Server> = parameters.iter().map(|words| Server { dead: true, ..server(words) }).collect();
    let listeners: Vec<TcpListener> =
        (0..servers.len()).map(|at| TcpListener::bind(format!("127.0.1.{}:0", at + 1)).expect("loopback")).collect();
    let names: Vec<String> =
        listeners.iter().map(|listener| listener.local_addr().expect("bound").to_string()).collect();
    listeners.iter().for_each(|listener| listener.set_nonblocking(true).expect("a socket"));
    let balancer = balancer(method, &names, &servers);
    let original = start(&program, name, directive, &names, &servers);
    let mut load = Load { original, listeners, held: Vec::new(), draws: Draws(Draws::SEED) };
    for step in 0..steps {
        let lot = (step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize;
        let held = load.held.len();
        if matches!(method, Method::LeastTime { .. }) {
            // Now and then nobody asks for so long that what is known of the servers' times fades.
            let idle_ms = if held == 0 && lot.is_multiple_of(5) { (FAIL_TIMEOUT_S + 1) * 1000 } else { 0 };
            load.original.clock.advance(idle_ms + (lot % 53) as i64);
        }
        if held > 0 && (held >= most_held || lot.is_multiple_of(2)) {
            load.end(lot / 2 % held, &balancer);
            continue;
        }
        let (theirs, ours) = load.begin(&balancer);
        assert_eq!(theirs, ours, "{name}: step {step}, {held} requests held");
    }
}

#[test]
fn least_conn_under_load() {
    let compare = |name, servers, most| compare_under_load(name, "least_conn;", Method::LeastConn, servers, most);
    compare("load-plain", &["", "", ""], 7);
    compare("load-weights", &["weight=5", "", "weight=2", "weight=3"], 20);
    compare("load-down", &["weight=3", "down", "weight=2"], 9);
}

#[test]
fn limits_under_load() {
    let compare = |name, servers, most| compare_under_load(name, "", Method::RoundRobin, servers, most);
    compare("limit-plain", &["max_conns=2", "max_conns=1", "max_conns=3"], 8);
    compare("limit-weights", &["weight=4 max_conns=3", "weight=2", "max_conns=1"], 9);
    compare_under_load("limit-least", "least_conn;", Method::LeastConn, &["max_conns=2", "weight=3 max_conns=2"], 6);
}

#[test]
fn random_under_load() {
    let compare = |name, servers, most| {
        compare_under_load(name, "random two least_conn;", Method::Random { two: true }, servers, most);
    };
    compare("load-two", &["", "", "", ""], 9);
    compare("load-two-weights", &["weight=5", "", "weight=2", "weight=3 max_conns=2"], 12);
}

#[test]
fn fair_under_load() {
    let compare = |name, directive, rule, servers, most| {
        compare_steps(FEWER_STEPS, name, directive, Method::Fair(rule), servers, most);
    };
    compare_under_load("load-fair", "fair;", Method::Fair(Fair::default()), &["", "", ""], 7);
    compare("load-fair-weights", "fair;", Fair::default(), &["weight=5", "", "weight=2"], 12);
    let weights = &["weight=3", "", "weight=2"];
    let rule = |no_rr, weight_mode| Fair { no_rr, weight_mode };
    compare("load-fair-no-rr", "fair no_rr;", rule(true, WeightMode::Load), weights, 7);
    compare("load-fair-idle", "fair weight_mode=idle;", rule(false, WeightMode::Idle), weights, 9);
    compare("load-fair-first-idle", "fair no_rr weight_mode=idle;", rule(true, WeightMode::Idle), weights, 9);
    compare("load-fair-peak", "fair weight_mode=peak;", rule(false, WeightMode::Peak), weights, 7);
}

/// Both read the same clock, so that what servers seem to take is the same, too.
#[test]
fn least_time_under_load() {
    let compare = |name, directive, last_byte, inflight, servers, most| {
        compare_under_load(name, directive, Method::LeastTime { last_byte, inflight }, servers, most);
    };
    let weights = &["weight=5", "", "weight=2", "weight=3"];
    compare("time-header", "least_time header;", false, false, &["", "", ""], 7);
    compare("time-last-byte", "least_time last_byte;", true, false, weights, 12);
    compare("time-waiting", "least_time header inflight;", false, true, weights, 9);
    compare("time-waiting-all", "least_time last_byte inflight;", true, true, &["", "max_conns=3", "weight=2"], 8);
}
