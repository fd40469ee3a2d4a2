//! The system's `crypt()`: every kind of password hash that the machine's own tools write.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// What `crypt_rn` wants to work in (`struct crypt_data` of libxcrypt).
const WORKSPACE_SIZE: usize = 32_768;

#[link(name = "crypt")]
unsafe extern "C" {
    fn crypt_rn(phrase: *const c_char, setting: *const c_char, data: *mut c_void, size: c_int) -> *mut c_char;
}

/// The hash of a password under the salt and method that a stored hash begins with; nothing if the method is not known.
pub fn crypt(password: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
    let (password, stored) = (CString::new(password).ok()?, CString::new(stored).ok()?);
    let mut workspace = vec![0u64; WORKSPACE_SIZE / size_of::<u64>()];
    // SAFETY: both texts end with NUL and live through the call; the workspace is of the size that is said and zeroed, as the
    // first call needs it.
    let hash =
        unsafe { crypt_rn(password.as_ptr(), stored.as_ptr(), workspace.as_mut_ptr().cast(), WORKSPACE_SIZE as c_int) };
    if hash.is_null() {
        return None;
    }
    // SAFETY: a result that is not null is a text with NUL at its end inside the workspace, which still lives.
    let hash = unsafe { CStr::from_ptr(hash) };
    Some(hash.to_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let stored = b"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/";
        assert_eq!(crypt(b"password", stored).as_deref(), Some(&stored[..]));
        assert_eq!(crypt(b"password", b"$nonsense"), None);
    }
}
