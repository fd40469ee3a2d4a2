//! The log files of one generation: each path opened once, whoever names it, and opened again when asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::rc::Rc;

/// Where the bytes go.
#[derive(Debug)]
enum Target {
    Stderr,
    File { path: String, file: RefCell<File> },
}

/// One log file, or standard error.
#[derive(Debug)]
pub struct LogFile {
    target: Target,
}

/// A step of opening a log file that failed, in nginx's words.
#[derive(Debug)]
pub struct OpenError {
    /// `open() "/a" failed`
    pub text: String,
    /// What the system said.
    pub error: io::Error,
}

impl LogFile {
    /// Standard error.
    pub fn stderr() -> Rc<Self> {
        Rc::new(Self { target: Target::Stderr })
    }

    /// Opens a file for appending; creates it, readable by all, if there is none.
    pub fn open(path: &str) -> Result<Rc<Self>, OpenError> {
        let file = RefCell::new(open(path, READABLE_BY_ALL)?);
        Ok(Rc::new(Self { target: Target::File { path: path.to_owned(), file } }))
    }

    /// A file that somebody else has opened for appending.
    pub fn opened(path: &str, file: File) -> Rc<Self> {
        Rc::new(Self { target: Target::File { path: path.to_owned(), file: RefCell::new(file) } })
    }

    /// Whether this is standard error.
    pub fn is_stderr(&self) -> bool {
        matches!(self.target, Target::Stderr)
    }

    /// Writes bytes with one system call, so that lines of several processes do not mix.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.target {
            Target::Stderr => io::stderr().write(bytes),
            Target::File { file, .. } => file.borrow().write_once(bytes),
        }
    }

    /// Runs something with the descriptor.
    pub fn with_descriptor<R>(&self, run: impl FnOnce(BorrowedFd) -> R) -> R {
        match &self.target {
            Target::Stderr => run(io::stderr().as_fd()),
            Target::File { file, .. } => run(file.borrow().as_fd()),
        }
    }

    fn reopen(&self, owner: Option<u32>) -> Result<(), OpenError> {
        let Target::File { path, file } = &self.target else { return Ok(()) };
        file.replace(open_for(path, READABLE_BY_ALL, owner)?);
        Ok(())
    }
}

trait WriteOnce {
    fn write_once(&self, bytes: &[u8]) -> io::Result<usize>;
}

impl WriteOnce for File {
    fn write_once(&self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self).write(bytes)
    }
}

const READABLE_BY_ALL: u32 = 0o644;

/// Opens a file for appending; creates it with this mode if there is none.
pub fn open(path: &str, mode: u32) -> Result<File, OpenError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(mode)
        .open(path)
        .map_err(|error| OpenError { text: format!("open() \"{path}\" failed"), error })
}

/// The same; given an owner, the file becomes that user's.
pub fn open_for(path: &str, mode: u32, owner: Option<u32>) -> Result<File, OpenError> {
    let file = open(path, mode)?;
    if let Some(owner) = owner {
        give_to(path, owner)?;
    }
    Ok(file)
}

/// Makes a file the worker user's, as nginx does when it reopens logs as root: the workers open it by name.
fn give_to(path: &str, owner: u32) -> Result<(), OpenError> {
    let fail = |text: String| move |error| OpenError { text, error };
    let metadata = fs::metadata(path).map_err(fail(format!("stat() \"{path}\" failed")))?;
    if metadata.uid() != owner {
        chown(path, Some(owner), None).map_err(fail(format!("chown(\"{path}\", {owner}) failed")))?;
    }
    let mode = metadata.mode();
    if mode & 0o600 != 0o600 {
        let rights = fs::Permissions::from_mode(mode | 0o600);
        fs::set_permissions(path, rights).map_err(fail(format!("chmod() \"{path}\" failed")))?;
    }
    Ok(())
}

/// The open files of one generation.
#[derive(Default, Debug)]
pub struct OpenFiles {
    by_path: RefCell<BTreeMap<String, Rc<LogFile>>>,
}

impl OpenFiles {
    /// The file of that path, opened now if it is not open yet.
    pub fn open(&self, path: &str) -> Result<Rc<LogFile>, OpenError> {
        if let Some(file) = self.by_path.borrow().get(path) {
            return Ok(Rc::clone(file));
        }
        let file = LogFile::open(path)?;
        self.by_path.borrow_mut().insert(path.to_owned(), Rc::clone(&file));
        Ok(file)
    }

    /// The file of that path if it is open.
    pub fn get(&self, path: &str) -> Option<Rc<LogFile>> {
        self.by_path.borrow().get(path).map(Rc::clone)
    }

    /// Opens every file anew by its name and, given an owner, makes it that user's. What fails keeps its old descriptor.
    pub fn reopen(&self, owner: Option<u32>, mut complain: impl FnMut(OpenError)) {
        for file in self.by_path.borrow().values() {
            if let Err(error) = file.reopen(owner) {
                complain(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_is_opened_once_and_follows_a_rename() {
        let directory = std::env::temp_dir().join(format!("evenkeel-open-files-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a scratch directory");
        let path = directory.join("a.log");
        let path = path.to_str().expect("an ASCII path");
        let files = OpenFiles::default();
        let first = files.open(path).expect("it opens");
        let second = files.open(path).expect("it is open");
        assert!(Rc::ptr_eq(&first, &second));
        first.write(b"one\n").expect("it is written");
        fs::rename(path, format!("{path}.1")).expect("it is renamed");
        second.write(b"two\n").expect("it is written");
        files.reopen(None, |error| panic!("{error:?}"));
        second.write(b"three\n").expect("it is written");
        assert_eq!(fs::read(format!("{path}.1")).expect("old file"), b"one\ntwo\n");
        assert_eq!(fs::read(path).expect("new file"), b"three\n");
        fs::remove_dir_all(&directory).expect("scratch directory removed");
    }
}
