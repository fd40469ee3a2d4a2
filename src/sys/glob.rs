//! Patterns of file names, as glob(3) understands and sorts them.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;

/// The paths that match, sorted; none is no fault.
#[allow(unsafe_code)]
pub fn glob(pattern: &str) -> io::Result<Vec<String>> {
    let pattern = CString::new(pattern).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut found = MaybeUninit::<libc::glob_t>::zeroed();
    // SAFETY: `pattern` ends with a zero byte, no callback is given, and a zeroed glob_t is what glob(3) wants without flags.
    let status = unsafe { libc::glob(pattern.as_ptr(), 0, None, found.as_mut_ptr()) };
    let paths = match status {
        0 => {
            // SAFETY: on success glob(3) has set `gl_pathc` and that many strings in `gl_pathv`.
            let found = unsafe { found.assume_init_ref() };
            (0..found.gl_pathc)
                // SAFETY: the index is below `gl_pathc`, and each string ends with a zero byte.
                .map(|index| unsafe { CStr::from_ptr(*found.gl_pathv.add(index)) })
                .map(|path| path.to_string_lossy().into_owned())
                .collect()
        }
        libc::GLOB_NOMATCH => Vec::new(),
        _ => return Err(io::Error::last_os_error()),
    };
    // SAFETY: the value was filled by glob(3), also when nothing matched, and is not used after this.
    unsafe { libc::globfree(found.as_mut_ptr()) };
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_sorted_and_no_match_is_empty() {
        assert_eq!(glob("/proc/self/s[ct]at").ok(), Some(vec!["/proc/self/stat".to_owned()]));
        let limits = glob("/proc/self/[ls]*").expect("proc is mounted");
        assert!(limits.is_sorted() && limits.len() > 2);
        assert_eq!(glob("/nowhere/*.conf").ok(), Some(Vec::new()));
    }
}
