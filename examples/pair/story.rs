//! What happens, in order, and what has to be true at each point.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::lab::{Lab, own_path};
use crate::node::{Line, Node};
use crate::screen::Screen;

const SHARED_ADDRESS: &str = "10.77.0.100";

/// The whole play: master, failure, take-over, return.
pub fn with_two_nodes(programs: &Path) -> Result<(), String> {
    let (sender, lines) = channel();
    let screen = Screen::new(&[("a", 101), ("b", 100)]);
    screen.tell("two nodes, a client and four backends on one wire");
    let mut lab = Lab::build(programs, &sender)?;
    for node in [&mut lab.a, &mut lab.b] {
        node.run("nginx -t && nginx")?;
        node.run("keepalived -t && { keepalived --dont-fork --log-console --log-detail & }")?;
    }
    lab.client.run(&format!("'{}' client {SHARED_ADDRESS}:80 &", own_path()?))?;
    let mut play = Play { screen, lines };

    play.until("a is master and answers", 15, |screen| is_master(screen, "a") && screen.answers > 0)?;
    check_address(&mut lab.a, &mut lab.b)?;
    play.screen.tell("=> 10.77.0.100 is on eth0 of a, and not of b");
    play.count_requests(4)?;

    play.screen.tell("killing the proxy on a: its check will fail, and weight -20 leaves it 81 of 101");
    // While the shell waits for another command it also takes in its dead, which ps would still count.
    lab.a.run("kill -KILL -$(cat /run/nginx.pid); sleep 0.3")?;
    play.until("b is master and answers", 15, |screen| {
        is_master(screen, "b") && screen.nodes["a"].priority == 81 && !screen.last_answer_failed
    })?;
    check_address(&mut lab.b, &mut lab.a)?;
    play.screen.tell("=> 10.77.0.100 is on eth0 of b, and not of a");
    play.count_requests(3)?;

    play.screen.tell("starting the proxy on a again");
    lab.a.run("nginx")?;
    play.until("a is master again", 15, |screen| is_master(screen, "a") && screen.nodes["a"].priority == 101)?;
    check_address(&mut lab.a, &mut lab.b)?;
    play.screen.tell("=> 10.77.0.100 is on eth0 of a, and not of b");
    play.count_requests(3)?;
    play.check_the_rest()?;
    play.screen.tell("done: the address followed the proxy, and came back");
    Ok(())
}

/// The proxy alone, for those who may not make namespaces.
pub fn on_loopback(programs: &Path) -> Result<(), String> {
    let (sender, lines) = channel();
    let screen = Screen::new(&[]);
    let mut shell = Node::start_plain("proxy", &sender)?;
    shell.run("folder=$(mktemp -d); helpers=; end() { kill $helpers; kill $(cat \"$folder/nginx.pid\"); rm -rf \"$folder\"; }")?;
    // However this program ends, the shell's input ends too, and the shell clears up.
    shell.run("trap 'end 2>/dev/null' EXIT; trap exit INT TERM HUP")?;
    let configuration = loopback_configuration()?;
    shell.run(&format!("cat > \"$folder/nginx.conf.in\" <<'END'\n{configuration}\nEND"))?;
    shell.run("sed \"s|FOLDER|$folder|g\" \"$folder/nginx.conf.in\" > \"$folder/nginx.conf\"")?;
    shell.run(&format!(
        "'{}' backends 127.0.0.1:9721 127.0.0.1:9722 127.0.0.1:9723 127.0.0.1:9724 & helpers=$!",
        own_path()?
    ))?;
    shell.run(&format!("PATH='{}':$PATH", programs.display()))?;
    shell.run("nginx -p \"$folder\" -c nginx.conf -t && nginx -p \"$folder\" -c nginx.conf")?;
    shell.run(&format!("'{}' client 127.0.0.1:9780 & helpers=\"$helpers $!\"", own_path()?))?;
    let mut play = Play { screen, lines };
    play.until("the proxy answers", 10, |screen| screen.answers > 0)?;
    play.count_requests(4)?;
    play.check_the_rest()?;
    play.screen.tell("done: requests were spread by weight, address and session");
    Ok(())
}

/// The file of node a with its addresses and places moved to where anybody may use them.
fn loopback_configuration() -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pair/a/nginx/nginx.conf");
    let mut text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    for host in 21..=24 {
        text = text.replace(&format!("10.77.0.{host}:80"), &format!("127.0.0.1:97{host}"));
    }
    let temporary = ["client_body", "proxy"];
    let temporary: String = temporary.iter().map(|name| format!("{name}_temp_path FOLDER/{name};\n")).collect();
    let text = text.replace("listen      80;", "listen      127.0.0.1:9780;");
    let text = text.replace("/var/log/nginx", "FOLDER").replace("/run/nginx.pid", "FOLDER/nginx.pid");
    Ok(text.replace("http {", &format!("http {{\n{temporary}")))
}

/// The screen and where its news come from.
struct Play {
    screen: Screen,
    lines: Receiver<Line>,
}

impl Play {
    /// Watches until the condition holds; it is a fault if it does not within the seconds.
    fn until(&mut self, what: &str, seconds: u64, holds: impl Fn(&Screen) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !holds(&self.screen) {
            if Instant::now() > deadline {
                self.screen.show_status();
                return Err(format!("not within {seconds} s: {what}"));
            }
            self.watch(Duration::from_millis(200));
        }
        self.screen.tell(&format!("=> {what}"));
        Ok(())
    }

    /// Counts requests for a while: two of three go to web1, the other to web2, none elsewhere, and none fails.
    fn count_requests(&mut self, seconds: u64) -> Result<(), String> {
        // Requests that were under way when the address moved.
        self.watch(Duration::from_secs(1));
        self.screen.reset();
        for _ in 0..seconds {
            self.watch(Duration::from_secs(1));
            self.screen.show_status();
        }
        let count = |name: &str| f64::from(*self.screen.group.get(name).unwrap_or(&0));
        let share = count("web1") / (count("web1") + count("web2")).max(1.0);
        let others = count("web3") + count("web4");
        if self.screen.failures > 0 || others > 0.0 || !(0.6..0.73).contains(&share) {
            return Err(format!("web1 has {share:.2} of web1 and web2, others have {others}; not as configured"));
        }
        Ok(())
    }

    /// What `ip_hash`, `hash` and `return 503` did all the time.
    fn check_the_rest(&self) -> Result<(), String> {
        for (path, backends) in &self.screen.sticky {
            self.screen.tell(&format!("{path} was always answered by {}", backends.join(" and ")));
            if backends.len() != 1 {
                return Err(format!("{path} was answered by more than one backend"));
            }
        }
        if self.screen.missing != ["503"] {
            return Err(format!("a path without a file was answered with {:?}", self.screen.missing));
        }
        self.screen.tell("a path without a file was answered with 503");
        Ok(())
    }

    fn watch(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.screen.hear(&line);
        }
    }
}

fn is_master(screen: &Screen, name: &str) -> bool {
    let is_only_one = screen.nodes.values().filter(|node| node.state == "MASTER").count() == 1;
    is_only_one && screen.nodes[name].state == "MASTER"
}

/// The shared address is on the one node, as the kernel sees it, and not on the other.
fn check_address(with: &mut Node, without: &mut Node) -> Result<(), String> {
    let look = format!("ip -brief address show dev eth0 | grep -q '{SHARED_ADDRESS}/'");
    with.run(&look).map_err(|_| format!("the master has not got {SHARED_ADDRESS}"))?;
    without.run(&format!("! {look}")).map_err(|_| format!("{SHARED_ADDRESS} is not on the master alone"))
}
