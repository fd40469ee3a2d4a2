//! Temporary files with nginx's names: ten digits, the last of them as directories.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::rc::Rc;

use crate::ir::value::TempPath;

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// A file that goes with whoever holds it.
#[derive(Debug)]
pub struct TempFile {
    /// The file, open for reading and writing.
    pub file: Rc<File>,
    /// Its path.
    pub path: String,
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // Somebody else may have moved it away, which is as good.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Creates a new file under a path of the configuration; it goes with the value.
pub fn create(temp: &TempPath) -> io::Result<TempFile> {
    create_to_stay(temp).map(|(file, path)| TempFile { file: Rc::new(file), path })
}

/// Creates a new file under a path of the configuration; gives it with its path.
pub fn create_to_stay(temp: &TempPath) -> io::Result<(File, String)> {
    loop {
        let number = NUMBER.get() + 1;
        NUMBER.set(number);
        let name = format!("{:010}", (u64::from(std::process::id()) << 20 | number) % 10_000_000_000);
        let mut path = temp.path.to_string();
        let mut end = name.len();
        for &width in temp.levels.iter().filter(|&&width| width > 0) {
            path.push('/');
            path.push_str(&name[end - usize::from(width)..end]);
            end -= usize::from(width);
        }
        if end < name.len() {
            std::fs::create_dir_all(&path)?;
        }
        path.push('/');
        path.push_str(&name);
        match File::options().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
