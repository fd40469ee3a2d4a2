//! Files and trees of files: renamed across file systems, copied with their rights and times, removed (`ngx_ext_rename_file`,
//! `ngx_copy_file`, `ngx_walk_tree`).

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::time::{Duration, SystemTime};

use nix::errno::Errno;

use crate::http::map_uri::path;
use crate::http::request::Request;
use crate::log::error_log::Level;

/// A system call that failed, in nginx's words.
#[derive(Debug)]
pub struct Fault {
    /// `open() "/a" failed`
    pub text: String,
    /// What the system said.
    pub error: io::Error,
}

impl Fault {
    /// The fault of a call with one path.
    pub fn of(call: &'static str, name: &[u8]) -> impl FnOnce(io::Error) -> Self + use<> {
        let text = format!("{call} \"{}\" failed", String::from_utf8_lossy(name));
        move |error| Self { text, error }
    }
}

/// Who may read a directory's files may look into it (`ngx_dir_access`).
pub fn directory_rights(access: u32) -> u32 {
    access | (access & 0o444) >> 2
}

/// Sets the times of a file.
pub fn set_time(file: &File, unix_seconds: i64) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds.max(0).cast_unsigned());
    file.set_times(fs::FileTimes::new().set_accessed(time).set_modified(time))
}

/// Renames a file; one on another file system is copied and removed. With rights, missing directories are made.
pub fn rename(from: &[u8], to: &[u8], made: Option<u32>) -> Result<(), Fault> {
    let mut outcome = fs::rename(path(from), path(to));
    if let (Err(error), Some(access)) = (&outcome, made)
        && error.raw_os_error() == Some(Errno::ENOENT as i32)
        && let Some(parent) = path(to).parent()
    {
        let rights = directory_rights(access);
        let made = fs::DirBuilder::new().recursive(true).mode(rights).create(parent);
        made.map_err(Fault::of("mkdir()", parent.as_os_str().as_bytes()))?;
        outcome = fs::rename(path(from), path(to));
    }
    match outcome {
        Err(error) if error.raw_os_error() == Some(Errno::EXDEV as i32) => move_by_copy(from, to),
        Err(error) => {
            let (from, to) = (String::from_utf8_lossy(from), String::from_utf8_lossy(to));
            Err(Fault { text: format!("rename() \"{from}\" to \"{to}\" failed"), error })
        }
        Ok(()) => Ok(()),
    }
}

/// Whoever reads the target sees either the old file or the whole new one.
fn move_by_copy(from: &[u8], to: &[u8]) -> Result<(), Fault> {
    let metadata = fs::symlink_metadata(path(from)).map_err(Fault::of("lstat()", from))?;
    let nanoseconds = crate::log::now::since_epoch().subsec_nanos();
    let beside =
        [to, format!(".{:010}", u64::from(std::process::id()) << 12 ^ u64::from(nanoseconds)).as_bytes()].concat();
    copy_file(from, &beside, &metadata)?;
    fs::rename(path(&beside), path(to)).map_err(Fault::of("rename()", &beside))?;
    fs::remove_file(path(from)).map_err(Fault::of("unlink()", from))
}

/// Copies a file with its rights and times.
pub fn copy_file(from: &[u8], to: &[u8], metadata: &Metadata) -> Result<(), Fault> {
    let mut source = File::open(path(from)).map_err(Fault::of("open()", from))?;
    let rights = metadata.mode() & 0o777;
    let target = File::options().write(true).create(true).truncate(true).mode(rights).open(path(to));
    let mut target = target.map_err(Fault::of("open()", to))?;
    io::copy(&mut source, &mut target).map_err(Fault::of("write()", to))?;
    set_time(&target, metadata.mtime()).map_err(Fault::of("futimes()", to))
}

/// Removes a file, or a directory with what is in it; what of that cannot be removed is logged.
pub fn remove(request: &Request, name: &[u8], is_directory: bool) -> Result<(), Fault> {
    if !is_directory {
        return fs::remove_file(path(name)).map_err(Fault::of("unlink()", name));
    }
    for (inner, metadata) in entries(name)? {
        let outcome = remove(request, &inner, metadata.is_dir());
        log_fault(request, outcome);
    }
    fs::remove_dir(path(name)).map_err(Fault::of("rmdir()", name))
}

/// Copies what is in a directory into another one; what of that cannot be copied is logged.
pub fn copy_tree(request: &Request, from: &[u8], to: &[u8]) -> Result<(), Fault> {
    for (inner, metadata) in entries(from)? {
        let target = [to, &inner[from.len()..]].concat();
        let outcome = if metadata.is_dir() {
            copy_directory(request, &inner, &target, &metadata)
        } else if metadata.is_file() {
            copy_file(&inner, &target, &metadata)
        } else {
            Ok(())
        };
        log_fault(request, outcome);
    }
    Ok(())
}

fn copy_directory(request: &Request, from: &[u8], to: &[u8], metadata: &Metadata) -> Result<(), Fault> {
    let rights = directory_rights(metadata.mode() & 0o777);
    fs::DirBuilder::new().mode(rights).create(path(to)).map_err(Fault::of("mkdir()", to))?;
    copy_tree(request, from, to)?;
    let directory = File::open(path(to)).map_err(Fault::of("open()", to))?;
    set_time(&directory, metadata.mtime()).map_err(Fault::of("utimes()", to))
}

fn entries(directory: &[u8]) -> Result<Vec<(Vec<u8>, Metadata)>, Fault> {
    let listed = fs::read_dir(path(directory)).map_err(Fault::of("opendir()", directory))?;
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry.map_err(Fault::of("readdir()", directory))?;
        let name = [directory, b"/", entry.file_name().as_bytes()].concat();
        let metadata = fs::symlink_metadata(path(&name)).map_err(Fault::of("lstat()", &name))?;
        entries.push((name, metadata));
    }
    Ok(entries)
}

fn log_fault(request: &Request, outcome: Result<(), Fault>) {
    if let Err(fault) = outcome {
        let level = match fault.error.raw_os_error().map(Errno::from_raw) {
            Some(
                Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG | Errno::EACCES | Errno::EPERM | Errno::EEXIST,
            ) => Level::Error,
            _ => Level::Crit,
        };
        request.log_error(level, &fault.error, &fault.text);
    }
}
