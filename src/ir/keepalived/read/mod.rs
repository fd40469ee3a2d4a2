//! From lines to values: each process of keepalived reads the same text, looks at its own blocks and says what it finds.

mod addresses;
pub mod authentication;
mod bfd;
mod check_draft;
mod check_http_get;
mod check_kinds;
mod check_timing;
mod checker;
mod command;
mod complete;
mod complete_instance;
mod complete_virtual_server;
mod completion;
mod fifo;
mod finish_instance;
mod forwarding;
mod global;
mod global_lvs;
mod global_macros;
mod global_process;
mod global_vrrp;
mod instance;
mod instance_draft;
mod instance_values;
mod interface_delays;
mod notify;
mod real_server;
mod route_words;
mod routes;
mod rules;
mod server_draft;
mod static_tracking;
mod sync_group;
mod tracked;
mod tracker;
mod value;
mod virtual_server;
mod virtual_server_group;
mod vmac;

use grammar::Status;
use grammar::keepalived::Keyword;
use std::collections::BTreeMap;

use crate::conf::keepalived::definitions::Surroundings;
use crate::conf::keepalived::files::Files;
use crate::conf::keepalived::include::{check_main, include_check};
use crate::conf::keepalived::parser::{Language, Line, Parser, Stop};
use crate::conf::keepalived::preprocess::{Copy, Reader};
use crate::conf::keepalived::report::{Fault, Report};

use super::global::{DynamicInterfaces, ProcessSettings};
use super::system::{Identity, RouteNames, System};
use super::{
    GarpGroup, InterfaceDelays, Keepalived, Linkbeat, LinkbeatWay, Route, Rule, Script, StaticAddress, TrackFile,
    TrackGroup, TrackProcess,
};

type Setter = fn(&mut Reading<'_>, &mut Parser<'_, '_>, &Line) -> Result<(), Stop>;

/// What to read, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The path of the configuration.
    pub path: String,
    /// Where relative paths count from.
    pub directory: String,
    /// Values from outside the file.
    pub surroundings: Surroundings,
    /// `-e`: every include must find what it names.
    pub all_includes: bool,
    /// `-t`: numbers with text behind them are refused.
    pub testing: bool,
    /// `-P`: only the VRRP process would run, so what concerns the others is of no consequence.
    pub vrrp_only: bool,
    /// `-B`: no session of BFD ever comes up.
    pub without_bfd: bool,
    /// `-s`: goes before `net_namespace`.
    pub namespace: Option<String>,
}

/// What came of reading.
#[derive(Debug)]
pub struct Outcome {
    /// The configuration as far as it can be used.
    pub keepalived: Keepalived,
    /// Every message, in the order that the processes say them.
    pub reports: Vec<Report>,
    /// How many of them the parent says; the rest is what its children say.
    pub by_parent: usize,
    /// Those of them that name what evenkeel does not serve yet. They do not count in `-t`, but a daemon refuses to run.
    pub not_served: Vec<Report>,
    /// The exit code of `-t`.
    pub test_exit_code: i32,
    /// The exit code with which a daemon ends instead of running; `None` if it runs.
    pub refusal: Option<i32>,
}

/// Which of keepalived's processes reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Parent,
    Checker,
    Vrrp,
    Bfd,
}

/// The values of the VRRP process.
#[derive(Default)]
struct VrrpDraft {
    scripts: Vec<Script>,
    track_files: Vec<TrackFile>,
    track_processes: Vec<TrackProcess>,
    instances: Vec<instance_draft::Draft>,
    groups: Vec<sync_group::GroupDraft>,
    static_addresses: Vec<StaticAddress>,
    static_routes: Vec<Route>,
    static_rules: Vec<Rule>,
    track_groups: Vec<TrackGroup>,
    garp_groups: Vec<GarpGroup>,
    interface_delays: Vec<InterfaceDelays>,
    linkbeats: Vec<Linkbeat>,
    /// `linkbeat_use_polling` outside all blocks.
    polls_all: bool,
}

impl VrrpDraft {
    /// Notes that an interface is asked for; a way that is named later counts.
    fn poll(&mut self, interface: &str, way: Option<LinkbeatWay>) {
        match self.linkbeats.iter_mut().find(|known| known.interface == interface) {
            Some(known) => known.way = way,
            None => self.linkbeats.push(Linkbeat { interface: interface.to_owned(), way }),
        }
    }
}

/// Everything that is known while the processes read, one after the other.
struct Reading<'s> {
    system: &'s dyn System,
    role: Role,
    options: &'s Options,
    process: ProcessSettings,
    global: global::GlobalDraft,
    /// The user of scripts that name none, once it is decided; `Some(None)` if there is none.
    default_script_user: Option<Option<Identity>>,
    fifos: [fifo::FifoDraft; 3],
    vrrp: VrrpDraft,
    checker: virtual_server::CheckerDraft,
    instance: Option<instance_draft::Draft>,
    group: Option<sync_group::GroupDraft>,
    script: Option<tracker::ScriptDraft>,
    track_file: Option<tracker::FileDraft>,
    track_process: Option<tracker::ProcessDraft>,
    track_group: Option<TrackGroup>,
    garp_group: Option<sync_group::GarpDraft>,
    garp_number: u32,
    next_rule_priority: [u32; 2],
    missing_interface: bool,
    bfd: Option<bfd::Draft>,
    bfds: Vec<bfd::Draft>,
    /// What the VRRP process read of them, for the IR.
    bfd_weights: BTreeMap<String, (i32, bool)>,
    completed: Vec<super::Instance>,
    /// The messages of the parent, once it has read all.
    by_parent: Option<usize>,
    /// The exit code with which a daemon refuses this configuration.
    refusal: Option<i32>,
    /// Keywords met that evenkeel does not serve yet, with the first place of each.
    not_served: Vec<Report>,
}

impl<'s> Reading<'s> {
    fn new(system: &'s dyn System, options: &'s Options) -> Self {
        Self {
            system,
            role: Role::Parent,
            options,
            process: ProcessSettings::default(),
            global: global::GlobalDraft::default(),
            default_script_user: None,
            fifos: Default::default(),
            vrrp: VrrpDraft::default(),
            checker: virtual_server::CheckerDraft::default(),
            instance: None,
            group: None,
            script: None,
            track_file: None,
            track_process: None,
            track_group: None,
            garp_group: None,
            garp_number: 0,
            next_rule_priority: [16384; 2],
            missing_interface: false,
            bfd: None,
            bfds: Vec::new(),
            bfd_weights: BTreeMap::new(),
            completed: Vec::new(),
            by_parent: None,
            refusal: None,
            not_served: Vec::new(),
        }
    }

    /// Whether an interface exists, or may come later.
    fn may_use_interface(&mut self, parser: &mut Parser<'_, '_>, name: &str) -> bool {
        if self.system.interface(name).is_some() {
            return true;
        }
        if self.global.ir.dynamic_interfaces == DynamicInterfaces::Off {
            self.missing_interface = true;
            return false;
        }
        let text =
            format!("Configuration specifies interface {name} which doesn't currently exist - will use if created");
        parser.report(Fault::LogOnly, text);
        true
    }

    /// A number of one of iproute2's tables, by name or by itself.
    fn route_number(&self, names: RouteNames, word: &str, most: u32) -> Option<u32> {
        if let Some(number) = self.system.route_number(names, word) {
            return Some(number).filter(|&number| number <= most);
        }
        let number = match word.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => word.parse().ok()?,
        };
        (number <= most).then_some(number)
    }

    fn has_track_group(&self, name: &str) -> bool {
        self.vrrp.track_groups.iter().any(|group| group.name == name)
    }

    fn root_keyword(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        match name {
            "vrrp_instance" => instance::begin(self, parser, line),
            "vrrp_sync_group" => sync_group::begin(self, parser, line),
            "vrrp_script" => tracker::begin_script(self, parser, line)?,
            "track_file" | "vrrp_track_file" => tracker::begin_file(self, parser, line)?,
            "vrrp_track_process" => tracker::begin_process(self, parser, line)?,
            "track_group" => sync_group::begin_track_group(self, parser, line),
            "garp_group" => self.garp_group = Some(sync_group::GarpDraft::default()),
            "bfd_instance" => bfd::begin(self, parser, line)?,
            "static_ipaddress" | "static_routes" | "static_rules" => self.static_block(parser, name, line)?,
            "linkbeat_interfaces" | "interface_up_down_delays" => self.interface_block(parser, name, line),
            "global_defs" => {}
            "virtual_server_group" => virtual_server_group::read(self, parser, line)?,
            "virtual_server" => virtual_server::begin(self, parser, line)?,
            "SSL" => virtual_server::begin_tls(self, parser),
            _ => {
                if let Some((_, setter)) = global::ROOT_SETTERS.iter().find(|(known, _)| *known == name) {
                    setter(self, parser, line)?;
                }
            }
        }
        Ok(())
    }

    fn static_block(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        let mut values = parser.values(line);
        while let Some(line) = values.next(parser) {
            match name {
                "static_ipaddress" => {
                    let address = addresses::read(self, parser, &line, true)?;
                    self.vrrp.static_addresses.extend(address);
                }
                "static_routes" => {
                    let route = routes::read(self, parser, &line, true)?;
                    self.vrrp.static_routes.extend(route);
                }
                _ => {
                    let rule = rules::read(self, parser, &line, true)?;
                    self.vrrp.static_rules.extend(rule);
                }
            }
        }
        Ok(())
    }

    fn interface_block(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) {
        let mut values = parser.values(line);
        while let Some(line) = values.next(parser) {
            let interface = &line.words[0];
            let dynamic = self.global.ir.dynamic_interfaces != DynamicInterfaces::Off;
            let linkbeat = name == "linkbeat_interfaces";
            if self.system.interface(interface).is_none() && !dynamic {
                let purpose = if linkbeat { "linkbeat interface" } else { "up/down delay" };
                parser.report(Fault::Fatal, format!("unknown interface {interface} specified for {purpose}"));
                continue;
            }
            if !linkbeat {
                self.vrrp.interface_delays.extend(interface_delays::read(parser, &line));
                continue;
            }
            let word = line.words.get(1);
            let way = word.and_then(|word| LinkbeatWay::ALL.into_iter().find(|way| way.word() == word));
            if let Some(word) = word.filter(|_| way.is_none() || line.len() > 2) {
                parser.report(Fault::General, format!("extra characters {word} in linkbeat interface"));
            }
            self.vrrp.poll(interface, way);
        }
    }

    /// Reads the text once, as one process. `Err` if a value is missing that must not.
    fn run(&mut self, role: Role, reader: &mut Reader<'_>, testing: bool) -> Result<(), Stop> {
        self.bfds.clear();
        self.role = role;
        self.instance = None;
        self.group = None;
        self.script = None;
        self.track_file = None;
        self.track_process = None;
        self.track_group = None;
        self.garp_group = None;
        self.bfd = None;
        Parser::new(reader, testing).run(self)
    }
}

impl Language for Reading<'_> {
    fn reads(&self, row: &'static Keyword) -> bool {
        match row.name {
            "virtual_server" | "virtual_server_group" | "SSL" => self.role == Role::Checker,
            "bfd_instance" => self.role != Role::Parent,
            "track_file" | "vrrp_track_file" => matches!(self.role, Role::Vrrp | Role::Checker),
            "global_defs" => self.role == Role::Parent,
            name if global::ROOT_SETTERS.iter().any(|(known, _)| *known == name) => self.role == Role::Parent,
            _ => self.role == Role::Vrrp,
        }
    }

    fn tells_open_quotes(&self) -> bool {
        self.role != Role::Parent
    }

    fn passes_over(&mut self, _: &'static Keyword) {}

    fn keyword(&mut self, parser: &mut Parser<'_, '_>, row: &'static Keyword, line: &Line) -> Result<(), Stop> {
        self.note_status(parser, row);
        match row.block {
            "" => self.root_keyword(parser, row.name, line),
            "global_defs" => match global::setter(row.name) {
                Some(setter) => setter(self, parser, line),
                None => Ok(()),
            },
            "vrrp_instance" => instance::keyword(self, parser, row.name, line),
            "vrrp_instance/authentication" => authentication::keyword(self, parser, row.name, line),
            "vrrp_instance/auth_hmac" => authentication::hmac_keyword(self, parser, row.name, line),
            "vrrp_sync_group" => sync_group::keyword(self, parser, row.name, line),
            "vrrp_script" => tracker::script(self, parser, row.name, line),
            "track_file" | "vrrp_track_file" => tracker::file(self, parser, row.name, line),
            "vrrp_track_process" => tracker::process(self, parser, row.name, line),
            "track_group" => {
                sync_group::track_group(self, parser, line);
                Ok(())
            }
            "garp_group" => sync_group::garp_group(self, parser, row.name, line),
            "bfd_instance" => bfd::keyword(self, parser, row.name, line),
            "SSL" => {
                virtual_server::tls_keyword(self, parser, row.name, line);
                Ok(())
            }
            "virtual_server" if row.name == "real_server" => real_server::begin(self, parser, line),
            "virtual_server" => virtual_server::keyword(self, parser, row.name, line),
            "virtual_server/real_server" if checker::is_checker(row.name) => {
                checker::begin(self, row.name);
                Ok(())
            }
            "virtual_server/real_server" => real_server::keyword(self, parser, row.name, line),
            block => match block.rsplit_once('/') {
                Some((outer, block)) if outer.starts_with("virtual_server/real_server") => {
                    checker::keyword(self, parser, block, row.name, line)
                }
                _ => Ok(()),
            },
        }
    }

    fn block_end(&mut self, parser: &mut Parser<'_, '_>, row: &'static Keyword) -> Result<(), Stop> {
        match (row.block, row.name) {
            ("", "vrrp_instance") => instance::end(self, parser),
            ("", "vrrp_sync_group") => sync_group::end(self, parser),
            ("", "vrrp_script") => tracker::end_script(self, parser),
            ("", "track_file" | "vrrp_track_file") => tracker::end_file(self, parser),
            ("", "vrrp_track_process") => tracker::end_process(self, parser),
            ("", "track_group") => sync_group::end_track_group(self, parser),
            ("", "garp_group") => sync_group::end_garp_group(self, parser),
            ("", "bfd_instance") => bfd::end(self, parser),
            ("", "virtual_server") => virtual_server::end(self, parser),
            ("virtual_server", "real_server") => real_server::end(self, parser),
            ("virtual_server/real_server", _) => checker::end(self, parser),
            (block, _) if block.starts_with("virtual_server/real_server/") => checker::end_inner(self, parser),
            _ => {}
        }
        Ok(())
    }
}

impl Reading<'_> {
    /// Remembers the first use of each keyword that evenkeel does not serve yet.
    fn note_status(&mut self, parser: &Parser<'_, '_>, row: &'static Keyword) {
        if row.status != Status::NotYet {
            return;
        }
        // Inside a block that is not served, the block alone is named; groups and keys do nothing without a server.
        let outer = row.block.split('/').next().unwrap_or_default();
        let inside = grammar::keepalived::find("", outer).is_some_and(|row| row.status == Status::NotYet);
        let idle = row.block.is_empty() && matches!(row.name, "virtual_server_group" | "SSL");
        if !inside && !idle {
            self.value_not_served(parser, row.name);
        }
    }

    /// Whether a daemon runs without what only IPVS could do: keepalived would end, and take the addresses with it.
    fn lacks_ipvs(&self) -> bool {
        !self.options.testing && !self.system.has_ipvs()
    }

    /// Notes a keyword, or a value of one, that is not served, at its first place.
    fn value_not_served(&mut self, parser: &Parser<'_, '_>, what: &str) {
        let text = format!("{what} is not served yet by evenkeel");
        let is_known = self.not_served.iter().any(|report| report.text == text);
        let concerns_nobody = self.role == Role::Checker && (self.options.vrrp_only || self.lacks_ipvs());
        if is_known || concerns_nobody {
            return;
        }
        let position = parser.reader.position().map(|mut position| {
            position.file.get_or_insert_with(|| self.options.path.as_str().into());
            position
        });
        self.not_served.push(Report { fault: Fault::Notice, position, text });
    }
}

pub use authentication::key_bytes;

/// Reads a configuration as keepalived's processes do, one after the other.
pub fn read(files: &dyn Files, system: &dyn System, options: &Options) -> Outcome {
    let mut reading = Reading::new(system, options);
    let checks = if options.all_includes { include_check::ALL } else { 0 };
    let (found, mut reports) = check_main(files, &options.path, &options.directory, checks);
    if !found {
        return reading.outcome(reports, None, Some(6));
    }
    let surroundings = || options.surroundings.clone();
    let mut reader = Reader::from_files(files, &options.path, &options.directory, surroundings());
    reader.include_check = checks;
    if reading.run(Role::Parent, &mut reader, options.testing).is_err() {
        reports.extend(reader.into_copy().1);
        return reading.stopped(reports);
    }
    let include_failed = reader.include_failed;
    let (copy, parent) = reader.into_copy();
    reports.extend(parent);
    if include_failed {
        return reading.outcome(reports, Some(6), Some(6));
    }
    if let Some(name) = &options.namespace {
        if let Some(configured) = &reading.process.net_namespace {
            let text = format!("Overriding config net_namespace '{configured}' with command line namespace '{name}'");
            completion::say(&mut reports, Fault::LogOnly, text);
        }
        reading.process.net_namespace = Some(name.clone());
        reading.process.use_pid_dir = true;
    }
    if let Some(name) = reading.process.net_namespace.clone()
        && !system.enter_namespace(&name)
    {
        // The original ends with 0 here, before a child has read a line.
        completion::say(&mut reports, Fault::LogOnly, format!("Unable to set network namespace {name} - exiting"));
        return reading.outcome(reports, Some(0), Some(0));
    }
    complete::daemon_scripts(&mut reading, &mut reports);
    reading.by_parent = Some(reports.len());
    for role in [Role::Checker, Role::Vrrp, Role::Bfd] {
        match reading.child(role, &copy, options) {
            Ok(said) => reports.extend(said),
            Err(said) => {
                reports.extend(said);
                return reading.stopped(reports);
            }
        }
    }
    reports.extend(reading.not_served.iter().cloned());
    let refusal = reading.refusal;
    reading.outcome(reports, None, refusal)
}

impl Reading<'_> {
    /// One child reads the parent's copy and checks what it found.
    fn child(&mut self, role: Role, copy: &Copy, options: &Options) -> Result<Vec<Report>, Vec<Report>> {
        let mut reader = Reader::from_copy(copy, &options.path, &options.directory, options.surroundings.clone());
        let result = self.run(role, &mut reader, options.testing);
        let mut reports = reader.into_copy().1;
        if result.is_err() {
            return Err(reports);
        }
        match role {
            Role::Vrrp => complete::vrrp(self, &mut reports),
            Role::Checker => {
                complete_virtual_server::checkers(self, &mut reports);
                self.name_unbalanced(&mut reports);
            }
            Role::Bfd | Role::Parent => {}
        }
        Ok(reports)
    }

    fn name_unbalanced(&self, reports: &mut Vec<Report>) {
        let servers = &self.checker.completed;
        if servers.is_empty() || self.options.vrrp_only || !self.lacks_ipvs() {
            return;
        }
        completion::say(reports, Fault::LogOnly, "IPVS: Can't initialize ipvs: No such file or directory");
        for server in servers {
            let shown = server.service.shown(server.protocol);
            let text = format!("Virtual server {shown} is not served: the kernel has no IPVS");
            completion::say(reports, Fault::LogOnly, text);
        }
    }

    fn stopped(self, reports: Vec<Report>) -> Outcome {
        self.outcome(reports, Some(2), Some(2))
    }

    fn outcome(mut self, reports: Vec<Report>, exit_code: Option<i32>, refusal: Option<i32>) -> Outcome {
        let worst = reports.iter().map(|report| report.fault).max().unwrap_or(Fault::LogOnly);
        let test_exit_code = exit_code.unwrap_or(match worst {
            Fault::LogOnly | Fault::Notice => 0,
            Fault::FileNotFound | Fault::BadInterface | Fault::Fatal => 4,
            Fault::Security => 6,
            _ => 5,
        });
        let not_served = std::mem::take(&mut self.not_served);
        // Who wants files checked gets none run that has a fault (keepalived).
        let is_checked = self.global.ir.reload_check_config.is_some() && worst > Fault::Notice;
        // Nothing is accepted and silently not done.
        let refusal = refusal.or((is_checked || !not_served.is_empty()).then_some(2));
        let by_parent = self.by_parent.unwrap_or(reports.len());
        Outcome { keepalived: self.finish(), reports, by_parent, not_served, test_exit_code, refusal }
    }

    fn finish(&mut self) -> Keepalived {
        let mut global = std::mem::take(&mut self.global).ir;
        let [all, vrrp, lvs] = &mut self.fifos;
        global.notify_fifo = all.finish();
        global.vrrp_notify_fifo = vrrp.finish();
        global.lvs_notify_fifo = lvs.finish();
        let vrrp = std::mem::take(&mut self.vrrp);
        let sessions = std::mem::take(&mut self.bfds).into_iter().filter(|_| !self.options.without_bfd);
        let bfd_instances = sessions.filter_map(|draft| bfd::finish(draft, &self.bfd_weights)).collect();
        Keepalived {
            process: std::mem::take(&mut self.process),
            global,
            scripts: vrrp.scripts,
            track_files: vrrp.track_files,
            track_processes: vrrp.track_processes,
            instances: std::mem::take(&mut self.completed),
            sync_groups: vrrp.groups.into_iter().map(|draft| draft.group).collect(),
            static_addresses: vrrp.static_addresses,
            static_routes: vrrp.static_routes,
            static_rules: vrrp.static_rules,
            track_groups: vrrp.track_groups,
            bfd_instances,
            garp_groups: vrrp.garp_groups,
            interface_delays: vrrp.interface_delays,
            linkbeats: vrrp.linkbeats,
            virtual_servers: std::mem::take(&mut self.checker.completed),
            virtual_server_groups: std::mem::take(&mut self.checker.groups),
            checker_tls: self.checker.tls.take(),
        }
    }
}

#[cfg(test)]
mod tests;
