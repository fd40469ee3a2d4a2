//! What a worker is allowed: environment, priority, limits, user, processors, directory.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::cycle::{Cycle, WorkerUser};
use crate::conf::diagnostic::Level;
use crate::ir::core::{Core, CpuAffinity};
use crate::ir::value::Text;
use crate::log::error_log::ErrorLog;
use crate::sys::capabilities::{self, Capability};
use crate::sys::{credentials, environment, scheduling};

/// Says that the worker must not serve; the reason is in the log. It ends with status 2 and is not started again.
#[derive(Debug)]
pub struct Fatal;

/// Makes this process a worker; `index` is its place among the workers.
pub fn become_worker(cycle: &Cycle, index: usize) -> Result<(), Fatal> {
    let core = &cycle.nginx.core;
    let log = &*cycle.log;
    environment::replace(&kept_environment(core));
    set_limits(core, log);
    if credentials::is_root()
        && let Some(user) = &cycle.user
    {
        become_user(user, core.transparent, log)?;
    }
    if let Some(processors) = core.worker_cpu_affinity.as_ref().and_then(|affinity| processors(affinity, index)) {
        or_alert(scheduling::set_processors(&processors), log, "sched_setaffinity() failed");
    }
    // A worker starts no program, so this costs nothing; the change of user has taken root's rights already.
    or_alert(credentials::no_new_privileges(), log, "prctl(PR_SET_NO_NEW_PRIVS) failed");
    or_alert(credentials::allow_core_files(), log, "prctl(PR_SET_DUMPABLE) failed");
    if let Some(directory) = &core.working_directory
        && let Err(error) = std::env::set_current_dir(OsStr::from_bytes(directory))
    {
        log.say_error(Level::Alert, &error, format_args!("chdir(\"{directory}\") failed"));
        return Err(Fatal);
    }
    Ok(())
}

fn set_limits(core: &Core, log: &ErrorLog) {
    let priority = core.worker_priority;
    if priority != 0 {
        or_alert(scheduling::set_priority(priority), log, &format!("setpriority({priority}) failed"));
    }
    if let Some(limit) = core.worker_rlimit_nofile {
        or_alert(scheduling::set_open_files_limit(limit), log, &format!("setrlimit(RLIMIT_NOFILE, {limit}) failed"));
    }
    if let Some(limit) = core.worker_rlimit_core {
        or_alert(
            scheduling::set_core_file_limits(limit, limit),
            log,
            &format!("setrlimit(RLIMIT_CORE, {limit}) failed"),
        );
    }
}

fn or_alert(outcome: io::Result<()>, log: &ErrorLog, text: &str) {
    if let Err(error) = outcome {
        log.say_error(Level::Alert, &error, text);
    }
}

fn become_user(user: &WorkerUser, keeps_raw_sockets: bool, log: &ErrorLog) -> Result<(), Fatal> {
    let WorkerUser { name, uid, gid } = user;
    let fatal = |error: io::Error, text: String| {
        log.say_error(Level::Emerg, &error, text);
        Fatal
    };
    credentials::set_group(*gid).map_err(|error| fatal(error, format!("setgid({gid}) failed")))?;
    if let Err(error) = credentials::set_further_groups(name, *gid) {
        fatal(error, format!("initgroups({name}, {gid}) failed"));
    }
    let keeps_raw_sockets = keeps_raw_sockets && *uid != 0;
    if keeps_raw_sockets {
        let kept = credentials::keep_capabilities();
        kept.map_err(|error| fatal(error, "prctl(PR_SET_KEEPCAPS, 1) failed".to_owned()))?;
    }
    credentials::set_user(*uid).map_err(|error| fatal(error, format!("setuid({uid}) failed")))?;
    if keeps_raw_sockets {
        let kept = capabilities::keep_only(&[Capability::NetRaw]);
        kept.map_err(|error| fatal(error, "capset() failed".to_owned()))?;
    }
    Ok(())
}

/// The variables that `env` keeps or sets. `TZ` is kept in any case, as the times in the logs depend on it.
pub fn kept_environment(core: &Core) -> Vec<(OsString, OsString)> {
    let names_zone = |line: &Text| line.split(|&byte| byte == b'=').next() == Some(b"TZ");
    let zone = (!core.env.iter().any(names_zone)).then(|| Text::from("TZ"));
    core.env.iter().chain(&zone).filter_map(kept_variable).collect()
}

fn kept_variable(line: &Text) -> Option<(OsString, OsString)> {
    let owned = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    match line.iter().position(|&byte| byte == b'=') {
        Some(sign) => Some((owned(&line[..sign]), owned(&line[sign + 1..]))),
        None => std::env::var_os(OsStr::from_bytes(line)).map(|value| (owned(line), value)),
    }
}

/// The processors of a worker: its own mask, or with `auto` one processor of the mask after the other.
fn processors(affinity: &CpuAffinity, index: usize) -> Option<Vec<usize>> {
    let numbers = |mask: &Vec<bool>| -> Vec<usize> {
        mask.iter().enumerate().filter_map(|(number, &set)| set.then_some(number)).collect()
    };
    if !affinity.auto {
        let mask = affinity.masks.get(index).or(affinity.masks.last())?;
        return Some(numbers(mask));
    }
    let allowed = match affinity.masks.first() {
        Some(mask) => numbers(mask),
        None => (0..scheduling::processors_online()).collect(),
    };
    (!allowed.is_empty()).then(|| vec![allowed[index % allowed.len()]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_go_round_and_the_last_one_stays() {
        let fixed = CpuAffinity { auto: false, masks: vec![vec![true], vec![false, true]] };
        assert_eq!(processors(&fixed, 0), Some(vec![0]));
        assert_eq!(processors(&fixed, 5), Some(vec![1]));
        let auto = CpuAffinity { auto: true, masks: vec![vec![true, false, true]] };
        assert_eq!(processors(&auto, 1), Some(vec![2]));
        assert_eq!(processors(&auto, 2), Some(vec![0]));
        let empty = CpuAffinity { auto: true, masks: vec![vec![false]] };
        assert_eq!(processors(&empty, 0), None);
    }
}
