//! Namespaces on a bridge, a daemon in each; everything is taken away again whatever happens.

use std::cell::RefCell;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::program::Program;
use crate::subject;

/// Far longer than any of it takes, because a machine may have other work.
pub const ELECTION: Duration = Duration::from_secs(40);

const ADDRESS: &str = "198.51.100.100/24";
/// An address that comes and goes to show that somebody watches.
const SIGN: &str = "127.9.9.9/32";
/// Between two looks at what shall come about.
const PAUSE: Duration = Duration::from_millis(50);
/// How long whatever needs a moment may take on a machine with other work.
const PATIENCE: Duration = ELECTION;

/// Evenkeel, asked of cargo once: it may have to wait for others that build.
fn ours() -> &'static Program {
    static OURS: OnceLock<Program> = OnceLock::new();
    OURS.get_or_init(|| subject::ours().expect("evenkeel builds"))
}

/// keepalived as it is installed, or another one that the environment names.
fn original() -> PathBuf {
    std::env::var_os("KEEPALIVED_ORIGINAL").unwrap_or_else(|| "/usr/sbin/keepalived".into()).into()
}

/// Which program runs on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Ours.
    Evenkeel,
    /// The original.
    Keepalived,
}

impl Which {
    /// Whether it can be started here.
    pub fn exists(self) -> bool {
        self == Self::Evenkeel || original().exists()
    }

    /// Whether it knows `auth_hmac`.
    pub fn signs_adverts(self) -> bool {
        self.says_of_itself("Keepalived v2.4")
    }

    /// Whether it was built with BFD.
    pub fn knows_bfd(self) -> bool {
        self.says_of_itself(" BFD ")
    }

    /// Whether `-v` has these words; ours is and has all that there is.
    fn says_of_itself(self, words: &str) -> bool {
        let version = || Command::new(original()).arg("-v").output().expect("it says its version").stderr;
        self == Self::Evenkeel || String::from_utf8_lossy(&version()).contains(words)
    }

    fn command(self) -> Vec<String> {
        match self {
            Self::Evenkeel => vec![ours().keepalived.display().to_string()],
            Self::Keepalived => vec![original().display().to_string()],
        }
    }
}

/// The pairs to play with; `None`, with a word why, where nothing can be played.
pub fn mixtures() -> Option<Vec<(Which, Which)>> {
    let ip = Command::new("ip").arg("-V").stdout(Stdio::null()).status();
    if !geteuid().is_root() || !ip.is_ok_and(|status| status.success()) {
        println!("skipped: network namespaces need root and ip(8)");
        return None;
    }
    let mut all = vec![(Which::Evenkeel, Which::Evenkeel)];
    if Which::Keepalived.exists() {
        all.extend([(Which::Evenkeel, Which::Keepalived), (Which::Keepalived, Which::Evenkeel)]);
    }
    Some(all)
}

/// A bridge in a namespace of its own, and a directory.
pub struct Lab {
    name: String,
    directory: PathBuf,
    namespaces: RefCell<Vec<String>>,
}

fn ip(words: &[&str]) -> String {
    let output = Command::new("ip").args(words).output().expect("ip(8) was there");
    assert!(output.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The last part of a node's addresses.
fn host(name: &str) -> u8 {
    match name {
        "a" => 1,
        "b" => 2,
        _ => 3,
    }
}

impl Lab {
    /// An empty one.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ek{}x{}", NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let directory = std::env::temp_dir().join(&name);
        fs::create_dir_all(&directory).expect("a scratch directory");
        let lab = Self { name, directory, namespaces: RefCell::default() };
        let switch = lab.namespace("s");
        let bridge = ["link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0"];
        ip(&[&["-n", &switch], &bridge[..]].concat());
        ip(&["-n", &switch, "link", "set", "br0", "up"]);
        lab
    }

    fn namespace(&self, node: &str) -> String {
        /// Two that make the folder of all names at once disturb each other.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let name = format!("{}{node}", self.name);
        let alone = ONE_AT_A_TIME.lock();
        ip(&["netns", "add", &name]);
        drop(alone);
        self.namespaces.borrow_mut().push(name.clone());
        ip(&["-n", &name, "link", "set", "lo", "up"]);
        name
    }

    /// A node with its cable to the bridge, and a configuration with a script of weight -20.
    pub fn node(&self, name: &str, which: Which, priority: u8, wants_master: bool) -> Node {
        let namespace = self.namespace(name);
        let switch = format!("{}s", self.name);
        let port = format!("p{name}");
        ip(&["-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &namespace]);
        ip(&["-n", &switch, "link", "set", &port, "master", "br0", "up"]);
        let host = host(name);
        ip(&["-n", &namespace, "addr", "add", &format!("198.51.100.{host}/24"), "dev", "eth0"]);
        ip(&["-n", &namespace, "link", "set", "eth0", "up"]);
        let base = self.directory.join(name);
        let state = if wants_master { "MASTER" } else { "BACKUP" };
        let fail = base.with_extension("fail").display().to_string();
        let text = format!(
            "global_defs {{\n  script_user root\n  enable_script_security\n}}\nvrrp_script chk {{\n  \
             script \"/usr/bin/test ! -e {fail}\"\n  interval 1\n  timeout 20\n  weight -20\n}}\nvrrp_instance LAB {{\n  state {state}\n  \
             interface eth0\n  virtual_router_id 51\n  priority {priority}\n  advert_int 1\n  authentication {{\n    \
             auth_type PASS\n    auth_pass 1111\n  }}\n  virtual_ipaddress {{\n  {ADDRESS}\n  }}\n  \
             track_script {{\n    chk\n  }}\n}}\n"
        );
        fs::write(base.with_extension("conf"), text).expect("a configuration");
        Node { which, namespace, base, process: None, runs_all: false }
    }

    /// Takes a node's port out of the switch, or puts it back: its link stays up, and nothing comes through.
    pub fn cut(&self, node: &str, cut: bool) {
        let (switch, port) = (format!("{}s", self.name), format!("p{node}"));
        let master: &[&str] = if cut { &["nomaster"] } else { &["master", "br0"] };
        ip(&[&["-n", &switch, "link", "set", &port], master].concat());
    }

    /// Takes the carrier away from a node's cable, or gives it back.
    pub fn port(&self, node: &str, up: bool) {
        let (switch, port) = (format!("{}s", self.name), format!("p{node}"));
        ip(&["-n", &switch, "link", "set", &port, if up { "up" } else { "down" }]);
    }

    /// A process with a name of its own that sleeps; it is killed when the value goes.
    pub fn process(&self, name: &str) -> Killed {
        let path = self.directory.join(name);
        // No copy: while one is written, a fork of another test holds it open, and it cannot run.
        let _ = std::os::unix::fs::symlink("/bin/sleep", &path);
        Killed(Command::new(&path).arg0(name).arg("1000").spawn().expect("sleep(1) runs under any name"))
    }

    /// Starts both, a being the one that wants to be master: its script fails, the address goes to b, and comes back.
    pub fn move_by_script(&self, a: &mut Node, b: &mut Node) {
        a.start();
        b.start();
        self.wait("a is master", ELECTION, || a.holds() && !b.holds(), &[a, b]);
        a.fail_script(true);
        self.wait("b takes over by weight", ELECTION, || b.holds() && !a.holds(), &[a, b]);
        a.fail_script(false);
        self.wait("a takes it back", ELECTION, || a.holds() && !b.holds(), &[a, b]);
    }

    /// Waits for a state, and panics with the logs where it does not come.
    pub fn wait(&self, what: &str, limit: Duration, reached: impl Fn() -> bool, nodes: &[&Node]) {
        let until = Instant::now() + limit;
        while !reached() {
            let logs = || nodes.iter().map(|node| format!("== {:?}\n{}", node.which, node.log())).collect::<String>();
            assert!(Instant::now() < until, "not reached: {what}\n{}", logs());
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for namespace in self.namespaces.borrow().iter() {
            let pids = Command::new("ip").args(["netns", "pids", namespace]).output();
            let pids = pids.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
            for pid in pids.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
            // keepalived leaves it there when it was killed.
            let _ = fs::remove_dir(Path::new("/run/keepalived").join(namespace));
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A process that does not outlive its value.
pub struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write_script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// A namespace with a daemon.
pub struct Node {
    which: Which,
    namespace: String,
    base: PathBuf,
    process: Option<Child>,
    /// Without `-P`: what concerns no router counts too.
    pub runs_all: bool,
}

impl Node {
    fn file(&self, extension: &str) -> String {
        self.base.with_extension(extension).display().to_string()
    }

    /// Starts the daemon. One that was killed has left its files.
    pub fn start(&mut self) {
        for extension in ["pid", "vrrp", "check", "bfd"] {
            let _ = fs::remove_file(self.file(extension));
        }
        self.spawn(&self.which.command());
    }

    /// Starts the daemon with another file for its log.
    pub fn start_logging_to(&mut self, path: &str) {
        let into = ["/bin/sh", "-c", &format!("exec \"$0\" \"$@\" 2>{path}")].map(str::to_owned);
        self.spawn(&[&into[..], &self.which.command()].concat());
    }

    /// The daemon goes into the namespace by itself: it begins where the kernel tells of processes.
    pub fn start_outside(&mut self) {
        let _ = fs::remove_file(self.file("pid"));
        let options = ["-s", &self.namespace].map(str::to_owned);
        let command = [self.which.command(), options.to_vec()].concat();
        self.process = Some(self.spawned(&command));
    }

    /// Puts evenkeel in the place of what runs, with its files, and waits for the end of that.
    pub fn take_over(&mut self) {
        let keepalived = ours().keepalived.clone();
        let evenkeel = fs::canonicalize(keepalived).expect("the link leads to the binary");
        let words = [&evenkeel.display().to_string(), "keepalived", "--takeover"].map(str::to_owned);
        let mut old = self.process.take().expect("it was started");
        self.spawn(&words);
        self.which = Which::Evenkeel;
        assert!(!old.wait().expect("it ends").success(), "nobody asked it to end: {}", self.log());
    }

    /// The daemon's parent, or with `true` its VRRP process.
    pub fn pid(&self, of_vrrp: bool) -> i32 {
        let file = self.file(if of_vrrp { "vrrp" } else { "pid" });
        fs::read_to_string(file).ok().and_then(|pid| pid.trim().parse().ok()).unwrap_or_default()
    }

    /// Kills one process of the daemon, and no other.
    pub fn kill_one(&self, pid: i32) {
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it runs");
    }

    /// Waits for the parent, which was killed.
    pub fn forget(&mut self) {
        let mut process = self.process.take().expect("it was started");
        process.wait().expect("it ends");
    }

    /// Writes down what becomes of addresses here, until the lab is closed.
    #[expect(clippy::zombie_processes, reason = "it ends with the namespace")]
    pub fn watch_addresses(&self) {
        let file = fs::File::create(self.file("monitor")).expect("a file");
        let words = ["-n", &self.namespace, "-o", "monitor", "address"];
        Command::new("ip").args(words).stdout(file).spawn().expect("ip(8) was there");
        let until = Instant::now() + PATIENCE;
        while fs::read_to_string(self.file("monitor")).is_ok_and(|text| !text.contains(SIGN)) {
            assert!(Instant::now() < until, "ip(8) shows nothing");
            for change in ["add", "del"] {
                ip(&["-n", &self.namespace, "addr", change, SIGN, "dev", "lo"]);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// What became of them.
    pub fn seen_addresses(&self) -> String {
        let text = fs::read_to_string(self.file("monitor")).unwrap_or_default();
        text.lines().filter(|line| !line.contains(SIGN)).collect()
    }

    /// Whether the log says that an instance has become master.
    pub fn is_master(&self, instance: &str) -> bool {
        self.log().contains(&format!("({instance}) Entering MASTER STATE"))
    }

    /// Starts the daemon with further words on its command line.
    pub fn start_with(&mut self, words: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.spawn(&[self.which.command(), words].concat());
    }

    /// Starts the daemon as a service manager does; gives the manager's end.
    pub fn start_as_a_service(&mut self) -> UnixDatagram {
        let path = self.file("manager");
        let manager = UnixDatagram::bind(&path).expect("a socket");
        manager.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        let into = ["/usr/bin/env", &format!("NOTIFY_SOCKET={path}")].map(str::to_owned);
        self.spawn(&[&into[..], &self.which.command()].concat());
        manager
    }

    /// The process that was started.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("it was started").id()
    }

    fn spawn(&mut self, command: &[String]) {
        let into = ["ip", "netns", "exec", &self.namespace].map(str::to_owned);
        self.process = Some(self.spawned(&[&into[..], command].concat()));
    }

    fn spawned(&self, words: &[String]) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.file("log")).expect("a log");
        let mut files = vec![("-f", "conf"), ("-p", "pid"), ("-r", "vrrp"), ("-c", "check")];
        files.extend(self.which.knows_bfd().then_some(("-b", "bfd")));
        let process = Command::new(&words[0])
            .args(&words[1..])
            .args(["-n", "-l", "-D"])
            .args((!self.runs_all).then_some("-P"))
            .args(files.iter().flat_map(|(option, extension)| [(*option).to_owned(), self.file(extension)]))
            .env("TMPDIR", self.temporary())
            .env("EVENKEEL_RECORD", self.file("record"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        process.expect("the program is there")
    }

    /// The last part of its addresses.
    pub fn host(&self) -> u8 {
        host(&self.base.file_name().expect("it has a name").to_string_lossy())
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// What `evenkeel status` says of it.
    pub fn status(&self) -> String {
        let evenkeel = ours().keepalived.clone();
        let evenkeel = fs::canonicalize(evenkeel).expect("the link leads to the binary");
        let words = ["status", "--pid-file", "/nonexistent", "--vrrp-pid-file"];
        let output = Command::new(evenkeel).args(words).arg(self.file("vrrp")).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Whether its interface has this address.
    pub fn has(&self, address: &str) -> bool {
        ip(&["-n", &self.namespace, "-o", "addr", "show", "dev", "eth0"]).contains(&format!(" {address} "))
    }

    /// What ip(8) calls the namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// ip(8) in the namespace.
    pub fn ip(&self, words: &[&str]) -> String {
        ip(&[&["-n", &self.namespace], words].concat())
    }

    /// All routes and rules of the namespace, without the time that a route has still to live, and without those that the kernel
    /// makes for link-local and multicast addresses of IPv6 a while after the interface came up.
    pub fn routing(&self) -> String {
        let lists = [["-4", "route"], ["-6", "route"], ["-4", "rule"], ["-6", "rule"]].map(|[family, what]| {
            let all: &[&str] = if what == "route" { &["table", "all"] } else { &[] };
            ip(&[&["-n", &self.namespace, family, "-d", what, "show"], all].concat())
        });
        let lines = lists.iter().flat_map(|list| list.lines());
        let is_automatic =
            |line: &str| line.contains(" proto kernel") && (line.contains(" fe80::") || line.contains(" ff00::"));
        let lines = lines.filter(|line| !is_automatic(line));
        let without_time = |line: &str| match line.split_once(" expires ") {
            Some((before, after)) => {
                format!("{before} expires{}\n", after.split_once("sec").map_or("", |(_, end)| end))
            }
            None => format!("{line}\n"),
        };
        lines.map(without_time).collect()
    }

    /// Runs in the namespace, in a thread of its own, with the index of its interface.
    pub fn inside<T: Send + 'static>(&self, act: impl FnOnce(u32) -> T + Send + 'static) -> T {
        let file = Path::new("/run/netns").join(&self.namespace);
        let link = ip(&["-n", &self.namespace, "-o", "link", "show", "eth0"]);
        let index = link.split(':').next().and_then(|index| index.parse().ok()).expect("ip(8) begins with it");
        let run = move || {
            evenkeel::sys::namespace::enter_network(&file).expect("the namespace is there");
            act(index)
        };
        std::thread::spawn(run).join().expect("it does not panic")
    }

    /// Takes the interface down, or up again.
    pub fn cable(&self, up: bool) {
        ip(&["-n", &self.namespace, "link", "set", "eth0", if up { "up" } else { "down" }]);
    }

    /// Sets `KEY=VALUE` among the kernel's settings of IPv4.
    pub fn set_ipv4(&self, setting: &str) {
        self.set_network(&format!("ipv4/{setting}"));
    }

    /// The same with `FAMILY/KEY=VALUE`.
    pub fn set_network(&self, setting: &str) {
        let (key, value) = setting.split_once('=').expect("it has a value");
        let (path, value) = (format!("/proc/sys/net/{key}"), value.to_owned());
        self.inside(move |_| fs::write(path, value).expect("the kernel has it"));
    }

    /// What nftables holds there, as nft(8) shows it; `None` without nft(8).
    pub fn ruleset(&self) -> Option<String> {
        let words = ["netns", "exec", &self.namespace, "nft", "list", "ruleset"];
        let output = Command::new("ip").args(words).output().expect("ip(8) was there");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it has the virtual address.
    pub fn holds(&self) -> bool {
        self.has(ADDRESS)
    }

    /// Lets the tracked script fail from now on, or succeed again.
    pub fn fail_script(&self, fail: bool) {
        let path = self.file("fail");
        let done = if fail { fs::write(path, "") } else { fs::remove_file(path) };
        done.expect("the script's file");
    }

    /// A shell script of this name, which root alone may change.
    pub fn script(&self, name: &str, body: &str) -> String {
        let path = self.file(name);
        write_script(Path::new(&path), body);
        path
    }

    /// A script in a folder that everybody may change: the folder, and the script.
    pub fn script_for_all(&self, name: &str) -> (String, String) {
        let folder = self.file("for-all");
        fs::create_dir_all(&folder).expect("a directory");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("it is ours");
        let path = Path::new(&folder).join(name);
        write_script(&path, "exit 0");
        (folder, path.display().to_string())
    }

    /// The names of all processes in the namespace.
    pub fn programs(&self) -> Vec<String> {
        let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok();
        self.pids().into_iter().filter_map(name).map(|name| name.trim_end().to_owned()).collect()
    }

    /// All processes in the namespace.
    pub fn pids(&self) -> Vec<i32> {
        let pids = ip(&["netns", "pids", &self.namespace]);
        pids.split_ascii_whitespace().map(|pid| pid.parse().expect("a number")).collect()
    }

    /// The path of its configuration.
    pub fn configuration(&self) -> String {
        self.file("conf")
    }

    /// What the VRRP process wrote down of its events and actions.
    pub fn recording(&self) -> String {
        fs::read_to_string(self.file("record")).unwrap_or_default()
    }

    /// The path for a FIFO, and what stands in it: who reads it takes it out.
    pub fn fifo(&self) -> (String, String) {
        let path = self.file("fifo");
        let mut bytes = [0; 4096];
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path);
        let len = file.and_then(|mut file| file.read(&mut bytes)).unwrap_or(0);
        (path, String::from_utf8_lossy(&bytes[..len]).into_owned())
    }

    /// How a configuration names a key that stands in a file of its own.
    pub fn secret(&self, key: &str) -> String {
        let path = self.file("key");
        fs::write(&path, format!("{key}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        format!("file:{path}")
    }

    /// Changes its configuration.
    pub fn rewrite(&self, change: impl Fn(&str) -> String) {
        let path = self.file("conf");
        let text = fs::read_to_string(&path).expect("the configuration");
        fs::write(path, change(&text)).expect("the configuration");
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("it was started");
        kill(Pid::from_raw(process.id() as i32), signal).expect("it runs");
    }

    fn temporary(&self) -> PathBuf {
        let path = self.base.with_extension("tmp");
        fs::create_dir_all(&path).expect("a directory");
        path
    }

    /// What the daemon writes into its temporary folder when `keepalived --signum=NAME` is sent.
    pub fn dump(&self, signal: &str, file: &str) -> String {
        let number =
            Command::new(&self.which.command()[0]).arg(format!("--signum={signal}")).output().expect("it runs");
        let number = String::from_utf8_lossy(&number.stdout).trim().to_owned();
        let path = self.temporary().join(file);
        let pid = self.pid(false);
        assert_ne!(pid, 0, "kill(1) would take it for all of us");
        // The shell's own kill: a small system has no other, and signals for JSON have numbers only.
        let sent =
            Command::new("sh").args(["-c", &format!("kill -{number} {pid}")]).status().expect("a shell is there");
        assert!(sent.success());
        let until = Instant::now() + PATIENCE;
        let is_written = || fs::metadata(&path).is_ok_and(|data| data.len() > 0) && !self.has_open(&path);
        while !is_written() && Instant::now() < until {
            std::thread::sleep(PAUSE);
        }
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Whether a process of the daemon has this file open.
    fn has_open(&self, path: &Path) -> bool {
        let descriptors = self.pids().into_iter().filter_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")).ok());
        let mut files = descriptors.flatten().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        files.any(|file| file == path)
    }

    /// Lets the daemon read its configuration again.
    pub fn reload(&self) {
        self.signal(Signal::SIGHUP);
    }

    /// Ends the daemon, and waits for its end.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let mut process = self.process.take().expect("it was started");
        assert!(process.wait().expect("it ends").success(), "{}", self.log());
    }

    /// These processes of the daemon at once: its address stays behind.
    pub fn kill(&mut self, processes: &[i32]) {
        for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
            for pid in processes {
                let _ = kill(Pid::from_raw(*pid), signal);
            }
        }
        let mut process = self.process.take().expect("it was started");
        let _ = process.wait();
    }
}
