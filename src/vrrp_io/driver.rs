//! The loop: wait, feed the engine what happened, do what it asks for. One timer serves everything.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ir::keepalived::Keepalived;
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::sys::alarm::Alarm;
use crate::sys::fork::{self, End, Pid};
use crate::sys::signal::{Signal, Signals};
use crate::sys::{descriptors, monotonic_clock, poll};
use crate::vrrp::event::InstanceId;
use crate::vrrp::instance::VirtualRouter;
use crate::vrrp::report::Report;
use crate::vrrp::{Action, Engine, Event};
use crate::wire::vrrp::Family;

use super::announcer::Announcer;
use super::bfd_sessions::BfdSessions;
use super::dump_source::Source;
use super::firewall::Firewall;
use super::kernel::Kernel;
use super::link_delays::LinkDelays;
use super::linkbeat::Linkbeats;
use super::local_igmp::LocalIgmp;
use super::notify::Notifier;
use super::predecessor::Predecessor;
use super::promote_secondaries::PromoteSecondaries;
use super::recorder::Recorder;
use super::smtp_alert::Mailer;
use super::sockets::{self, OpenPair, Sockets, Wanted};
use super::static_items;
use super::status::{Document, StatusSocket};
use super::track_file::TrackFiles;
use super::track_process::TrackProcesses;
use super::track_script::TrackScripts;
use super::vmac::{self, Devices};
use super::{dump, dump_text, hmac_keys, receive_buffers};

/// Packets of one socket that are read before timers are looked at again.
const PACKETS_A_ROUND: usize = 64;
/// How long notify scripts of the end may take (keepalived).
const STOP_SCRIPTS_LIMIT: Duration = Duration::from_secs(1);

/// How often ended scripts are looked for before anything else runs.
const SCRIPT_PAUSE: Duration = Duration::from_millis(5);

/// `keepalived --signum=JSON`: the second of the real-time signals that programs get.
pub const SIGNAL_JSON: i32 = 36;
const TOO_MUCH_TIME: &str = "VRRP process has used too much CPU time, vrrp_rlimit_rttime may need to be increased";
/// `keepalived --signum=STATS_CLEAR`: the last but one of them.
pub const SIGNAL_STATISTICS_CLEAR: i32 = 63;

/// What does not stand in the file.
#[derive(Debug, Default)]
pub struct Options {
    /// Where the status socket is made.
    pub status: Option<PathBuf>,
    /// Where events and actions are recorded.
    pub record: Option<PathBuf>,
    /// -V: addresses stay when the daemon stops, and nobody is told.
    pub keep_addresses: bool,
    /// -d: the log shows the configuration at the start and after each reload.
    pub dumps_configuration: bool,
    /// -a: the log tells addresses that come and go.
    pub monitors_addresses: bool,
    /// --ignore-sigint
    pub ignores_interrupts: bool,
    /// Where SIGUSR1 and its like write.
    pub dump_directory: PathBuf,
    /// Where `reload_file` is, if the configuration asks for it.
    pub reload_file: Option<PathBuf>,
    /// Whose place is taken without a transition.
    pub predecessor: Option<Predecessor>,
    /// What there is to say of the configuration at the start.
    pub lines: Vec<String>,
    /// Where the parent hears that a configuration is read.
    pub notice: Option<OwnedFd>,
}

/// Reads the configuration anew; the error says why the old one stays.
pub type Reload<'a> = dyn FnMut() -> Result<Keepalived, String> + 'a;

/// Everything the VRRP process holds.
#[derive(Debug)]
pub struct Driver<'a> {
    pub(super) log: &'a KeepalivedLog,
    pub(super) options: Options,
    pub(super) config: Keepalived,
    pub(super) engine: Engine,
    pub(super) kernel: Kernel,
    pub(super) sockets: Sockets,
    pub(super) announcer: Announcer,
    pub(super) notifier: Notifier,
    pub(super) mailer: Mailer,
    /// Drops what is sent to addresses that are not ours.
    pub(super) firewall: Firewall,
    /// The interfaces of `use_vmac`.
    pub(super) devices: Devices,
    promote_secondaries: PromoteSecondaries,
    local_igmp: LocalIgmp,
    pub(super) link_delays: LinkDelays,
    pub(super) linkbeats: Linkbeats,
    /// Addresses that we took away, until the kernel has confirmed it.
    pub(super) expected_removals: Vec<(IpAddr, u32)>,
    scripts: TrackScripts,
    files: TrackFiles,
    processes: TrackProcesses,
    bfd: BfdSessions,
    status: Option<StatusSocket>,
    alarm: Alarm,
    recorder: Option<Recorder>,
}

/// The time on the engine's clock.
pub fn now() -> Monotonic {
    Monotonic::from_micros(u64::try_from(monotonic_clock::since_boot().as_micros()).unwrap_or(u64::MAX))
}

impl<'a> Driver<'a> {
    /// Opens everything and starts the engine.
    pub fn start(config: Keepalived, options: Options, log: &'a KeepalivedLog) -> io::Result<Self> {
        log.info("Registering Kernel netlink reflector");
        log.info("Registering Kernel netlink command channel");
        options.lines.iter().for_each(|line| log.info(line));
        let mut config = config;
        hmac_keys::load(&mut config, log);
        let delay = &mut config.global.startup_delay_us;
        *delay = (*delay).max(config.global.delay_after_boot_us.saturating_sub(now().as_micros()));
        if *delay > 0 {
            log.info(&format!("Delaying startup for {} seconds", Duration::from_micros(*delay).as_secs_f64()));
        }
        let kernel = Kernel::open()?;
        let (files, file_events) = TrackFiles::open(&config.track_files)?;
        let status = options.status.as_deref().map(StatusSocket::open).transpose()?;
        let recorder = options.record.as_deref().map(Recorder::create).transpose()?;
        let mut driver = Self {
            log,
            engine: Engine::new(&config, now()),
            firewall: Firewall::new(&config.global),
            options,
            config,
            kernel,
            sockets: Sockets::default(),
            announcer: Announcer::open()?,
            notifier: Notifier::default(),
            mailer: Mailer::default(),
            devices: Devices::default(),
            promote_secondaries: PromoteSecondaries::default(),
            local_igmp: LocalIgmp::default(),
            link_delays: LinkDelays::default(),
            linkbeats: Linkbeats::default(),
            expected_removals: Vec::new(),
            scripts: TrackScripts::default(),
            files,
            processes: TrackProcesses::default(),
            bfd: BfdSessions::default(),
            status,
            alarm: Alarm::new()?,
            recorder,
        };
        driver.promote_secondaries.keep(&driver.config.instances, &mut driver.kernel);
        driver.local_igmp.keep(driver.config.global.disable_local_igmp, log);
        let config = driver.config.clone();
        static_items::exchange(&mut driver.kernel, &Keepalived::default(), &config, log);
        if driver.options.predecessor.is_some() {
            driver.with_devices(|devices, routers, tools| devices.adopt(routers, tools));
        }
        driver.log_monitored_addresses();
        let left_over = driver.prepare_kernel();
        let process_events = driver.processes.configure(&config.track_processes, now(), log);
        for event in file_events.into_iter().chain(process_events) {
            driver.step(&event);
        }
        driver.announcer.configure(&driver.config);
        driver.notifier.configure(&driver.config, log);
        if driver.options.predecessor.is_none() {
            driver.step(&Event::Prepare { left_over });
        }
        driver.tell_parent();
        driver.open_sockets();
        driver.log_data();
        match driver.options.predecessor {
            None => driver.step(&Event::Start),
            Some(predecessor) => driver.take_over(predecessor)?,
        }
        driver.log_sockets();
        driver.scripts.configure(&driver.config.scripts, &driver.config.global, now(), log);
        driver.configure_bfd();
        Ok(driver)
    }

    /// The configuration is read, and what it names is there.
    fn tell_parent(&self) {
        if let Some(notice) = &self.options.notice {
            // A parent that has gone is followed by a signal.
            let _ = descriptors::write(notice, &[1]);
        }
    }

    fn configure_bfd(&mut self) {
        for event in self.bfd.configure(&self.config.bfd_instances, now(), self.log) {
            self.step(&event);
        }
    }

    /// In the place of a start: scripts run first, so that the priority is the predecessor's; then it ends, and its states are ours.
    fn take_over(&mut self, predecessor: Predecessor) -> io::Result<()> {
        self.scripts.configure(&self.config.scripts, &self.config.global, now(), self.log);
        let timeouts = self.config.scripts.iter().map(|script| Duration::from_micros(script.timeout_us));
        let until = now() + timeouts.max().unwrap_or_default() + STOP_SCRIPTS_LIMIT;
        while self.engine.awaits_scripts() {
            if now() >= until {
                self.scripts.kill_all();
                return Err(io::Error::other("a track script gave no result, so nothing is taken over"));
            }
            for event in self.scripts.run_due(now(), self.log) {
                self.step(&event);
            }
            poll::wait_readable(&[], Some(SCRIPT_PAUSE))?;
            self.reap();
        }
        self.kernel.news();
        let masters = self.holders();
        predecessor.end()?;
        self.step(&Event::Adopt { masters });
        Ok(())
    }

    /// The instances whose addresses are all there.
    fn holders(&self) -> Vec<InstanceId> {
        let holds = |router: &&VirtualRouter| {
            let config = &router.config;
            let mut addresses = config.addresses.iter().chain(&config.excluded_addresses).peekable();
            let is_there = |address| {
                let place = self.interface_of(router.id, address);
                place.is_some_and(|(index, _)| self.kernel.has_address(address.prefix.address, index))
            };
            addresses.peek().is_some() && addresses.all(is_there)
        };
        self.engine.instances().iter().filter(holds).map(|router| router.id).collect()
    }

    /// Runs until a signal ends it.
    pub fn run(&mut self, signals: &Signals, reload: &mut Reload<'_>) -> io::Result<()> {
        loop {
            let ready = self.wait(signals)?;
            if ready.signals && self.take_signals(signals, reload)? {
                return Ok(());
            }
            if ready.kernel {
                self.take_kernel_news();
            }
            for place in ready.sockets {
                self.take_packets(place);
            }
            for event in if ready.files { self.files.changes() } else { Vec::new() } {
                self.step(&event);
            }
            for event in if ready.processes { self.processes.changes(now(), self.log) } else { Vec::new() } {
                self.step(&event);
            }
            for event in if ready.bfd { self.bfd.receive(now(), self.log) } else { Vec::new() } {
                self.step(&event);
            }
            if ready.status {
                self.answer_status();
            }
            self.run_due();
        }
    }

    fn wait(&self, signals: &Signals) -> io::Result<Ready> {
        let deadline = [
            self.engine.next_deadline(),
            self.scripts.next_deadline(),
            self.announcer.next_deadline(),
            self.processes.next_deadline(),
            self.bfd.next_deadline(),
            self.link_delays.next_deadline(),
            self.linkbeats.next_deadline(),
        ];
        let deadline = deadline.into_iter().flatten().min().map(|deadline| Duration::from_micros(deadline.as_micros()));
        let mut descriptors: Vec<BorrowedFd<'_>> = vec![signals.as_fd(), self.kernel.as_fd(), self.files.as_fd()];
        descriptors.extend(self.status.as_ref().map(AsFd::as_fd));
        descriptors.extend(self.processes.as_fd());
        let first_socket = descriptors.len();
        descriptors.extend(self.sockets.descriptors());
        let first_bfd = descriptors.len();
        descriptors.extend(self.bfd.descriptors());
        let readable = self.alarm.wait_readable(&descriptors, deadline)?;
        let sockets = (first_socket..first_bfd).filter(|place| readable[*place]).map(|place| place - first_socket);
        Ok(Ready {
            signals: readable[0],
            kernel: readable[1],
            files: readable[2],
            status: self.status.is_some() && readable[3],
            processes: self.processes.as_fd().is_some() && readable[first_socket - 1],
            sockets: sockets.collect(),
            bfd: readable[first_bfd..].contains(&true),
        })
    }

    /// Everything whose time has come. Packets go before: an advert that waits in a queue must not count as missing.
    fn run_due(&mut self) {
        let scripts = self.scripts.run_due(now(), self.log);
        let processes = self.processes.run_due(now(), self.log);
        for event in scripts.into_iter().chain(processes).chain(self.bfd.run_due(now(), self.log)) {
            self.step(&event);
        }
        let asked = self.ask_links();
        for (interface, running) in self.link_delays.due(now()).into_iter().chain(asked) {
            self.link_changed(&interface, running, running);
        }
        if self.engine.next_deadline().is_some_and(|deadline| deadline <= now()) {
            self.step(&Event::Deadline);
        }
        self.send_waiting_announcements();
    }

    /// One step of the engine, and what it asks for.
    pub(super) fn step(&mut self, event: &Event) {
        let at = now();
        let mut actions = Vec::new();
        self.engine.step(at, event, &mut actions);
        if let Some(recorder) = &mut self.recorder {
            recorder.record(at, event, &actions);
        }
        self.perform_all(&actions);
    }

    pub(super) fn perform_all(&mut self, actions: &[Action]) {
        for action in actions {
            self.perform(action);
        }
    }

    // ---- signals ----

    /// Returns whether the daemon shall end.
    fn take_signals(&mut self, signals: &Signals, reload: &mut Reload<'_>) -> io::Result<bool> {
        while let Some(number) = signals.next_number()? {
            match Signal::try_from(number) {
                Ok(Signal::SIGINT) if self.options.ignores_interrupts => {}
                Ok(Signal::SIGTERM | Signal::SIGINT) => {
                    self.stop();
                    return Ok(true);
                }
                Ok(Signal::SIGHUP) => self.reload(reload),
                Ok(Signal::SIGUSR1) => self.dump(),
                Ok(Signal::SIGUSR2) => self.dump_statistics(""),
                Ok(Signal::SIGCHLD) => self.reap(),
                Ok(Signal::SIGXCPU) => self.log.info(TOO_MUCH_TIME),
                Err(_) if number == SIGNAL_JSON => {
                    let own = fork::own_pid();
                    self.log.info(&format!("Printing VRRP as json for process({own}) on signal"));
                    let text = dump::json(&self.engine, now(), self.config.global.json_version);
                    self.write_dump("keepalived.json", &text);
                }
                Err(_) if number == SIGNAL_STATISTICS_CLEAR => {
                    self.dump_statistics("and clearing ");
                    self.engine.clear_statistics();
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn reap(&mut self) {
        while let Ok(Some((pid, end))) = fork::reap() {
            self.child_ended(pid, end);
        }
    }

    fn child_ended(&mut self, pid: Pid, end: End) {
        match self.scripts.child_ended(pid, end) {
            Some(event) => self.step(&event),
            None => self.notifier.child_ended(pid),
        }
    }

    fn stop(&mut self) {
        self.log.info("Stopping");
        self.scripts.kill_all();
        if !self.options.keep_addresses {
            self.step(&Event::Stop);
        }
        let until = now() + STOP_SCRIPTS_LIMIT;
        while self.notifier.busy() && now() < until {
            // A script that ends makes no noise here: SIGCHLD is blocked, and ten milliseconds are soon over.
            let _ = poll::wait_readable(&[], Some(Duration::from_millis(10)));
            self.reap();
        }
        self.notifier.close_fifos();
        if !self.options.keep_addresses {
            let config = self.config.clone();
            static_items::exchange(&mut self.kernel, &config, &Keepalived::default(), self.log);
        }
        self.with_devices(|devices, _, tools| devices.remove_all(tools));
        if !self.options.keep_addresses
            && let Err(error) = self.firewall.close()
        {
            self.log.info(&format!("nftables: {error}"));
        }
        self.promote_secondaries.keep(&[], &mut self.kernel);
        self.local_igmp.keep(false, self.log);
    }

    fn data(&self, at_start: bool) -> String {
        dump_text::whole(&Source {
            config: &self.config,
            engine: &self.engine,
            kernel: &self.kernel,
            sockets: &self.sockets,
            devices: &self.devices,
            linkbeats: &self.linkbeats,
            promote_secondaries: &self.promote_secondaries,
            announcer: &self.announcer,
            processes: &self.processes,
            is_running: &|name| self.scripts.is_running(name),
            reload_file: self.options.reload_file.clone(),
            at_start,
            now: now(),
        })
    }

    fn log_data(&self) {
        if self.options.dumps_configuration {
            self.data(true).lines().for_each(|line| self.log.info(line));
        }
    }

    fn dump(&self) {
        let text = self.data(false);
        self.log.info(&format!("Printing VRRP data for process({}) on signal", fork::own_pid()));
        let process = &self.config.process;
        let names = [&process.net_namespace, &process.instance].into_iter().flatten().filter(|_| {
            // The files of counters and of JSON have no such names (keepalived).
            self.config.global.data_use_instance
        });
        let names = names.map(String::as_str).collect::<Vec<_>>().join("_");
        let path = self.config.global.state_dump_file.as_deref();
        self.write_dump(dump::data_path(path, &self.options.dump_directory, &names), &text);
    }

    /// `also` is what is done besides, as keepalived's log line has it.
    fn dump_statistics(&self, also: &str) {
        self.log.info(&format!("Printing {also}VRRP stats for process({}) on signal", fork::own_pid()));
        self.write_dump("keepalived.stats", &dump::statistics(&self.engine));
    }

    fn write_dump(&self, name: impl AsRef<Path>, text: &str) {
        let path = self.options.dump_directory.join(name);
        if let Err(error) = std::fs::write(&path, text) {
            self.log.info(&format!("Can't open {} ({error})", path.display()));
        }
    }

    fn answer_status(&self) {
        if let Some(status) = &self.status {
            status.answer(|| self.document());
        }
    }

    fn document(&self) -> Document {
        Document {
            pid: fork::own_pid(),
            router_id: self.config.global.router_id.clone(),
            instances: self.engine.status(now()),
        }
    }

    fn reload(&mut self, reload: &mut Reload<'_>) {
        self.log.info("Reloading");
        let config = match reload() {
            Ok(mut config) => {
                hmac_keys::load(&mut config, self.log);
                config
            }
            Err(reason) => {
                // keepalived would end here, with its addresses left in place.
                self.log.info(&format!("Reload refused, the running configuration stays: {reason}"));
                self.tell_parent();
                return;
            }
        };
        let mut actions = Vec::new();
        self.engine.reload(now(), &config, &mut actions);
        let before = std::mem::replace(&mut self.config, config);
        let after = self.config.clone();
        static_items::exchange(&mut self.kernel, &before, &after, self.log);
        for event in self.processes.configure(&self.config.track_processes, now(), self.log) {
            self.engine.step(now(), &event, &mut actions);
        }
        if let Ok((files, events)) = TrackFiles::open(&self.config.track_files) {
            self.files = files;
            for event in events {
                self.engine.step(now(), &event, &mut actions);
            }
        }
        self.promote_secondaries.keep(&self.config.instances, &mut self.kernel);
        self.with_devices(|devices, routers, tools| devices.log_found(routers, tools.log));
        let is_kept = |action: &Action| matches!(action, Action::Report(Report::ScriptKept { .. }));
        let (kept, actions): (Vec<_>, Vec<_>) = actions.into_iter().partition(is_kept);
        self.perform_all(&kept);
        self.prepare_kernel();
        self.tell_parent();
        self.announcer.configure(&self.config);
        self.notifier.configure(&self.config, self.log);
        self.open_sockets();
        self.log_data();
        self.perform_all(&actions);
        self.with_devices(|devices, routers, tools| devices.remove_unused(routers, tools));
        self.scripts.configure(&self.config.scripts, &self.config.global, now(), self.log);
        self.configure_bfd();
        self.log_sockets();
    }

    // ---- sockets ----

    /// Opens the sockets that instances need now, and closes those that none needs.
    pub(super) fn open_sockets(&mut self) {
        let mut wanted: Vec<Wanted> = Vec::new();
        for router in self.engine.instances() {
            let config = &router.config;
            let device = vmac::transmitting_name(config, self.engine.watched().device_names(&config.name));
            let index = match device.or(config.interface.as_deref()) {
                Some(name) => self.kernel.link_named(name).map(|link| link.index),
                None => Some(0),
            };
            let source = config.source_address.or_else(|| {
                let index = self.kernel.link_named(config.interface.as_deref()?)?.index;
                self.primary_address(index, Family::from(config.family) == Family::Ipv6)
            });
            let Some(key) = sockets::key(config, config.family.into(), source, device) else { continue };
            let link = config.interface.as_deref().and_then(|name| self.kernel.link_named(name));
            let receive_buffer = receive_buffers::wanted(config, &self.config.global, link.map(|link| link.mtu));
            match wanted.iter_mut().find(|known| known.key == key) {
                Some(known) => known.receive_buffer = known.receive_buffer.saturating_add(receive_buffer),
                None => wanted.push(Wanted { key, index, receive_buffer }),
            }
        }
        for (key, error) in self.sockets.keep(&wanted) {
            let interface = key.interface.as_deref().unwrap_or("-");
            self.log.info(&format!("can't open a socket for {} on {interface}: {error}", key.listens_to));
        }
    }

    fn log_sockets(&self) {
        for OpenPair { key, index, numbers: (receiver, sender), .. } in self.sockets.describe() {
            // The comma is keepalived's.
            let cast = if key.listens_to.is_multicast() { "multicast" } else { ", unicast" };
            self.log.detail(&format!(
                "VRRP sockpool: [ifindex({index:3}), family(IPv{}), proto({}), fd({receiver},{sender}) {cast}, address({})]",
                key.family.number(),
                key.protocol,
                key.listens_to
            ));
        }
    }

    fn take_packets(&mut self, place: usize) {
        for _ in 0..PACKETS_A_ROUND {
            match self.sockets.receive(place) {
                Ok(Some(received)) => self.step(&Event::Advert(received)),
                Ok(None) => return,
                Err(error) => {
                    self.log.info(&format!("recvmsg returned {error}"));
                    return;
                }
            }
        }
    }
}

/// What can be read.
#[derive(Debug)]
struct Ready {
    signals: bool,
    kernel: bool,
    files: bool,
    status: bool,
    processes: bool,
    sockets: Vec<usize>,
    bfd: bool,
}
