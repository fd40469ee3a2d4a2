//! Values by host name: whole names, then wildcards at either end, as `server_name` and a `map` with `hostnames` look them up.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};

use serde::{Serialize, Serializer};

use super::value::Text;

/// Names in lower case, each with its value. Who asks does not choose the names, so the hash needs no secret.
type Table<V> = HashMap<Text, V, BuildHasherDefault<DefaultHasher>>;

/// Names and wildcards, each with its value.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(bound = "V: Serialize")]
pub struct Hostnames<V> {
    /// `example.com`
    #[serde(serialize_with = "in_order")]
    exact: Table<V>,
    /// `*.example.com`, kept as `.example.com`. The longest that fits wins.
    #[serde(serialize_with = "in_order")]
    wildcard_head: Table<V>,
    /// `www.example.*`, kept as `www.example.`. The longest that fits wins.
    #[serde(serialize_with = "in_order")]
    wildcard_tail: Table<V>,
}

/// A name as it stands in a configuration: what it is a name of, and what is left of it without the star.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hostname<'n> {
    /// `example.com`
    Exact(&'n [u8]),
    /// `.example.com` of `*.example.com`
    Head(&'n [u8]),
    /// `.example.com`, which stands for `example.com` too.
    HeadOrExact(&'n [u8]),
    /// `www.example.` of `www.example.*`
    Tail(&'n [u8]),
}

impl<V> Default for Hostnames<V> {
    fn default() -> Self {
        Self { exact: Table::default(), wildcard_head: Table::default(), wildcard_tail: Table::default() }
    }
}

impl<V> Hostnames<V> {
    /// The value of a host name in lower case.
    pub fn find(&self, host: &[u8]) -> Option<&V> {
        self.exact.get(host).or_else(|| self.find_head(host)).or_else(|| self.find_tail(host))
    }

    fn find_head(&self, host: &[u8]) -> Option<&V> {
        if self.wildcard_head.is_empty() {
            return None;
        }
        memchr::memchr_iter(b'.', host).filter(|&dot| dot > 0).find_map(|dot| self.wildcard_head.get(&host[dot..]))
    }

    fn find_tail(&self, host: &[u8]) -> Option<&V> {
        if self.wildcard_tail.is_empty() {
            return None;
        }
        memchr::memrchr_iter(b'.', host).find_map(|dot| self.wildcard_tail.get(&host[..=dot]))
    }
}

impl<V: Clone> Hostnames<V> {
    /// Adds a name in lower case; false if it is there already.
    pub fn add(&mut self, name: Hostname<'_>, value: V) -> bool {
        match name {
            Hostname::Exact(name) => insert(&mut self.exact, name, value),
            Hostname::Head(rest) => insert(&mut self.wildcard_head, rest, value),
            Hostname::Tail(rest) => insert(&mut self.wildcard_tail, rest, value),
            Hostname::HeadOrExact(rest) => {
                insert(&mut self.exact, &rest[1..], value.clone()) && insert(&mut self.wildcard_head, rest, value)
            }
        }
    }
}

fn insert<V>(table: &mut Table<V>, name: &[u8], value: V) -> bool {
    match table.contains_key(name) {
        true => false,
        false => table.insert(Text::from(name), value).is_none(),
    }
}

/// What is printed has one order.
fn in_order<V: Serialize, S: Serializer>(table: &Table<V>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(table.iter().collect::<BTreeMap<_, _>>())
}

impl<'n> Hostname<'n> {
    /// Finds the wildcard; `None` if the name is wrong.
    pub fn of(name: &'n [u8]) -> Option<Self> {
        let stars = name.iter().filter(|byte| **byte == b'*').count();
        if stars > 1 || name.contains(&0) || name.windows(2).any(|pair| pair == b"..") {
            return None;
        }
        match name {
            [b'.', _, ..] => Some(Self::HeadOrExact(name)),
            [b'*', b'.', _, ..] => Some(Self::Head(&name[1..])),
            [_, .., b'.', b'*'] => Some(Self::Tail(&name[..name.len() - 1])),
            _ if stars > 0 => None,
            _ => Some(Self::Exact(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wildcard_counts() {
        let mut names = Hostnames::default();
        let all = ["a.example.com", "*.example.com", "*.b.example.com", "www.*", "www.x.*"];
        for (value, name) in all.into_iter().enumerate() {
            assert!(names.add(Hostname::of(name.as_bytes()).expect("a right name"), value));
        }
        let find = |host: &str| names.find(host.as_bytes()).map(|&value| all[value]);
        assert_eq!(find("a.example.com"), Some("a.example.com"));
        assert_eq!(find("c.example.com"), Some("*.example.com"));
        assert_eq!(find("c.b.example.com"), Some("*.b.example.com"));
        assert_eq!(find("example.com"), None);
        assert_eq!(find("www.x.org"), Some("www.x.*"));
        assert_eq!(find("www.y.org"), Some("www.*"));
    }
}
