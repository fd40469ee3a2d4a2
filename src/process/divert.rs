//! A program's place in a folder: ours there by a link, the original beside it, and back.
//!
//! Where dpkg manages the folder it is told (`dpkg-divert`), so that an upgrade of the package does not undo the change.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

const DPKG_DIVERT: &str = "/usr/bin/dpkg-divert";
/// The folder whose programs come from packages.
const PACKAGED: &str = "/usr/sbin";
/// What dpkg appends to the name of what it moves aside.
const SUFFIX: &str = ".distrib";

/// The place of one program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    path: PathBuf,
}

impl Place {
    /// The place of a program in a folder.
    pub fn new(folder: &Path, program: &str) -> Self {
        Self { path: folder.join(program) }
    }

    /// The path that everyone calls.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the original lies while ours is in its place.
    pub fn aside(&self) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(SUFFIX);
        path.into()
    }

    /// Whether a program is there.
    pub fn is_taken(&self) -> bool {
        self.path.exists()
    }

    /// Whether ours is in the place of an original.
    pub fn is_swapped(&self) -> bool {
        self.path.is_symlink() && self.aside().exists()
    }

    /// Moves the original aside and links ours. Leaves everything as it was if that fails.
    pub fn swap_in(&self, ours: &Path) -> io::Result<()> {
        self.move_aside()?;
        symlink(ours, &self.path).inspect_err(|_| drop(self.move_back()))
    }

    /// Takes the link away and moves the original back. Leaves everything as it was if that fails.
    pub fn roll_back(&self) -> io::Result<()> {
        let ours = fs::read_link(&self.path)?;
        fs::remove_file(&self.path)?;
        self.move_back().inspect_err(|_| drop(symlink(ours, &self.path)))
    }

    fn move_aside(&self) -> io::Result<()> {
        if self.is_packaged() { self.divert("--add") } else { fs::rename(&self.path, self.aside()) }
    }

    fn move_back(&self) -> io::Result<()> {
        if self.is_packaged() { self.divert("--remove") } else { fs::rename(self.aside(), &self.path) }
    }

    fn is_packaged(&self) -> bool {
        self.path.starts_with(PACKAGED) && Path::new(DPKG_DIVERT).exists()
    }

    fn divert(&self, change: &str) -> io::Result<()> {
        let mut command = Command::new(DPKG_DIVERT);
        command.args(["--quiet", "--local", "--rename", "--divert"]).arg(self.aside()).arg(change).arg(&self.path);
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_goes_and_comes_back() {
        let folder = std::env::temp_dir().join(format!("evenkeel-divert-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let place = Place::new(&folder, "nginx");
        assert!(place.swap_in(Path::new("/bin/true")).is_err());
        fs::write(place.path(), "original").expect("it is written");
        assert!(place.is_taken() && !place.is_swapped());
        place.swap_in(Path::new("/bin/true")).expect("it is moved");
        assert!(place.is_swapped());
        assert_eq!(fs::read_link(place.path()).expect("a link"), Path::new("/bin/true"));
        let elsewhere = folder.join("elsewhere");
        fs::rename(place.aside(), &elsewhere).expect("it is ours");
        assert!(place.roll_back().is_err());
        assert_eq!(fs::read_link(place.path()).expect("the link again"), Path::new("/bin/true"));
        fs::rename(&elsewhere, place.aside()).expect("it is ours");
        place.roll_back().expect("it is moved back");
        assert!(!place.is_swapped() && !place.aside().exists());
        assert_eq!(fs::read_to_string(place.path()).expect("a file"), "original");
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
