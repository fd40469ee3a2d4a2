//! The environment: a copy that survives the process title, and the reduced one of a worker.

use std::env;
use std::ffi::{OsStr, OsString};

/// Replaces the whole environment by these variables. Call it only while no other thread exists.
#[allow(unsafe_code)]
pub fn replace(variables: &[(OsString, OsString)]) {
    let old: Vec<OsString> = env::vars_os().map(|(name, _)| name).collect();
    for name in old.iter().filter(|name| is_settable(name)) {
        // SAFETY: single-threaded by contract, so nobody reads the environment meanwhile.
        unsafe { env::remove_var(name) };
    }
    for (name, value) in variables.iter().filter(|(name, _)| is_settable(name)) {
        // SAFETY: as above.
        unsafe { env::set_var(name, value) };
    }
}

/// A name that the C library accepts.
fn is_settable(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    !bytes.is_empty() && !bytes.contains(&b'=') && !bytes.contains(&0)
}
