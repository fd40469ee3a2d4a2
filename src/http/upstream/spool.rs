//! What of an answer the client has not taken yet: some in memory, the rest in a temporary file.

use std::collections::VecDeque;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

use super::record::Meanwhile;
use crate::http::counters::Counter;
use crate::http::temp_file::{self, Fault, TempFile};
use crate::ir::http::proxy::{Proxy, Store};
use crate::net::timers;

/// A queue of bytes that goes on in a file when its memory is full.
#[derive(Debug)]
pub struct Spool {
    proxy: Rc<Proxy>,
    /// Where the number of a temporary file comes from.
    numbers: Counter,
    memory: VecDeque<Vec<u8>>,
    in_memory: usize,
    /// What a filter has been handed and may hold back, where one changes the body.
    pub in_filter: usize,
    file: Option<TempFile>,
    written: u64,
    read: u64,
    meanwhile: Rc<Meanwhile>,
}

impl Spool {
    /// An empty queue with the sizes of a location.
    pub fn new(proxy: Rc<Proxy>, numbers: Counter, meanwhile: Rc<Meanwhile>) -> Self {
        Self {
            proxy,
            numbers,
            memory: VecDeque::new(),
            in_memory: 0,
            in_filter: 0,
            file: None,
            written: 0,
            read: 0,
            meanwhile,
        }
    }

    /// Notes that there is nothing more to come.
    pub fn note_end(&self) {
        self.meanwhile.ended_ms.set(Some(timers::now_ms()));
    }

    /// How many bytes are held in memory: what `proxy_buffers` gives.
    pub fn memory_limit(&self) -> usize {
        (self.proxy.buffers.count * self.proxy.buffers.size).clamp(4096, 64 * 1024)
    }

    /// Whether another piece may be read.
    pub fn has_room(&self) -> bool {
        if !self.proxy.buffering {
            return false;
        }
        self.in_memory < self.memory_limit() && self.file_is_read() || self.written < self.proxy.max_temp_file_size
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.file_is_read()
    }

    fn file_is_read(&self) -> bool {
        self.read == self.written
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Vec<u8>) -> Result<(), Fault> {
        if piece.is_empty() {
            return Ok(());
        }
        // Behind bytes in the file come only further ones in the file.
        if self.file_is_read() && self.in_memory < self.memory_limit() && !self.exceeds_buffers(piece.len()) {
            self.in_memory += piece.len();
            self.memory.push_back(piece);
            return Ok(());
        }
        let written = self.written;
        // nginx writes as many buffers at once as it holds.
        let call = if piece.len() > self.proxy.buffers.size { "pwritev()" } else { "pwrite()" };
        let file = self.file()?;
        file.file.write_all_at(&piece, written).map_err(Fault::of(call, file.path.as_ref()))?;
        self.written += piece.len() as u64;
        Ok(())
    }

    /// Whether nginx would need a file for a further piece: what a filter holds back stays in its buffers.
    fn exceeds_buffers(&self, length: usize) -> bool {
        let buffers = self.memory_limit() + self.proxy.buffer_size;
        self.in_filter > 0 && self.proxy.max_temp_file_size > 0 && self.in_filter + self.in_memory + length > buffers
    }

    fn file(&mut self) -> Result<&TempFile, Fault> {
        Ok(match &mut self.file {
            Some(file) => file,
            none => {
                let file = temp_file::create(&self.proxy.temp_path, self.numbers)?;
                if self.proxy.store == Store::Off {
                    *self.meanwhile.temp_file.borrow_mut() = Some(file.path.clone());
                }
                none.insert(file)
            }
        })
    }

    /// Takes the next piece.
    pub fn pop(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(piece) = self.memory.pop_front() {
            self.in_memory -= piece.len();
            return Ok(Some(piece));
        }
        let left = self.written - self.read;
        let Some(file) = self.file.as_ref().filter(|_| left > 0) else { return Ok(None) };
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(self.memory_limit())];
        file.file.read_exact_at(&mut piece, self.read).map_err(Fault::of("pread()", file.path.as_ref()))?;
        self.read += piece.len() as u64;
        if self.file_is_read() {
            // The file is used from its beginning again: it does not grow beyond what waited at one time.
            (self.read, self.written) = (0, 0);
        }
        Ok(Some(piece))
    }
}
