//! The compressor of an answer (`gzip`).

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

/// The window of the compressor, in bits.
const WINDOW_BITS: u8 = 15;
/// Less than this of a body is held back, as it would be in one of nginx's `gzip_buffers`.
const LEAST_PIECE: usize = 4096;
/// Compressors that a worker keeps for later answers.
const SPARE: usize = 8;

thread_local! {
    static COMPRESSORS: RefCell<Vec<(u8, Compress)>> = const { RefCell::new(Vec::new()) };
}

/// One answer's compressor.
pub struct Encoder {
    compress: Option<Compress>,
    level: u8,
    /// What waits until there is enough of it for a piece.
    held: Vec<u8>,
    /// Something was taken that a flush would bring out.
    pub is_behind: bool,
}

impl Encoder {
    /// With a compressor of this level, if possible one that is there already.
    pub fn new(level: u8) -> Self {
        let spare = COMPRESSORS.with_borrow_mut(|spare| {
            let index = spare.iter().position(|(other, _)| *other == level)?;
            Some(spare.swap_remove(index).1)
        });
        let fresh = || Compress::new_gzip(Compression::new(u32::from(level)), WINDOW_BITS);
        Self { compress: Some(spare.unwrap_or_else(fresh)), level, held: Vec::new(), is_behind: false }
    }

    /// Compresses bytes to the end of `out`, or holds them back for the next piece.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(bytes, FlushCompress::None, out);
        self.is_behind = true;
        if out.len() < LEAST_PIECE {
            self.held.append(out);
        }
    }

    /// Writes everything that has been taken so far.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(&[], FlushCompress::Sync, out);
        self.is_behind = false;
    }

    /// Writes the end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(&[], FlushCompress::Finish, out);
    }

    /// How many bytes went in and came out.
    pub fn totals(&self) -> (u64, u64) {
        self.compress.as_ref().map_or((0, 0), |compress| (compress.total_in(), compress.total_out()))
    }

    fn run(&mut self, bytes: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let Some(compress) = &mut self.compress else { return };
        let mut rest = bytes;
        loop {
            out.reserve(rest.len() / 2 + 256);
            let before = compress.total_in();
            let status = compress.compress_vec(rest, out, flush);
            rest = &rest[(compress.total_in() - before) as usize..];
            let full = out.len() == out.capacity();
            match status {
                Ok(Status::Ok) if !rest.is_empty() || full || matches!(flush, FlushCompress::Finish) => {}
                _ => return,
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let Some(mut compress) = self.compress.take() else { return };
        COMPRESSORS.with_borrow_mut(|spare| {
            if spare.len() < SPARE {
                compress.reset();
                spare.push((self.level, compress));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        use std::io::Read;
        for level in [1, 6, 9] {
            let text: Vec<u8> = (0..100_000u32).flat_map(|number| (number % 1000).to_le_bytes()).collect();
            let mut encoder = Encoder::new(level);
            let mut packed = Vec::new();
            for piece in text.chunks(7000) {
                encoder.write(piece, &mut packed);
            }
            encoder.flush(&mut packed);
            encoder.finish(&mut packed);
            assert_eq!(encoder.totals(), (text.len() as u64, packed.len() as u64));
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).expect("it is gzip");
            assert!(unpacked == text);
        }
    }
}
