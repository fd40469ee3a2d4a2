//! The servers of an upstream that name servers name (`resolve`): one worker asks, all read them here.

use super::lock::{self, Guard, Holder};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: usize = 0;
const VERSION: usize = 1;
const LAST_NUMBER: usize = 2;
/// Until when the answer for each template holds, in seconds.
const VALID: usize = 3;

/// Words of an entry: who it is, when it came, its weight, port and address, and the host that an SRV record names.
const OWNER: usize = 0;
const NUMBER: usize = 1;
const WEIGHT: usize = 2;
const PORT: usize = 3;
const ADDRESS: usize = 4;
const NAME_LENGTH: usize = 6;
const NAME: usize = 7;
/// A name has at most 255 bytes.
const NAME_WORDS: usize = 32;
const ENTRY: usize = NAME + NAME_WORDS;

const IS_V6: u64 = 1 << 16;
const IS_BACKUP: u64 = 1 << 32;

/// One address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Among the backup servers?
    pub is_backup: bool,
    /// The `server` line that it comes from.
    pub template: usize,
    /// Where it is.
    pub address: SocketAddr,
    /// Its weight.
    pub weight: i64,
    /// The host of an SRV record; empty for others.
    pub name: Box<[u8]>,
}

/// All addresses, in words that workers share.
#[derive(Debug)]
pub struct Members<'w> {
    words: &'w [AtomicU64],
    templates: usize,
    capacity: usize,
    holder: Holder,
}

impl<'w> Members<'w> {
    /// The words that a table takes for so many lines and addresses.
    pub const fn words_needed(templates: usize, capacity: usize) -> usize {
        VALID + templates + capacity * ENTRY
    }

    /// A table over words that were 0 at first.
    pub fn over(words: &'w [AtomicU64], templates: usize, capacity: usize, holder: Holder) -> Self {
        Self { words, templates, capacity, holder }
    }

    /// The word that is the lock.
    pub fn lock_word(&self) -> &'w AtomicU64 {
        &self.words[LOCK]
    }

    /// Another number after each change.
    pub fn version(&self) -> u64 {
        self.words[VERSION].load(Ordering::Acquire)
    }

    /// Until when the answer for a line holds.
    pub fn valid_until_s(&self, template: usize) -> i64 {
        self.get(VALID + template).cast_signed()
    }

    /// Notes until when the answer for a line holds.
    pub fn set_valid_until_s(&self, template: usize, valid_until_s: i64) {
        self.set(VALID + template, valid_until_s.cast_unsigned());
    }

    /// All addresses with their places, the earliest first, and the number of this state.
    pub fn list(&self) -> (u64, Vec<(usize, Member)>) {
        let _guard = self.lock();
        (self.version(), self.entries())
    }

    /// These are the addresses of one line from now on; those that were there before stay where they are. `is_free` says
    /// whether nothing is under way any more in a place that was given up. The number of those that found no place.
    pub fn replace(
        &self,
        template: usize,
        mut wanted: Vec<Member>,
        is_free: impl Fn(usize, bool) -> bool,
        taken: impl Fn(usize, &Member),
    ) -> usize {
        let _guard = self.lock();
        let before: Vec<_> = self.entries().into_iter().filter(|(_, member)| member.template == template).collect();
        let mut has_changed = false;
        for (place, member) in before {
            match wanted.iter().position(|other| *other == member) {
                Some(same) => drop(wanted.remove(same)),
                None => {
                    self.set(self.entry(place) + OWNER, 0);
                    has_changed = true;
                }
            }
        }
        let mut left_out = 0;
        for member in wanted {
            let free = |place: &usize| self.get(self.entry(*place) + OWNER) == 0 && is_free(*place, member.is_backup);
            match (0..self.capacity).find(free) {
                Some(place) => {
                    taken(place, &member);
                    self.write(place, &member);
                    has_changed = true;
                }
                None => left_out += 1,
            }
        }
        if has_changed {
            self.words[VERSION].store(self.version() + 1, Ordering::Release);
        }
        left_out
    }

    fn lock(&self) -> Guard<'w> {
        lock::lock(&self.words[LOCK], self.holder)
    }

    fn entries(&self) -> Vec<(usize, Member)> {
        let mut found: Vec<_> = (0..self.capacity)
            .filter(|place| self.get(self.entry(*place) + OWNER) != 0)
            .map(|place| (self.get(self.entry(place) + NUMBER), place))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, place)| (place, self.read(place))).collect()
    }

    fn read(&self, place: usize) -> Member {
        let entry = self.entry(place);
        let owner = self.get(entry + OWNER);
        let port = self.get(entry + PORT);
        let bits = u128::from(self.get(entry + ADDRESS)) << 64 | u128::from(self.get(entry + ADDRESS + 1));
        let address = Ipv6Addr::from_bits(bits);
        let ip = match (port & IS_V6 != 0, address.to_ipv4_mapped()) {
            (false, Some(v4)) => IpAddr::V4(v4),
            _ => IpAddr::V6(address),
        };
        let name = (0..NAME_WORDS).flat_map(|word| self.get(entry + NAME + word).to_ne_bytes());
        Member {
            is_backup: owner & IS_BACKUP != 0,
            template: (owner & 0xFFFF_FFFF) as usize - 1,
            address: SocketAddr::new(ip, port as u16),
            weight: self.get(entry + WEIGHT).cast_signed(),
            name: name.take(self.get(entry + NAME_LENGTH) as usize).collect(),
        }
    }

    fn write(&self, place: usize, member: &Member) {
        let entry = self.entry(place);
        let number = self.get(LAST_NUMBER) + 1;
        self.set(LAST_NUMBER, number);
        self.set(entry + NUMBER, number);
        self.set(entry + WEIGHT, member.weight.cast_unsigned());
        let (ip, is_v6) = match member.address.ip() {
            IpAddr::V4(v4) => (v4.to_ipv6_mapped(), 0),
            IpAddr::V6(v6) => (v6, IS_V6),
        };
        self.set(entry + PORT, u64::from(member.address.port()) | is_v6);
        self.set(entry + ADDRESS, (ip.to_bits() >> 64) as u64);
        self.set(entry + ADDRESS + 1, ip.to_bits() as u64);
        self.set(entry + NAME_LENGTH, member.name.len().min(NAME_WORDS * 8) as u64);
        for (word, chunk) in member.name.chunks(8).take(NAME_WORDS).enumerate() {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            self.set(entry + NAME + word, u64::from_ne_bytes(bytes));
        }
        let backup = if member.is_backup { IS_BACKUP } else { 0 };
        self.set(entry + OWNER, (member.template as u64 + 1) | backup);
    }

    fn entry(&self, place: usize) -> usize {
        VALID + self.templates + place * ENTRY
    }

    fn get(&self, word: usize) -> u64 {
        self.words[word].load(Ordering::Relaxed)
    }

    fn set(&self, word: usize, value: u64) {
        self.words[word].store(value, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(capacity: usize) -> Members<'static> {
        let words = (0..Members::words_needed(2, capacity)).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
        Members::over(words, 2, capacity, Holder { id: 1, wait: || () })
    }

    fn member(last: u8, name: &[u8]) -> Member {
        let address = SocketAddr::from(([127, 0, 0, last], 80));
        Member { is_backup: false, template: 1, address, weight: 1, name: name.into() }
    }

    fn lasts(table: &Members) -> Vec<String> {
        table.list().1.iter().map(|(_, member)| member.address.ip().to_string()).collect()
    }

    #[test]
    fn what_stays_keeps_its_turn() {
        let table = table(4);
        let free = |_: usize, _: bool| true;
        assert_eq!(table.replace(1, vec![member(1, b""), member(2, b""), member(3, b"")], free, |_, _| ()), 0);
        let version = table.version();
        table.replace(1, vec![member(4, b""), member(3, b""), member(1, b"")], free, |_, _| ());
        assert_eq!(lasts(&table), ["127.0.0.1", "127.0.0.3", "127.0.0.4"]);
        assert_ne!(table.version(), version);
        let version = table.version();
        table.replace(1, vec![member(1, b""), member(3, b""), member(4, b"")], free, |_, _| ());
        assert_eq!(table.version(), version, "nothing has changed");
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let table = table(3);
        let mut six = member(1, b"a.example");
        six.address = "[2001:db8::1]:8080".parse().expect("an address");
        (six.is_backup, six.weight, six.template) = (true, 7, 0);
        let mapped = Member { address: "[::ffff:1.2.3.4]:1".parse().expect("an address"), ..six.clone() };
        table.replace(0, vec![six.clone(), mapped.clone()], |_, _| true, |_, _| ());
        assert_eq!(table.list().1, [(0, six), (1, mapped)]);
    }

    #[test]
    fn a_place_in_use_is_not_given_away() {
        let table = table(2);
        table.replace(1, vec![member(1, b"")], |_, _| true, |_, _| ());
        let left_out = table.replace(1, vec![member(2, b""), member(3, b"")], |place, _| place != 0, |_, _| ());
        assert_eq!((left_out, lasts(&table)), (1, vec!["127.0.0.2".to_owned()]));
    }
}
