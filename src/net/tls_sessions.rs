//! How TLS sessions are resumed: by tickets that every worker can open, and by a memory of each worker.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};

const KEY_LENGTH: usize = 32;
const TIME_LENGTH: usize = 8;

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Seals session tickets. The keys are there before the workers are forked, so that each opens what another one sealed.
/// Those of files last as long as the files; without any, one is made that lasts until the next reload.
pub struct Tickets {
    /// The first one seals, all open.
    keys: Vec<RandomizedNonceKey>,
    timeout_s: u32,
}

impl Tickets {
    /// Tickets that are good for so long, under keys out of the contents of files; nothing if there are none and the system has
    /// no randomness to give.
    pub fn new(timeout_s: u32, files: &[Vec<u8>]) -> Option<Self> {
        if files.is_empty() {
            let mut key = [0; KEY_LENGTH];
            aws_lc_rs::rand::fill(&mut key).ok()?;
            return Some(Self { keys: vec![RandomizedNonceKey::new(&AES_256_GCM, &key).ok()?], timeout_s });
        }
        let key = |file: &Vec<u8>| RandomizedNonceKey::new(&AES_256_GCM, digest(&SHA256, file).as_ref()).ok();
        Some(Self { keys: files.iter().map(key).collect::<Option<_>>()?, timeout_s })
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("timeout_s", &self.timeout_s).finish_non_exhaustive()
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.timeout_s
    }

    /// Nonce, then the sealed time and session.
    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = stamped(plain, now_s());
        let nonce = self.keys.first()?.seal_in_place_append_tag(Aad::empty(), &mut sealed).ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = ticket.split_at_checked(NONCE_LEN)?;
        self.keys.iter().find_map(|key| {
            let mut sealed = sealed.to_vec();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let opened = key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
            fresh(opened, self.timeout_s, now_s())
        })
    }
}

/// A worker's memory of sessions, for clients that do not take tickets.
#[derive(Debug)]
pub struct Remembered {
    sessions: Arc<ServerSessionMemoryCache>,
    timeout_s: u32,
}

impl Remembered {
    /// Room for so many sessions, each good for so long.
    pub fn new(count: usize, timeout_s: u32) -> Self {
        Self { sessions: ServerSessionMemoryCache::new(count), timeout_s }
    }
}

impl StoresServerSessions for Remembered {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.sessions.put(key, stamped(&value, now_s()))
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        fresh(&self.sessions.get(key)?, self.timeout_s, now_s())
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        fresh(&self.sessions.take(key)?, self.timeout_s, now_s())
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// A session with the time it began.
fn stamped(session: &[u8], now_s: u64) -> Vec<u8> {
    [now_s.to_be_bytes().as_slice(), session].concat()
}

/// The session, unless it began too long ago.
fn fresh(stamped: &[u8], timeout_s: u32, now_s: u64) -> Option<Vec<u8>> {
    let (began_s, session) = stamped.split_first_chunk::<TIME_LENGTH>()?;
    (now_s.saturating_sub(u64::from_be_bytes(*began_s)) <= u64::from(timeout_s)).then(|| session.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_until_it_is_changed() {
        let tickets = Tickets::new(300, &[]).expect("the system has randomness");
        let mut ticket = tickets.encrypt(b"session").expect("a short text can be sealed");
        assert_eq!(tickets.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        ticket[NONCE_LEN] ^= 1;
        assert_eq!(tickets.decrypt(&ticket), None);
        assert_eq!(tickets.decrypt(b"short"), None);
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = (vec![1; 48], vec![2; 80]);
        let before = Tickets::new(300, std::slice::from_ref(&old)).expect("the key is usable");
        let after = Tickets::new(300, &[new, old]).expect("the keys are usable");
        let ticket = before.encrypt(b"session").expect("a short text can be sealed");
        assert_eq!(after.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        assert_eq!(before.decrypt(&after.encrypt(b"session").expect("it can be sealed")), None);
    }

    #[test]
    fn a_session_is_fresh_for_its_timeout() {
        let stamped = stamped(b"session", 1000);
        assert_eq!(fresh(&stamped, 300, 1300).as_deref(), Some(&b"session"[..]));
        assert_eq!(fresh(&stamped, 300, 1301), None);
    }
}
