//! Memory that a process shares with the children it forks from then on.

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Maps so many words, all 0, and never unmaps them.
#[allow(unsafe_code)]
pub fn map(count: NonZeroUsize) -> io::Result<&'static [AtomicU64]> {
    let start = map_bytes(count)?;
    // SAFETY: the mapping is page-aligned, zeroed (a valid AtomicU64), `bytes` long and never unmapped; everybody who has it,
    // other processes too, goes through atomics.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr().cast(), count.get()) })
}

/// Words that are unmapped when the last process and the last clone have let them go. TLS wants to hold some of them as if there
/// were threads.
#[derive(Clone, Debug)]
pub struct SharedWords(Arc<Mapping>);

#[derive(Debug)]
struct Mapping {
    start: NonNull<c_void>,
    count: NonZeroUsize,
}

// SAFETY: all that is done through the address is to go through atomics, and to unmap it once, when nobody has it any more.
#[allow(unsafe_code)]
unsafe impl Send for Mapping {}

// SAFETY: the same.
#[allow(unsafe_code)]
unsafe impl Sync for Mapping {}

impl SharedWords {
    /// Maps so many words, all 0.
    pub fn map(count: NonZeroUsize) -> io::Result<Self> {
        Ok(Self(Arc::new(Mapping { start: map_bytes(count)?, count })))
    }
}

impl Deref for SharedWords {
    type Target = [AtomicU64];

    #[allow(unsafe_code)]
    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, zeroed (a valid AtomicU64), so many words long, and lives as long as what is
        // borrowed here; everybody who has it, other processes too, goes through atomics.
        unsafe { slice::from_raw_parts(self.0.start.as_ptr().cast(), self.0.count.get()) }
    }
}

impl Drop for Mapping {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: nobody borrows from a mapping whose last owner goes, and it was mapped with this length.
        let unmapped = unsafe { munmap(self.start, self.count.get() * size_of::<AtomicU64>()) };
        debug_assert!(unmapped.is_ok(), "what was mapped can be unmapped");
    }
}

#[allow(unsafe_code)]
fn map_bytes(count: NonZeroUsize) -> io::Result<NonNull<c_void>> {
    let bytes = count.checked_mul(const { NonZeroUsize::new(size_of::<AtomicU64>()).expect("a word has a size") });
    let bytes = bytes.ok_or(io::ErrorKind::OutOfMemory)?;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice overlaps nothing.
    Ok(unsafe { mmap_anonymous(None, bytes, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED) }?)
}
