//! Memory that a process shares with the children it forks from then on.

use std::io;
use std::num::NonZeroUsize;
use std::slice;
use std::sync::atomic::AtomicU64;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// Maps so many words, all 0, and never unmaps them.
#[allow(unsafe_code)]
pub fn map(count: NonZeroUsize) -> io::Result<&'static [AtomicU64]> {
    let bytes = count.checked_mul(const { NonZeroUsize::new(size_of::<AtomicU64>()).expect("a word has a size") });
    let bytes = bytes.ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice overlaps nothing.
    let start =
        unsafe { mmap_anonymous(None, bytes, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED) }?;
    // SAFETY: the mapping is page-aligned, zeroed (a valid AtomicU64), `bytes` long and never unmapped; everybody who has it,
    // other processes too, goes through atomics.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr().cast(), count.get()) })
}
