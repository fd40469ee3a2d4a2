//! Which server a host name belongs to: exact names, wildcards at either end, then patterns in order.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::ids::ServerId;
use super::regex::Regex;
use super::value::Text;

/// The names of all servers at one address. Names are in lower case.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct ServerNames {
    /// `example.com`
    pub exact: BTreeMap<Text, ServerId>,
    /// `*.example.com`, kept as `.example.com`. The longest that fits wins.
    pub wildcard_head: BTreeMap<Text, ServerId>,
    /// `www.example.*`, kept as `www.example.`. The longest that fits wins.
    pub wildcard_tail: BTreeMap<Text, ServerId>,
    /// `~pattern`, the first that fits wins.
    pub regex: Vec<(Rc<Regex>, ServerId)>,
}

/// One name of a `server_name` directive.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum ServerName {
    /// A name, possibly with a wildcard (`*.a`, `a.*`, `.a`), in lower case.
    Name(Text),
    /// `~pattern`
    Pattern(Rc<Regex>),
}

/// What became of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It is in the table.
    Yes,
    /// Another server has it already.
    Conflict,
    /// It is no name: two dots in a row, or a wildcard in the middle.
    Invalid,
}

impl ServerNames {
    /// Adds one name of a server.
    pub fn add(&mut self, name: &ServerName, server: ServerId) -> Added {
        match name {
            ServerName::Pattern(regex) => {
                self.regex.push((Rc::clone(regex), server));
                Added::Yes
            }
            ServerName::Name(name) => self.add_name(name, server),
        }
    }

    fn add_name(&mut self, name: &[u8], server: ServerId) -> Added {
        match Wildcard::of(name) {
            None => Added::Invalid,
            Some(Wildcard::None) => insert(&mut self.exact, name, server),
            Some(Wildcard::Head(rest)) => insert(&mut self.wildcard_head, rest, server),
            Some(Wildcard::Tail(rest)) => insert(&mut self.wildcard_tail, rest, server),
            Some(Wildcard::HeadOrNone(rest)) => match insert(&mut self.exact, &rest[1..], server) {
                Added::Yes => insert(&mut self.wildcard_head, rest, server),
                conflict => conflict,
            },
        }
    }
}

fn insert(table: &mut BTreeMap<Text, ServerId>, name: &[u8], server: ServerId) -> Added {
    match table.contains_key(name) {
        true => Added::Conflict,
        false => {
            table.insert(Text::from(name), server);
            Added::Yes
        }
    }
}

/// The wildcard of a host name, and what is left of the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wildcard<'n> {
    /// `example.com`
    None,
    /// `.example.com` of `*.example.com`
    Head(&'n [u8]),
    /// `.example.com`, which stands for `example.com` too.
    HeadOrNone(&'n [u8]),
    /// `www.example.` of `www.example.*`
    Tail(&'n [u8]),
}

impl<'n> Wildcard<'n> {
    /// Finds the wildcard; `None` if the name is wrong.
    pub fn of(name: &'n [u8]) -> Option<Self> {
        let stars = name.iter().filter(|byte| **byte == b'*').count();
        if stars > 1 || name.contains(&0) || name.windows(2).any(|pair| pair == b"..") {
            return None;
        }
        match name {
            [b'.', _, ..] => Some(Self::HeadOrNone(name)),
            [b'*', b'.', _, ..] => Some(Self::Head(&name[1..])),
            [_, .., b'.', b'*'] => Some(Self::Tail(&name[..name.len() - 1])),
            _ if stars > 0 => None,
            _ => Some(Self::None),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Pattern(regex) => regex.pattern.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ServerName {
        ServerName::Name(Text::from(text))
    }

    #[test]
    fn a_leading_dot_stands_for_both() {
        let mut names = ServerNames::default();
        assert_eq!(names.add(&name(".example.com"), ServerId(0)), Added::Yes);
        assert_eq!(names.add(&name("example.com"), ServerId(1)), Added::Conflict);
        assert_eq!(names.add(&name("*.example.com"), ServerId(1)), Added::Conflict);
        assert_eq!(names.add(&name("www.example.*"), ServerId(1)), Added::Yes);
        assert_eq!(names.add(&name("www.*.com"), ServerId(1)), Added::Invalid);
    }
}
