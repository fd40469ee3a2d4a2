//! Opening a file part by part, so that no symbolic link on the way leads elsewhere (`disable_symlinks`).

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fstat, fstatat};

/// Which links are followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// None.
    None,
    /// Those that belong to whom what they lead to belongs to.
    SameOwner,
}

/// Where a path is looked up.
const SEARCH: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC);

/// Opens a path; of its first bytes, so many are trusted and not looked at.
pub fn open(path: &[u8], trusted: usize, links: Links, flags: OFlag) -> io::Result<File> {
    let flags = flags | OFlag::O_CLOEXEC;
    let (start, rest) = match (trusted, path.first()) {
        (0, Some(b'/')) => (Some(&b"/"[..]), &path[1..]),
        (0, _) => (None, path),
        _ => (Some(&path[..trusted]), path.get(trusted + 1..).unwrap_or_default()),
    };
    let mut directory = match start {
        Some(start) => Some(openat(AT_FDCWD, OsStr::from_bytes(start), SEARCH, Mode::empty())?),
        None => None,
    };
    let mut parts = rest.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).peekable();
    let ends_with_slash = rest.is_empty() || rest.last() == Some(&b'/');
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none() && !ends_with_slash;
        let opened = open_part(directory.as_ref(), part, if is_last { flags } else { SEARCH }, links)?;
        if is_last {
            return Ok(File::from(opened));
        }
        directory = Some(opened);
    }
    // What ends with a slash is a directory, which is opened once more for what is wanted of it.
    let opened = match &directory {
        Some(directory) => openat(directory, ".", flags, Mode::empty()),
        None => openat(AT_FDCWD, ".", flags, Mode::empty()),
    };
    Ok(File::from(opened?))
}

fn open_part(directory: Option<&OwnedFd>, part: &[u8], flags: OFlag, links: Links) -> io::Result<OwnedFd> {
    let at = directory.map_or(AT_FDCWD, AsFd::as_fd);
    let part = OsStr::from_bytes(part);
    if links == Links::None {
        return Ok(openat(at, part, flags | OFlag::O_NOFOLLOW, Mode::empty())?);
    }
    let opened = openat(at, part, flags, Mode::empty())?;
    // Whether it was a link when it was opened cannot be told any more, so the owners are compared in any case.
    let found = fstatat(at, part, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if fstat(&opened)?.st_uid != found.st_uid {
        return Err(Errno::ELOOP.into());
    }
    Ok(opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed() {
        let scratch = std::env::temp_dir().join(format!("evenkeel-no-symlinks-{}", std::process::id()));
        std::fs::create_dir_all(scratch.join("directory")).expect("a scratch directory");
        std::fs::write(scratch.join("directory/file"), "text").expect("a file");
        for (target, link) in [("directory", "link"), ("directory/file", "file")] {
            std::os::unix::fs::symlink(target, scratch.join(link)).expect("a link");
        }
        let scratch_path = scratch.as_os_str().as_bytes();
        let trusted = scratch_path.len();
        let read = |name: &str, links| {
            let path = [scratch_path, b"/", name.as_bytes()].concat();
            open(&path, trusted, links, OFlag::O_RDONLY).map(drop).map_err(|error| error.raw_os_error())
        };
        assert_eq!(read("directory/file", Links::None), Ok(()));
        assert_eq!(read("directory//", Links::None), Ok(()));
        assert_eq!(read("file", Links::None), Err(Some(Errno::ELOOP as i32)));
        assert_eq!(read("link/file", Links::None), Err(Some(Errno::ENOTDIR as i32)));
        assert_eq!(read("link/file", Links::SameOwner), Ok(()));
        std::fs::remove_dir_all(&scratch).expect("scratch directory removed");
    }
}
