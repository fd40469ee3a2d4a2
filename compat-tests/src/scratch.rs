//! A directory that lives as long as one run of a case.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// A directory of its own, removed when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one. `/run` is taken where it can be written, since keepalived trusts no script below a directory like `/tmp`.
    pub fn new() -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("evenkeel-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = [PathBuf::from("/run"), std::env::temp_dir()].into_iter().map(|base| base.join(&name));
        for path in made {
            if fs::create_dir(&path).is_ok() {
                return set_mode(&path, 0o755).map(|()| Self(path));
            }
        }
        Err("neither /run nor the temporary directory can be written".to_owned())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, executable if it is a script, with a fixed time, since `Last-Modified` and `ETag` show that.
    pub fn write(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.0.join(name);
        let describe = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(describe)?;
        }
        fs::write(&path, content).map_err(describe)?;
        set_mode(&path, if content.starts_with("#!") { 0o755 } else { 0o644 })?;
        let fixed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        // The directories on the way have just changed; lists of them show their times.
        let changed = path.ancestors().take_while(|path| *path != self.0);
        changed.into_iter().try_for_each(|path| fs::File::open(path)?.set_modified(fixed)).map_err(describe)
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), String> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| format!("{}: {error}", path.display()))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory left behind harms no later run: every name is new.
        let _ = fs::remove_dir_all(&self.0);
    }
}
