//! Tracked files: read at the start and after every change that inotify tells of.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::ir::keepalived::TrackFile;
use crate::sys::inotify::{Watch, Watcher};
use crate::vrrp::Event;

#[derive(Debug)]
struct Watched {
    name: String,
    path: PathBuf,
    directory: Option<Watch>,
}

/// All tracked files.
#[derive(Debug)]
pub struct TrackFiles {
    watcher: Watcher,
    files: Vec<Watched>,
}

impl TrackFiles {
    /// Writes initial values, watches the directories, and reads every file.
    pub fn open(configs: &[TrackFile]) -> io::Result<(Self, Vec<Event>)> {
        let watcher = Watcher::new()?;
        let mut files = Vec::new();
        for config in configs {
            let path = PathBuf::from(&config.path);
            initialize(config, &path);
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // A directory that does not exist has no file to read.
            let directory = watcher.watch_directory(directory).ok();
            files.push(Watched { name: config.name.clone(), path, directory });
        }
        let events = files.iter().map(read).collect();
        Ok((Self { watcher, files }, events))
    }

    /// Reads the files that have changed.
    pub fn changes(&self) -> Vec<Event> {
        let changes = self.watcher.changes();
        let changed = |file: &&Watched| {
            changes
                .iter()
                .any(|(watch, name)| file.directory == Some(*watch) && name.as_deref() == file.path.file_name())
        };
        self.files.iter().filter(changed).map(read).collect()
    }
}

impl AsFd for TrackFiles {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watcher.as_fd()
    }
}

fn initialize(config: &TrackFile, path: &Path) {
    if let Some(init) = config.init
        && (init.overwrite || !path.exists())
    {
        // A file that cannot be written reads as 0 below.
        let _ = std::fs::write(path, format!("{}\n", init.value));
    }
}

fn read(file: &Watched) -> Event {
    let text = std::fs::read_to_string(&file.path).unwrap_or_default();
    Event::FileRead { file: file.name.clone(), value: number(&text) }
}

/// The number that the text begins with, as strtol(3) finds it; 0 without one.
fn number(text: &str) -> i32 {
    let text = text.trim_start();
    let digits_from = usize::from(text.starts_with(['-', '+']));
    let end = text[digits_from..].find(|byte: char| !byte.is_ascii_digit()).map_or(text.len(), |at| at + digits_from);
    let value: i64 = text[..end].trim_start_matches('+').parse().unwrap_or(0);
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_from_the_front() {
        assert_eq!([number("12\n"), number(" -5 x"), number("+3"), number("x7"), number("")], [12, -5, 3, 0, 0]);
    }
}
