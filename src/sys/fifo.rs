//! Named pipes.

use std::io;

use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// The flag under which an open does not wait for the other end.
pub const NON_BLOCKING: i32 = libc::O_NONBLOCK;

/// Makes a pipe for us alone; `false` if there is one already.
pub fn create(path: &str) -> io::Result<bool> {
    match mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
