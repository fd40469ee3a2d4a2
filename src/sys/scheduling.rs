//! What the kernel grants a process: priority, processors, limits.

use std::io;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// Sets the priority of this process (-20 to 19).
#[allow(unsafe_code)]
pub fn set_priority(priority: i32) -> io::Result<()> {
    // SAFETY: plain numbers; nothing is read or written through a pointer.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, priority) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The priority of this process.
#[allow(unsafe_code)]
pub fn priority() -> io::Result<i32> {
    // -1 is a priority, too: only errno tells it from a failure.
    nix::errno::Errno::clear();
    // SAFETY: plain numbers; nothing is read or written through a pointer.
    let priority = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    match nix::errno::Errno::last_raw() {
        0 => Ok(priority),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Makes this process a real-time one that takes turns with its equals; its children are not.
#[allow(unsafe_code)]
pub fn set_realtime_priority(priority: i32) -> io::Result<()> {
    // SAFETY: `sched_param` holds only numbers, for which zero is valid.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = priority;
    // SAFETY: the parameters are only read during the call.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// How long, in microseconds, a real-time process may compute without waiting; it gets SIGXCPU at half of that (keepalived).
pub fn set_realtime_limit(limit_us: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_RTTIME, limit_us / 2, limit_us)?)
}

/// Keeps the memory of this process from being swapped out, that which it takes later included.
#[allow(unsafe_code)]
pub fn lock_memory() -> io::Result<()> {
    // SAFETY: a plain number; nothing is read or written through a pointer.
    match unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Binds this process to processors, by their numbers.
pub fn set_processors(processors: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &processor in processors {
        set.set(processor)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// How many processors the machine has in use.
pub fn processors_online() -> usize {
    nix::unistd::sysconf(nix::unistd::SysconfVar::_NPROCESSORS_ONLN)
        .ok()
        .flatten()
        .map_or(1, |count| count.max(1) as usize)
}

/// The limits of open files: the one in force, and the one up to which it may be raised.
pub fn open_files_limit() -> io::Result<(u64, u64)> {
    Ok(getrlimit(Resource::RLIMIT_NOFILE)?)
}

/// Sets both limits of open files.
pub fn set_open_files_limit(limit: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_NOFILE, limit, limit)?)
}

/// The limits of the size of a core file: the one that holds, and the highest.
pub fn core_file_limit() -> io::Result<(u64, u64)> {
    Ok(getrlimit(Resource::RLIMIT_CORE)?)
}

/// Sets them.
pub fn set_core_file_limits(soft: u64, hard: u64) -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_CORE, soft, hard)?)
}

/// The system's name and release, as `uname` gives them.
pub fn system() -> io::Result<(String, String)> {
    let name = nix::sys::utsname::uname()?;
    Ok((name.sysname().to_string_lossy().into_owned(), name.release().to_string_lossy().into_owned()))
}

/// When and how the system was built, as `uname` gives it.
pub fn system_version() -> io::Result<String> {
    Ok(nix::sys::utsname::uname()?.version().to_string_lossy().into_owned())
}

/// The machine's own name.
pub fn hostname() -> io::Result<String> {
    Ok(nix::unistd::gethostname()?.to_string_lossy().into_owned())
}
