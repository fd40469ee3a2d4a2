//! `evenkeel status`: which configuration is served, by whom, who holds the addresses, and why.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::master::Master;
use crate::process::control::{self, Question};
use crate::vrrp::engine::InstanceStatus;
use crate::vrrp::fault::{Addend, Cause};
use crate::vrrp::instance::StateName;
use crate::vrrp_io::status::{self, Document};

/// How long the VRRP process may take for its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Show what runs: the proxy's configuration and workers, who holds the shared addresses, and why.
#[derive(Args, Debug)]
pub struct StatusCommand {
    #[command(flatten)]
    master: Master,
    /// The pid file of the VRRP process
    #[arg(long, value_name = "FILE", default_value = "/run/vrrp.pid")]
    vrrp_pid_file: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show it again and again, every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1")]
    watch: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Both halves; each is there if its process runs.
#[derive(Serialize)]
struct Both {
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<control::Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vrrp: Option<Document>,
}

impl StatusCommand {
    /// Prints what runs, once or for ever. False if neither half does.
    pub fn run(&self) -> io::Result<bool> {
        let Some(seconds) = self.watch else { return self.show() };
        loop {
            // The cursor goes to the upper left, and what is below it away.
            print!("\x1b[H\x1b[J");
            self.show()?;
            io::stdout().flush()?;
            thread::sleep(Duration::from_secs(seconds.max(1)));
        }
    }

    fn show(&self) -> io::Result<bool> {
        let (proxy, vrrp) = (self.proxy(), ask_vrrp(&status::path_beside(&self.vrrp_pid_file)));
        if self.format == Format::Text {
            print!("{}", halves(&proxy, &vrrp));
        }
        let both = Both { proxy: proxy.ok(), vrrp: vrrp.ok() };
        if self.format == Format::Json {
            println!("{}", serde_json::to_string_pretty(&both).map_err(io::Error::other)?);
        }
        Ok(both.proxy.is_some() || both.vrrp.is_some())
    }

    fn proxy(&self) -> io::Result<control::Status> {
        serde_json::from_str(&self.master.ask(Question::Status)?.text).map_err(io::Error::other)
    }
}

fn ask_vrrp(socket: &Path) -> io::Result<Document> {
    let about = |error: io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            io::Error::other(format!("{}: nobody there", socket.display()))
        }
        _ => error,
    };
    let mut stream = UnixStream::connect(socket).map_err(about)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    serde_json::from_slice(&text).map_err(io::Error::other)
}

fn halves(proxy: &io::Result<control::Status>, vrrp: &io::Result<Document>) -> String {
    let proxy = match proxy {
        Ok(status) => status.text(),
        Err(error) => format!("proxy         does not run ({error})\n"),
    };
    let vrrp = match vrrp {
        Ok(document) => vrrp_text(document),
        Err(error) => format!("vrrp          does not run ({error})\n"),
    };
    format!("{proxy}{vrrp}")
}

fn vrrp_text(document: &Document) -> String {
    let router = document.router_id.as_deref().map_or(String::new(), |id| format!(", router {id}"));
    let mut text = format!("vrrp          process {}{router}\n", document.pid);
    for instance in &document.instances {
        let mut line = |words: &str, rest: &str| {
            let written = writeln!(text, "{words:<14}{rest}");
            debug_assert!(written.is_ok(), "a String takes everything");
        };
        line(&instance.name, &standing(instance));
        line("", &reason(instance));
        line("", &addresses(instance));
    }
    text
}

/// `MASTER for 12 s, virtual router 51 on eth0`
fn standing(instance: &InstanceStatus) -> String {
    let InstanceStatus { state, for_us, virtual_router_id, .. } = instance;
    let interface = instance.interface.as_deref().map_or(String::new(), |name| format!(" on {name}"));
    format!("{} for {} s, virtual router {virtual_router_id}{interface}", state.word(), for_us / 1_000_000)
}

/// `priority 81 = 101 - 20 (script chk_nginx); 192.0.2.2 is master with priority 100`
fn reason(instance: &InstanceStatus) -> String {
    let mut text = priority(instance);
    match (instance.state, instance.master) {
        (StateName::Fault, _) => {
            let faults: Vec<String> = instance.faults.iter().map(ToString::to_string).collect();
            // A member of a sync group may be held down by another one.
            let faults = if faults.is_empty() { "its sync group".into() } else { faults.join(", ") };
            text += &format!("; kept in FAULT by {faults}");
        }
        (StateName::Backup, Some((address, priority))) => {
            text += &format!("; {address} is master with priority {priority}");
        }
        (StateName::Backup, None) => text += "; no master heard yet",
        (StateName::Master | StateName::Init, _) => {}
    }
    text
}

fn priority(instance: &InstanceStatus) -> String {
    let mut text = format!("priority {}", instance.effective_priority);
    if instance.addends.is_empty() {
        return text;
    }
    text += &format!(" = {}", instance.priority);
    for Addend { cause, value } in &instance.addends {
        let (kind, name) = match cause {
            Cause::Script(name) => ("script", name),
            Cause::File(name) => ("file", name),
            Cause::Process(name) => ("process", name),
            Cause::Interface(name) => ("interface", name),
            Cause::Bfd(name) => ("bfd", name),
        };
        let sign = if *value < 0 { '-' } else { '+' };
        text += &format!(" {sign} {} ({kind} {name})", value.unsigned_abs());
    }
    text
}

fn addresses(instance: &InstanceStatus) -> String {
    let verb = if instance.state == StateName::Master { "holds" } else { "does not hold" };
    format!("{verb} {}", instance.addresses.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::fault::Fault;
    use crate::vrrp::statistics::Statistics;

    fn instance(state: StateName) -> InstanceStatus {
        InstanceStatus {
            name: "VI_1".into(),
            state,
            for_us: 12_400_000,
            priority: 101,
            effective_priority: 81,
            addends: vec![Addend { cause: Cause::Script("chk_nginx".into()), value: -20 }],
            faults: Vec::new(),
            master: Some(("192.0.2.2".parse().expect("an address"), 100)),
            interface: Some("eth0".into()),
            virtual_router_id: 51,
            addresses: vec!["192.0.2.10/24".into()],
            statistics: Statistics::default(),
        }
    }

    #[test]
    fn a_backup_says_who_is_master_and_what_lowered_it() {
        let document = Document { pid: 7, router_id: Some("a".into()), instances: vec![instance(StateName::Backup)] };
        let expected = "\
vrrp          process 7, router a
VI_1          BACKUP for 12 s, virtual router 51 on eth0
              priority 81 = 101 - 20 (script chk_nginx); 192.0.2.2 is master with priority 100
              does not hold 192.0.2.10/24
";
        assert_eq!(vrrp_text(&document), expected);
        let sent = serde_json::to_vec(&document).expect("it can be written");
        let received: Document = serde_json::from_slice(&sent).expect("it can be read");
        assert_eq!(vrrp_text(&received), expected);
    }

    #[test]
    fn a_fault_has_its_reason() {
        let mut fault = instance(StateName::Fault);
        fault.addends.clear();
        fault.faults = vec![Fault::Interface("eth0".into())];
        assert_eq!(reason(&fault), "priority 81; kept in FAULT by interface eth0 down");
        fault.faults.clear();
        assert_eq!(reason(&fault), "priority 81; kept in FAULT by its sync group");
    }
}
