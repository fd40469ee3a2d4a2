//! Numbers and tables in MP4 boxes.

use super::boxes::{Fault, long, word};

/// A header with a time scale and a duration: `mvhd`, `tkhd`, `mdhd`.
#[derive(Clone, Debug)]
pub struct Times {
    content: Vec<u8>,
    is_long: bool,
    duration_at: usize,
    /// Units a second.
    pub timescale: u32,
    /// In those units.
    pub duration: u64,
}

impl Times {
    /// Reads one; its least size and the places of the two numbers differ with its version.
    pub fn read(
        content: &[u8],
        name: &str,
        short: (usize, usize, usize),
        long_form: (usize, usize, usize),
    ) -> Result<Self, Fault> {
        let small = || Fault::small(name);
        if content.len() < short.0 {
            return Err(small());
        }
        let is_long = content[0] != 0;
        let (least, timescale_at, duration_at) = if is_long { long_form } else { short };
        if content.len() < least {
            return Err(small());
        }
        let duration = match is_long {
            true => long(content, duration_at),
            false => word(content, duration_at).map(u64::from),
        };
        let timescale = word(content, timescale_at).ok_or_else(small)?;
        Ok(Self { content: content.to_vec(), is_long, duration_at, timescale, duration: duration.ok_or_else(small)? })
    }

    /// The content with the duration as it is now.
    pub fn written(&self) -> Vec<u8> {
        let mut content = self.content.clone();
        match self.is_long {
            true => content[self.duration_at..][..8].copy_from_slice(&self.duration.to_be_bytes()),
            false => content[self.duration_at..][..4].copy_from_slice(&(self.duration as u32).to_be_bytes()),
        }
        content
    }
}

/// A table of entries of `N` numbers, behind version and flags.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    flags: [u8; 4],
    /// The entries.
    pub entries: Vec<[u32; N]>,
}

impl<const N: usize> Table<N> {
    /// Reads a table; what follows it is left out.
    pub fn read(content: &[u8], name: &str) -> Result<Self, Fault> {
        Self::read_behind(content, 4, name)
    }

    /// Reads a table whose count stands at a place of its own.
    pub fn read_behind(content: &[u8], count_at: usize, name: &str) -> Result<Self, Fault> {
        let small = || Fault::small(name);
        let flags = *content.first_chunk::<4>().ok_or_else(small)?;
        let count = word(content, count_at).ok_or_else(small)? as usize;
        let rest = &content[count_at + 4..];
        if rest.len() / (4 * N) < count {
            return Err(small());
        }
        let entry = |bytes: &[u8]| std::array::from_fn(|index| word(bytes, 4 * index).unwrap_or_default());
        Ok(Self { flags, entries: rest.chunks_exact(4 * N).take(count).map(entry).collect() })
    }

    /// Writes flags, what stands before the count, the count and the entries.
    pub fn write(&self, between: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.flags);
        out.extend_from_slice(between);
        out.extend_from_slice(&(self.entries.len() as u32).to_be_bytes());
        self.entries.iter().flatten().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
    }
}
