//! How TLS sessions are resumed: by tickets that every worker can open, and by a memory of all workers or of each.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};

use super::zone_holder;
use crate::sys::shared_words::SharedWords;
use crate::wire::ocsp::Status;
use crate::zone::ssl_sessions::{KEY_LENGTH, Key, Sessions};

const TIME_LENGTH: usize = 8;
/// How rustls writes sessions; those of another way, in a zone that outlives an upgrade, are of no use. With it a ticket is as long
/// as the shortest of OpenSSL's, too.
const FORMAT: &[u8; 8] = b"rustls23";

/// The zone of a `ssl_session_cache`, or of a `ssl_ocsp_cache`, which is much the same.
#[derive(Clone, Debug)]
pub struct SessionZone(Arc<Sessions<SharedWords>>);

impl SessionZone {
    /// A cache over its words.
    pub fn new(sessions: Sessions<SharedWords>) -> Self {
        Self(Arc::new(sessions))
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        self.0.free_lock_of(holder)
    }

    /// What a responder said of a certificate, if it still holds.
    pub fn status(&self, id: &[u8]) -> Option<Status> {
        match self.0.get(id, now_s(), zone_holder::own())?[..] {
            [0] => Some(Status::Good),
            [1] => Some(Status::Revoked),
            _ => Some(Status::Unknown),
        }
    }

    /// Keeps what a responder said until a second.
    pub fn keep_status(&self, id: &[u8], status: Status, until_s: i64) {
        self.0.put(id, &[status as u8], until_s.max(0).cast_unsigned(), zone_holder::own());
    }
}

/// What a session is bound to: it is resumed only where the server shows the same certificates and asks for the same ones.
pub type SessionContext = [u8; 32];

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn fresh_key() -> Key {
    let mut key = [0; KEY_LENGTH];
    aws_lc_rs::rand::fill(&mut key).expect("the system has randomness");
    key
}

fn sealing_key(key: &[u8]) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, key).ok()
}

/// A key that seals tickets, and the name that they begin with, as OpenSSL's do.
struct TicketKey {
    name: KeyName,
    key: RandomizedNonceKey,
}

type KeyName = [u8; 16];

impl TicketKey {
    /// The key of a file, whose first bytes are its name (`ssl_session_ticket_key`).
    fn of_file(contents: &[u8]) -> Option<Self> {
        Some(Self { name: *contents.first_chunk()?, key: sealing_key(digest(&SHA256, contents).as_ref())? })
    }

    /// A key that was made here; its name tells nothing of it.
    fn made(key: &Key) -> Option<Self> {
        Some(Self { name: *digest(&SHA256, key).as_ref().first_chunk()?, key: sealing_key(key)? })
    }
}

/// Where the keys come from that tickets are sealed with; the first one seals, all open.
enum Keys {
    /// From files, or made for one generation; before the workers are forked, so that each opens what another one sealed.
    Own(Vec<TicketKey>),
    /// From the zone of a session cache, which lasts over reloads and renews them.
    Shared(SessionZone),
}

/// Seals session tickets.
pub struct Tickets {
    keys: Keys,
    timeout_s: u32,
    context: SessionContext,
}

impl Tickets {
    /// Tickets that are good for so long. The keys are made of the contents of files; without any, they are the zone's; without
    /// a zone, there is one until the next reload.
    pub fn new(timeout_s: u32, files: &[Vec<u8>], zone: Option<&SessionZone>, context: SessionContext) -> Option<Self> {
        let keys = match (files, zone) {
            ([], Some(zone)) => Keys::Shared(zone.clone()),
            ([], None) => Keys::Own(vec![TicketKey::made(&fresh_key())?]),
            (files, _) => Keys::Own(files.iter().map(|file| TicketKey::of_file(file)).collect::<Option<_>>()?),
        };
        Some(Self { keys, timeout_s, context })
    }

    fn shared_keys(&self, zone: &SessionZone) -> [Key; 2] {
        zone.0.keys(now_s(), u64::from(self.timeout_s), fresh_key, zone_holder::own())
    }

    fn seal(&self, TicketKey { name, key }: &TicketKey, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = stamped(plain, now_s());
        let nonce = key.seal_in_place_append_tag(Aad::from(self.context), &mut sealed).ok()?;
        Some([name, nonce.as_ref().as_slice(), &sealed].concat())
    }

    fn open(&self, key: &TicketKey, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = key.key.open_in_place(nonce, Aad::from(self.context), &mut sealed).ok()?;
        fresh(opened, self.timeout_s, now_s())
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

    /// The key's name, nonce, then the sealed time and session.
    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        match &self.keys {
            Keys::Own(keys) => self.seal(keys.first()?, plain),
            Keys::Shared(zone) => self.seal(&TicketKey::made(&self.shared_keys(zone)[0])?, plain),
        }
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, sealed) = ticket.split_first_chunk()?;
        match &self.keys {
            Keys::Own(keys) => self.open(keys.iter().find(|key| key.name == *name)?, sealed),
            Keys::Shared(zone) => {
                let keys = self.shared_keys(zone);
                self.open(&keys.iter().filter_map(TicketKey::made).find(|key| key.name == *name)?, sealed)
            }
        }
    }
}

/// The memory of all workers for sessions of clients that do not take tickets.
pub struct SharedMemory {
    zone: SessionZone,
    timeout_s: u32,
    context: SessionContext,
}

impl SharedMemory {
    /// A memory in a zone, where each session is good for so long.
    pub fn new(zone: &SessionZone, timeout_s: u32, context: SessionContext) -> Self {
        Self { zone: zone.clone(), timeout_s, context }
    }

    /// Servers with the same zone and other certificates do not find each other's sessions.
    fn name(&self, key: &[u8]) -> [u8; 32] {
        let digest = digest(&SHA256, &[&self.context[..], key].concat());
        digest.as_ref().try_into().unwrap_or_default()
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("timeout_s", &self.timeout_s).finish_non_exhaustive()
    }
}

impl StoresServerSessions for SharedMemory {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.zone.0.put(&self.name(&key), &value, now_s() + u64::from(self.timeout_s), zone_holder::own())
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.zone.0.get(&self.name(key), now_s(), zone_holder::own())
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.zone.0.take(&self.name(key), now_s(), zone_holder::own())
    }

    fn can_cache(&self) -> bool {
        true
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

/// A session with the time it began, and how it is written.
fn stamped(session: &[u8], now_s: u64) -> Vec<u8> {
    [now_s.to_be_bytes().as_slice(), FORMAT, session].concat()
}

/// The session, unless it began too long ago.
fn fresh(stamped: &[u8], timeout_s: u32, now_s: u64) -> Option<Vec<u8>> {
    let (began_s, session) = stamped.split_first_chunk::<TIME_LENGTH>()?;
    let session = session.strip_prefix(FORMAT)?;
    (now_s.saturating_sub(u64::from_be_bytes(*began_s)) <= u64::from(timeout_s)).then(|| session.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SessionContext = [0; 32];

    #[test]
    fn a_ticket_opens_until_it_is_changed() {
        let tickets = Tickets::new(300, &[], None, HERE).expect("the system has randomness");
        let mut ticket = tickets.encrypt(b"session").expect("a short text can be sealed");
        assert_eq!(tickets.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        ticket[KeyName::default().len() + NONCE_LEN] ^= 1;
        assert_eq!(tickets.decrypt(&ticket), None);
        assert_eq!(tickets.decrypt(b"short"), None);
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = (vec![1; 48], vec![2; 80]);
        let before = Tickets::new(300, std::slice::from_ref(&old), None, HERE).expect("the key is usable");
        let after = Tickets::new(300, &[new.clone(), old], None, HERE).expect("the keys are usable");
        let ticket = before.encrypt(b"session").expect("a short text can be sealed");
        assert_eq!(after.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        let ticket = after.encrypt(b"session").expect("it can be sealed");
        assert_eq!(before.decrypt(&ticket), None);
        let elsewhere = Tickets::new(300, &[new], None, [1; 32]).expect("the key is usable");
        assert_eq!(elsewhere.decrypt(&ticket), None);
    }

    #[test]
    fn a_session_is_fresh_for_its_timeout() {
        let stamped = stamped(b"session", 1000);
        assert_eq!(fresh(&stamped, 300, 1300).as_deref(), Some(&b"session"[..]));
        assert_eq!(fresh(&stamped, 300, 1301), None);
    }
}
