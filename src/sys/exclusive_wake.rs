//! Of several processes that wait for the same socket, one is woken, not all (`EPOLLEXCLUSIVE`).
//!
//! The runtime cannot ask for that, and it can only be asked for when a socket is added. So the socket is taken out of the
//! runtime's epoll instance and added again, with the word by which the runtime knows it; the kernel tells both in `/proc`.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};

/// A socket that the runtime watches for input.
#[derive(Debug)]
pub struct ExclusiveWake {
    /// The runtime's own: it lives as long as what it watches.
    epoll: RawFd,
    socket: RawFd,
    /// The runtime's word for the socket.
    data: u64,
}

impl ExclusiveWake {
    /// Finds out how the runtime watches a socket; nothing where the kernel does not tell.
    pub fn of(socket: impl AsFd) -> Option<Self> {
        let socket = socket.as_fd().as_raw_fd();
        let descriptors = fs::read_dir("/proc/self/fd").ok()?;
        descriptors.filter_map(Result::ok).find_map(|entry| {
            let is_epoll =
                fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == "anon_inode:[eventpoll]");
            let number: RawFd = is_epoll.then(|| entry.file_name().to_str()?.parse().ok())??;
            let watched = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).ok()?;
            let data = watched.lines().find_map(|line| data_of(line, socket))?;
            Some(Self { epoll: number, socket, data })
        })
    }

    /// Lets one process be woken for a connection: this one after all others that wait for the socket.
    pub fn queue_last(&self) -> io::Result<()> {
        const EXCLUSIVE: i32 = libc::EPOLLIN | libc::EPOLLET | libc::EPOLLEXCLUSIVE;
        const AS_BEFORE: i32 = libc::EPOLLIN | libc::EPOLLET | libc::EPOLLRDHUP;
        self.control(libc::EPOLL_CTL_DEL, 0)?;
        // Whatever waits already counts as news again.
        self.control(libc::EPOLL_CTL_ADD, EXCLUSIVE).or_else(|error| {
            self.control(libc::EPOLL_CTL_ADD, AS_BEFORE)?;
            Err(error)
        })
    }

    #[allow(unsafe_code)]
    fn control(&self, operation: i32, events: i32) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: self.data };
        // SAFETY: the event lives as long as the call. The word is the one that the runtime itself gave for this socket, and
        // whoever has this value has the socket too, so what the word points to lives.
        let outcome = unsafe { libc::epoll_ctl(self.epoll, operation, self.socket, &mut event) };
        if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

/// The word in a line like `tfd:        5 events: 80002005 data:     55d0c0ffee00  pos:0 ino:2a sdev:8`, if it is this descriptor's.
fn data_of(line: &str, descriptor: RawFd) -> Option<u64> {
    let mut words = line.split_whitespace();
    let mut value = |name| words.by_ref().find(|word| *word == name).and_then(|_| words.next());
    let is_it = value("tfd:")?.parse() == Ok(descriptor);
    is_it.then(|| u64::from_str_radix(value("data:")?, 16).ok())?
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_word_is_found_by_its_descriptor() {
        let line = "tfd:        5 events: 80002005 data:     55d0c0ffee00  pos:0 ino:2a sdev:8";
        assert_eq!(data_of(line, 5), Some(0x55d0_c0ff_ee00));
        assert_eq!(data_of(line, 80), None);
        assert_eq!(data_of("pos:\t0", 5), None);
    }

    #[tokio::test]
    async fn the_runtime_goes_on_being_woken() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let wake = ExclusiveWake::of(&listener).expect("the kernel tells");
        for _ in 0..2 {
            wake.queue_last().expect("the kernel knows the flag");
            let connecting = std::thread::spawn(move || TcpStream::connect(address));
            let accepted = tokio::time::timeout(Duration::from_secs(10), listener.accept()).await;
            assert!(accepted.is_ok_and(|accepted| accepted.is_ok()));
            assert!(connecting.join().is_ok_and(|connected| connected.is_ok()));
        }
        let flags = format!("/proc/self/fdinfo/{}", wake.epoll);
        let flags = fs::read_to_string(flags).expect("it is open");
        assert!(flags.contains("events: 90000019 "), "{flags}");
    }
}
