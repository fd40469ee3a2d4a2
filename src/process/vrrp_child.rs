//! The process that runs VRRP, apart from everything else: other privileges, other deadlines.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;

use crate::ir::keepalived::Keepalived;
use crate::log::keepalived_log::KeepalivedLog;
use crate::sys::capabilities::{self, Capability};
use crate::sys::signal::{Signal, Signals};
use crate::sys::{credentials, scheduling, usage};
use crate::vrrp_io::driver::{self, Driver};
use crate::vrrp_io::status;

use super::keepalived_run::{self, FATAL, Options, Purpose, Read, seconds};
use super::takeover::Takeover;

const SIGNALS: [Signal; 7] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCHLD,
    Signal::SIGXCPU,
];

/// What the parent leaves to its child.
#[derive(Debug)]
pub struct Heritage {
    /// What there is to say of the configuration.
    pub lines: Vec<String>,
    /// Where the parent hears that a configuration is read.
    pub notice: Option<OwnedFd>,
}

/// Runs until it is told to end. `config` is what the parent has read.
pub fn run(
    config: Keepalived,
    options: &Options,
    read: &Read<'_>,
    takeover: Option<Takeover>,
    heritage: Heritage,
) -> ExitCode {
    let ident = keepalived_run::ident("Keepalived_vrrp", &config.process);
    let log = KeepalivedLog::new(options.console, options.syslog_facility, options.detail, &ident);
    keepalived_run::name_process(config.global.process_names.vrrp.as_deref(), &log);
    match serve(config, options, read, takeover, heritage, &log) {
        Ok(()) => {
            log.info(&last_line(&log));
            ExitCode::SUCCESS
        }
        Err(error) => {
            log.info(&format!("VRRP child process: {error}"));
            ExitCode::from(FATAL)
        }
    }
}

/// With -D, the processor time used; that of scripts too if there were any.
fn last_line(log: &KeepalivedLog) -> String {
    let (own, children) = usage::so_far();
    let (user, system) = (seconds(own.user), seconds(own.system));
    if !log.detail {
        return "Stopped".into();
    }
    if children.user.is_zero() {
        return format!("Stopped - used {user} user time, {system} system time");
    }
    let (scripts_user, scripts_system) = (seconds(children.user), seconds(children.system));
    format!("Stopped - used (self/children) {user}/{scripts_user} user time, {system}/{scripts_system} system time")
}

fn serve(
    config: Keepalived,
    options: &Options,
    read: &Read<'_>,
    takeover: Option<Takeover>,
    heritage: Heritage,
    log: &KeepalivedLog,
) -> std::io::Result<()> {
    let signals = Signals::block_numbered(&SIGNALS, &[driver::SIGNAL_JSON, driver::SIGNAL_STATISTICS_CLEAR])?;
    // A parent that dies without a word must not leave addresses behind: we stop as if it had told us.
    credentials::die_with_parent(Signal::SIGTERM)?;
    if options.snmp || config.global.other_duties.snmp.is_wanted() {
        log.info("Warning: SNMP is not served by evenkeel, no agentx master agent is asked");
    }
    schedule(&config, log);
    give_up_rights(&config, log);
    let shell = driver::Options {
        status: Some(status::path_beside(Path::new(&options.pid_files(&config.process).vrrp))),
        record: options.record.clone(),
        keep_addresses: options.keep_addresses,
        dumps_configuration: options.dumps_configuration,
        monitors_addresses: options.monitors_addresses,
        ignores_interrupts: options.ignores_interrupts,
        dump_directory: std::env::temp_dir(),
        reload_file: options.reload_file(&config),
        predecessor: takeover.as_ref().map(|takeover| takeover.predecessor),
        lines: heritage.lines,
        notice: heritage.notice,
    };
    let mut reload_file = options.reload_file(&config);
    let mut reload = || {
        let reading = read(Purpose::Run);
        reading.reload_lines.iter().for_each(|line| log.info(line));
        if let Some(file) = &reload_file {
            // The parent made it: both have read the configuration now.
            let _ = std::fs::remove_file(file);
        }
        reload_file = options.reload_file(&reading.keepalived);
        match reading.refusal {
            None => {
                keepalived_run::name_process(reading.keepalived.global.process_names.vrrp.as_deref(), log);
                Ok(reading.keepalived)
            }
            Some(code) => Err(format!("the new one would end the daemon with exit code {code}")),
        }
    };
    let mut driver = Driver::start(config, shell, log)?;
    if let Some(takeover) = takeover {
        takeover.tell()?;
    }
    driver.run(&signals, &mut reload)
}

/// What routing needs: addresses and raw sockets; files and FIFOs of other users; scripts that run as others, and their end;
/// scheduling, which a reload may change.
const KEPT: &[Capability] = &[
    Capability::NetAdmin,
    Capability::NetRaw,
    Capability::NetBindService,
    Capability::Chown,
    Capability::DacOverride,
    Capability::SetUid,
    Capability::SetGid,
    Capability::Kill,
    Capability::SysNice,
    Capability::SysResource,
    Capability::IpcLock,
];

/// keepalived keeps all of root's rights. Scripts have them still: what root starts gets them anew.
fn give_up_rights(config: &Keepalived, log: &KeepalivedLog) {
    let mut kept = KEPT.to_vec();
    if config.process.net_namespace.is_some() {
        // A reload enters it once more.
        kept.push(Capability::SysAdmin);
    }
    if let Err(error) = capabilities::keep_only(&kept) {
        log.info(&format!("Unable to give up rights - {error}"));
    }
}

/// `vrrp_priority`, `vrrp_rt_priority`, `vrrp_cpu_affinity`, `vrrp_no_swap`: a wish that the system does not grant is a line in the log.
fn schedule(config: &Keepalived, log: &KeepalivedLog) {
    let wishes = &config.global.vrrp_scheduling;
    if let Some(priority) = wishes.realtime_priority {
        match scheduling::set_realtime_priority(priority.cast_signed()) {
            Err(_) => log.info("child process: cannot raise priority"),
            Ok(()) if scheduling::set_realtime_limit(wishes.rlimit_rttime_us).is_err() => {
                log.info("child process cannot set realtime rlimit");
            }
            Ok(()) => {}
        }
    } else if wishes.nice != 0
        && let Err(error) = scheduling::set_priority(wishes.nice)
    {
        log.info(&format!("Unable to set process priority to {} - {error}", wishes.nice));
    }
    let processors: Vec<usize> = wishes.cpu_affinity.iter().map(|processor| *processor as usize).collect();
    if !processors.is_empty()
        && let Err(error) = scheduling::set_processors(&processors)
    {
        log.info(&format!("Unable to set cpu affinity - {error}"));
    }
    if wishes.no_swap
        && let Err(error) = scheduling::lock_memory()
    {
        log.info(&format!("Unable to lock process in memory - {error}"));
    }
}
