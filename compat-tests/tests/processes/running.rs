//! A server in the background, and a client that never stops asking.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use compat_tests::ports::Ports;
use compat_tests::program;
use compat_tests::scratch::Scratch;

/// Waits for something that has to come about soon.
pub fn until(what: &str, mut has_come: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !has_come() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A server with a directory of its own; it is stopped when dropped.
pub struct Running {
    program: PathBuf,
    scratch: Scratch,
    ports: Ports,
}

impl Running {
    /// A directory with a configuration, and nothing running.
    pub fn prepare(program: &Path, configuration: &str) -> Self {
        let scratch = Scratch::new().expect("a scratch directory");
        let mut ports = Ports::default();
        ports.fill_in("8080").expect("a free port");
        let nginx = Self { program: program.to_owned(), scratch, ports };
        nginx.configure(configuration);
        nginx
    }

    /// Starts a server and waits until it answers.
    pub fn start(program: &Path, configuration: &str) -> Self {
        let nginx = Self::prepare(program, configuration);
        nginx.begin();
        nginx
    }

    /// The same, the program being reached by a link that can be pointed elsewhere.
    pub fn start_through_link(program: &Path, configuration: &str) -> Self {
        let mut nginx = Self::prepare(program, configuration);
        nginx.program = nginx.path("nginx");
        nginx.point_link_at(program);
        nginx.begin();
        nginx
    }

    /// The same, with a copy of the program in a folder `sbin`.
    pub fn start_a_copy(program: &Path, configuration: &str) -> Self {
        let mut nginx = Self::prepare(program, configuration);
        nginx.program = nginx.path("sbin/nginx");
        fs::create_dir(nginx.path("sbin")).expect("a folder");
        fs::copy(program, &nginx.program).expect("a copy");
        nginx.begin();
        nginx
    }

    /// Starts what was prepared, and waits until it answers.
    pub fn begin(&self) {
        let (text, status) = self.call(&[]);
        assert_eq!(status, 0, "{} does not start: {text}", self.program.display());
        until("the pid file", || self.pid_file().is_some());
        until("an answer", || TcpStream::connect(("127.0.0.1", self.port())).is_ok());
    }

    /// Ends workers whose master was killed.
    pub fn end_orphans(&self, workers: &[i32]) {
        for worker in workers {
            self.signal(*worker, "QUIT");
        }
        until("the orphans' end", || !workers.iter().any(|worker| self.is_alive(*worker)));
    }

    /// Starts it once more in its directory.
    pub fn start_again(self) -> Self {
        fs::remove_file(self.path("nginx.pid")).expect("what a killed master left");
        self.begin();
        self
    }

    /// Makes the link lead to another program.
    pub fn point_link_at(&self, program: &Path) {
        let fresh = self.path("nginx.new");
        symlink(program, &fresh).expect("a link");
        fs::rename(&fresh, self.path("nginx")).expect("it is moved into place");
    }

    /// Writes the configuration; `@PREFIX@` stands for the directory.
    pub fn configure(&self, configuration: &str) {
        let mut text = configuration.replace("@PREFIX@", &self.scratch.path().display().to_string());
        text = text.replace("8080", &self.port().to_string());
        self.scratch.write("nginx.conf", &text).expect("it is written");
    }

    /// The program as it is started.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The words that every call has.
    pub fn arguments(&self) -> Vec<String> {
        let prefix = self.scratch.path().display().to_string();
        ["-p", &prefix, "-c", "nginx.conf", "-e", "stderr"].map(str::to_owned).to_vec()
    }

    /// Calls the program with further words.
    pub fn call(&self, words: &[&str]) -> (String, i32) {
        let mut arguments = self.arguments();
        arguments.extend(words.iter().map(|word| (*word).to_owned()));
        // A daemon keeps the terminal open until its log takes over, so the output goes to a file.
        let output = self.path("call.out");
        let file = fs::File::create(&output).expect("a file");
        let second = file.try_clone().expect("a second descriptor");
        let status = Command::new(&self.program).args(arguments).stdout(file).stderr(second).status();
        let status = status.expect("the program runs").code().unwrap_or(-1);
        (fs::read_to_string(&output).expect("the output"), status)
    }

    /// The port that 8080 stands for.
    pub fn port(&self) -> u16 {
        self.ports.real(8080)
    }

    /// A file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The error log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("error.log")).unwrap_or_default()
    }

    /// A text with `N#N` for the numbers of process and thread.
    pub fn without_pids(&self, text: &str) -> String {
        let words = text.split(' ').map(|word| match word.strip_suffix(':').and_then(|word| word.split_once('#')) {
            Some((pid, thread)) if pid == thread => "N#N:",
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// What the pid file says.
    pub fn pid_file(&self) -> Option<i32> {
        fs::read_to_string(self.path("nginx.pid")).ok()?.trim().parse().ok()
    }

    /// The master that the pid file names.
    pub fn master(&self) -> i32 {
        self.pid_file().expect("a pid file")
    }

    /// The children of a process.
    pub fn children(&self, parent: i32) -> Vec<i32> {
        let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// The workers of the master.
    pub fn workers(&self) -> Vec<i32> {
        self.children(self.master())
    }

    /// The workers, once there are so many of them and they have their names.
    pub fn await_workers(&self, count: usize) -> Vec<i32> {
        until("the workers", || {
            let workers = self.workers();
            workers.len() == count && workers.iter().all(|pid| self.title(*pid) == "nginx: worker process")
        });
        self.workers()
    }

    /// Asks for a reload and waits until there are as many new workers, and nobody else.
    pub fn reload(&self) {
        let before = self.workers();
        self.signal(self.master(), "HUP");
        until("new workers alone", || {
            let now = self.workers();
            now.len() == before.len() && now.iter().all(|pid| !before.contains(pid))
        });
        self.await_workers(before.len());
    }

    /// How a process appears in `ps`.
    pub fn title(&self, pid: i32) -> String {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).trim_end_matches('\0').to_owned()
    }

    /// The name that `ps -C` and `pidof` go by.
    pub fn short_name(&self, pid: i32) -> String {
        fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
    }

    /// The memory that a process holds.
    pub fn resident_kib(&self, pid: i32) -> u64 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok()).expect("the kernel counts it")
    }

    /// How many pieces of memory a process shares with others.
    pub fn shared_pieces(&self, pid: i32) -> usize {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        maps.lines().filter(|line| line.contains("rw-s")).count()
    }

    /// Whether a process runs; one that only waits to be collected does not.
    pub fn is_alive(&self, pid: i32) -> bool {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    }

    /// Sends a signal, by the name that `kill` knows.
    pub fn signal(&self, pid: i32, name: &str) {
        let words = ["-c".to_owned(), format!("kill -{name} {pid}")];
        let (text, status) = program::run(Path::new("/bin/sh"), &words, Path::new("/")).expect("a shell is there");
        assert_eq!(status, 0, "{text}");
    }

    /// The inodes of the listening sockets that a process holds.
    pub fn listening_inodes(&self, pid: i32) -> BTreeSet<String> {
        let table = fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
        let listening: BTreeSet<&str> = table
            .lines()
            .filter_map(|line| {
                let fields: Vec<_> = line.split_ascii_whitespace().collect();
                (fields.get(3) == Some(&"0A")).then(|| fields[9])
            })
            .collect();
        let held = fs::read_dir(format!("/proc/{pid}/fd")).expect("the descriptors");
        held.flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .filter(|inode| listening.contains(inode.as_str()))
            .collect()
    }

    /// One request; gives the body.
    pub fn get(&self) -> String {
        self.get_at("/")
    }

    /// One request for a path; gives the body.
    pub fn get_at(&self, path: &str) -> String {
        self.answer_at(path).expect("an answer")
    }

    /// One request for a path; gives the body, or what came instead.
    pub fn answer_at(&self, path: &str) -> Result<String, String> {
        ask_at(self.port(), path)
    }

    /// Ends the server fast and waits for it.
    pub fn stop(&self) {
        self.signal(self.master(), "TERM");
        self.await_end();
    }

    /// Waits until the server has ended.
    pub fn await_end(&self) {
        until("the end", || self.pid_file().is_none_or(|pid| !self.is_alive(pid)));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let old = fs::read_to_string(self.path("nginx.pid.oldbin")).ok().and_then(|pid| pid.trim().parse().ok());
        for pid in [self.pid_file(), old].into_iter().flatten().filter(|pid| self.is_alive(*pid)) {
            self.signal(pid, "TERM");
            let deadline = Instant::now() + Duration::from_secs(3);
            while self.is_alive(pid) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn ask(port: u16) -> Result<String, String> {
    ask_at(port, "/")
}

fn ask_at(port: u16, path: &str) -> Result<String, String> {
    let describe = |step: &'static str| move |error: std::io::Error| format!("{step}: {error}");
    let mut client = TcpStream::connect(("127.0.0.1", port)).map_err(describe("connect"))?;
    client.set_read_timeout(Some(Duration::from_secs(30))).map_err(describe("timeout"))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).map_err(describe("write"))?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).map_err(describe("read"))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(format!("not the answer: {answer:?}")),
    }
}

/// A client that asks again and again, each time on a new connection.
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(usize, Vec<String>)>,
}

impl Load {
    /// Begins to ask.
    pub fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut answered, mut failed) = (0, Vec::new());
            while !seen.load(Ordering::Relaxed) {
                match ask(port) {
                    Ok(_) => answered += 1,
                    Err(reason) => failed.push(reason),
                }
            }
            (answered, failed)
        });
        Self { stop, thread }
    }

    /// Stops; gives the number of answers, and why others did not come.
    pub fn stop(self) -> (usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the client does not panic")
    }
}
