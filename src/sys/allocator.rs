//! The allocator's own side of memory.

/// Gives what is free back to the system. By itself the allocator does so only when it is asked for memory again.
#[allow(unsafe_code)]
pub fn give_back() {
    // SAFETY: the call may be made at any time, by any thread.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
