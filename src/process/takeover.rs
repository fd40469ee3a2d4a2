//! `evenkeel keepalived --takeover`: who is followed, and how those who wait hear whether it has come about.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use crate::sys::{descriptors, poll};
use crate::vrrp_io::predecessor::Predecessor;

/// What the VRRP process is given.
#[derive(Debug)]
pub struct Takeover {
    /// Whose place is taken.
    pub predecessor: Predecessor,
    /// Where it says that it has taken it.
    pub news: News,
}

impl Takeover {
    /// Says that it has come about.
    pub fn tell(self) -> io::Result<()> {
        self.news.tell()
    }
}

/// The end at which success is told; when it closes without, all has failed.
#[derive(Debug)]
pub struct News(OwnedFd);

/// The end at which one waits.
#[derive(Debug)]
pub struct Waiting(OwnedFd);

/// Both ends.
pub fn news() -> io::Result<(Waiting, News)> {
    let (ours, theirs) = descriptors::channel()?;
    Ok((Waiting(ours), News(theirs)))
}

impl News {
    /// Says that it has come about.
    pub fn tell(self) -> io::Result<()> {
        descriptors::write(&self.0, &[1]).map(drop)
    }
}

impl Waiting {
    /// Waits for success or the end of all who could tell of it.
    pub fn succeeds(self) -> bool {
        loop {
            match poll::wait_readable(&[self.0.as_fd()], None) {
                Ok(readable) if !readable[0] => {}
                _ => return descriptors::read(&self.0, &mut [0]).is_ok_and(|length| length == 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_without_a_word_is_a_failure() {
        let (waiting, news) = news().expect("a pair of sockets");
        news.tell().expect("it is told");
        assert!(waiting.succeeds());
        let (waiting, news) = super::news().expect("a pair of sockets");
        drop(news);
        assert!(!waiting.succeeds());
    }
}
