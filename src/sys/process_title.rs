//! How we appear in `ps`: the command line, overwritten in place, and the short name.

use std::ffi::CString;
use std::fs;
use std::io;
use std::ops::Range;

use nix::sys::prctl;

/// The memory of our own command line, which `ps` shows.
#[derive(Debug)]
pub struct ProcessTitle {
    area: Range<usize>,
}

impl ProcessTitle {
    /// Finds the command line. The environment, which lies behind it, is moved elsewhere, so that a title may be longer
    /// than the words we were started with. Call it before any other thread exists, and once.
    pub fn take() -> io::Result<Self> {
        let variables: Vec<_> = std::env::vars_os().collect();
        super::environment::replace(&variables);
        let status = fs::read_to_string("/proc/self/stat")?;
        Ok(Self { area: area(&status).ok_or(io::ErrorKind::InvalidData)? })
    }

    /// Shows `nginx: ` and the text, cut if the place does not suffice.
    #[allow(unsafe_code)]
    pub fn set(&self, text: &str) {
        let room = self.area.len() - 1;
        let bytes = &text.as_bytes()[..text.len().min(room)];
        // SAFETY: the kernel put the words of the command line and then the environment at these addresses of the stack and
        // nothing else. The environment was moved away by `take`, Rust copied the arguments at the start of the program, and
        // `&self` is held by the one thread there is.
        unsafe {
            let start = self.area.start as *mut u8;
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
            std::ptr::write_bytes(start.add(bytes.len()), 0, self.area.len() - bytes.len());
        }
    }
}

/// From the start of the command line to the end of the environment: fields 48 to 51 of `/proc/self/stat`.
fn area(status: &str) -> Option<Range<usize>> {
    // The second field is the short name in parentheses and may hold anything.
    let after_name = &status[status.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(48 - 3).map(|field| field.parse::<usize>().ok());
    let arg_start = fields.next()??;
    let arg_end = fields.next()??;
    let env_start = fields.next()??;
    let env_end = fields.next()??;
    let end = if env_start == arg_end && env_end > env_start { env_end } else { arg_end };
    (arg_start != 0 && end > arg_start).then_some(arg_start..end)
}

/// Sets the short name, which `ps -C`, `pidof` and `killall` go by.
pub fn set_short_name(name: &str) -> io::Result<()> {
    let name = CString::new(name).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(prctl::set_name(&name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_spans_words_and_environment() {
        let mut status = String::from("7 (a) b) S");
        status.push_str(&" 0".repeat(44));
        assert_eq!(area(&format!("{status} 100 120 120 190 0")), Some(100..190));
        assert_eq!(area(&format!("{status} 100 120 150 190 0")), Some(100..120));
        assert_eq!(area(&format!("{status} 0 0 0 0 0")), None);
        assert_eq!(area("7 (a"), None);
    }
}
