//! `open_log_file_cache`: logs whose names come from variables stay open while they are in use (`ngx_open_file_cache`).

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use super::open_files::LogFile;

/// How many files stay open, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// At most so many names are known.
    pub names: usize,
    /// A name that was not used for so long is forgotten.
    pub inactive_seconds: u64,
    /// After so long it is looked whether the file is still the one of that name.
    pub valid_seconds: u64,
    /// A file stays open only after so many uses.
    pub min_uses: u64,
}

#[derive(Debug)]
struct Entry {
    file: Option<Rc<LogFile>>,
    uses: u64,
    checked: u64,
    used: u64,
    /// Orders the uses of one second.
    turn: u64,
}

/// The open files.
#[derive(Default, Debug)]
pub struct PathCache {
    entries: HashMap<Vec<u8>, Entry>,
    swept: u64,
    turn: u64,
}

impl PathCache {
    /// The file of that name, opened with `open` where it is not open; `now` in seconds.
    pub fn get<E>(
        &mut self,
        name: &[u8],
        limits: Limits,
        now: u64,
        open: impl FnOnce() -> Result<Rc<LogFile>, E>,
    ) -> Result<Rc<LogFile>, E> {
        self.turn += 1;
        self.sweep(limits, now);
        let known = self.entries.get_mut(name);
        if let Some(entry) = known {
            (entry.uses, entry.used, entry.turn) = (entry.uses + 1, now, self.turn);
            if let Some(file) = &entry.file {
                if now.saturating_sub(entry.checked) < limits.valid_seconds {
                    return Ok(Rc::clone(file));
                }
                if is_current(file, name).unwrap_or(false) {
                    entry.checked = now;
                    return Ok(Rc::clone(file));
                }
            }
        }
        let file = open().inspect_err(|_| drop(self.entries.remove(name)))?;
        if !self.entries.contains_key(name) {
            self.make_room(limits);
            let entry = Entry { file: None, uses: 1, checked: now, used: now, turn: self.turn };
            self.entries.insert(name.to_vec(), entry);
        }
        if let Some(entry) = self.entries.get_mut(name) {
            entry.checked = now;
            entry.file = (entry.uses >= limits.min_uses).then(|| Rc::clone(&file));
        }
        Ok(file)
    }

    fn sweep(&mut self, limits: Limits, now: u64) {
        if self.swept != now {
            self.swept = now;
            self.entries.retain(|_, entry| now.saturating_sub(entry.used) < limits.inactive_seconds);
        }
    }

    fn make_room(&mut self, limits: Limits) {
        while self.entries.len() >= limits.names
            && let Some(oldest) = self.entries.iter().min_by_key(|(_, entry)| entry.turn).map(|(name, _)| name.clone())
        {
            self.entries.remove(&oldest);
        }
    }
}

/// Whether the file of that name is the one that is open.
fn is_current(file: &LogFile, name: &[u8]) -> io::Result<bool> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let named = std::fs::metadata(OsStr::from_bytes(name))?;
    let open = file.with_descriptor(|descriptor| descriptor.try_clone_to_owned())?;
    let open = std::fs::File::from(open).metadata()?;
    Ok(named.ino() == open.ino() && named.dev() == open.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_open_while_in_use() {
        let limits = Limits { names: 2, inactive_seconds: 20, valid_seconds: 60, min_uses: 2 };
        let mut cache = PathCache::default();
        let mut uses = |name: &[u8], now| {
            let mut opened = false;
            let open = || {
                opened = true;
                Ok::<_, ()>(LogFile::stderr())
            };
            cache.get(name, limits, now, open).map(|_| opened)
        };
        assert_eq!(uses(b"a", 1), Ok(true));
        assert_eq!(uses(b"a", 1), Ok(true));
        assert_eq!(uses(b"a", 1), Ok(false));
        assert_eq!(uses(b"b", 2), Ok(true));
        assert_eq!(uses(b"c", 2), Ok(true));
        assert_eq!(uses(b"a", 3), Ok(true));
        assert_eq!(uses(b"a", 3), Ok(true));
        assert_eq!(uses(b"a", 30), Ok(true));
    }
}
