//! The body of a request that is larger than its buffer: in a temporary file, or, as long as nobody asks for the file and the worker
//! has room, in memory. A file that nobody sees costs more than all the rest of such a request.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use super::temp_file::TempFile;

/// A worker holds so many bytes of such bodies at most.
const ROOM: usize = 4 * 1024 * 1024;
/// And so many of one.
const ROOM_FOR_ONE: usize = 256 * 1024;

/// What a worker has left for bodies that it holds instead of writing files.
#[derive(Debug)]
pub struct Room(Rc<Cell<usize>>);

/// A part of the room; given back when dropped.
#[derive(Debug)]
pub struct Place {
    left: Rc<Cell<usize>>,
    length: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self(Rc::new(Cell::new(ROOM)))
    }
}

impl Room {
    /// Room for a body of that length, if there is any.
    pub fn take(&self, length: usize) -> Option<Place> {
        let left = self.0.get().checked_sub(length).filter(|_| length <= ROOM_FOR_ONE)?;
        self.0.set(left);
        Some(Place { left: Rc::clone(&self.0), length })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.left.set(self.left.get() + self.length);
    }
}

/// A body with a temporary file's name.
#[derive(Debug)]
pub struct BodyFile {
    path: String,
    file: OnceCell<Rc<File>>,
    held: Option<(Vec<u8>, Place)>,
    /// How many bytes it has.
    pub length: u64,
    /// It goes with the request.
    remove: bool,
}

impl BodyFile {
    /// A body that is in its file, or is to be; its length is told in the end.
    pub fn written(file: TempFile, remove: bool) -> Self {
        let content = OnceCell::from(Rc::clone(&file.file));
        Self { path: file.keep(), file: content, held: None, length: 0, remove }
    }

    /// A file that was there before the request, and stays.
    pub fn existing(path: String, file: File, length: u64) -> Self {
        Self { path, file: OnceCell::from(Rc::new(file)), held: None, length, remove: false }
    }

    /// A body that is in memory; with its path, should a file be wanted.
    pub fn held(path: String, bytes: Vec<u8>, place: Place) -> Self {
        let length = bytes.len() as u64;
        Self { path, file: OnceCell::new(), held: Some((bytes, place)), length, remove: true }
    }

    /// All of it, if it is in memory.
    pub fn in_memory(&self) -> Option<&[u8]> {
        self.held.as_ref().map(|(bytes, _)| &**bytes)
    }

    /// The path, at which there is a file from now on.
    pub fn path(&self) -> io::Result<&str> {
        self.file()?;
        Ok(&self.path)
    }

    /// The file, open for reading and writing.
    pub fn file(&self) -> io::Result<&Rc<File>> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let mut file = File::options().read(true).write(true).create_new(true).open(&self.path)?;
        file.write_all(self.in_memory().unwrap_or_default())?;
        Ok(self.file.get_or_init(|| Rc::new(file)))
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        if self.remove && self.file.get().is_some() {
            // Somebody else may have moved it away, which is as good.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_body_becomes_a_file_when_somebody_asks_for_it() {
        let path = std::env::temp_dir().join(format!("evenkeel-body-{}", std::process::id()));
        let room = Room::default();
        let place = room.take(4).expect("a worker that holds nothing has room");
        let body = BodyFile::held(path.display().to_string(), b"body".to_vec(), place);
        assert!(!path.exists());
        assert_eq!(body.path().ok(), path.to_str());
        assert_eq!(std::fs::read(&path).ok().as_deref(), Some(&b"body"[..]));
        drop(body);
        assert!(!path.exists());
        assert_eq!(room.0.get(), ROOM);
    }

    #[test]
    fn there_is_no_room_beyond_what_a_worker_or_one_body_may_have() {
        let room = Room::default();
        assert!(room.take(ROOM_FOR_ONE + 1).is_none());
        let places: Vec<Place> = std::iter::from_fn(|| room.take(ROOM_FOR_ONE)).collect();
        assert_eq!(places.len(), ROOM / ROOM_FOR_ONE);
        assert!(room.take(1).is_none());
    }
}
