//! Which server a host name belongs to: names and wildcards, then patterns in order.

use std::fmt;
use std::rc::Rc;

use super::hostnames::{Hostname, Hostnames};
use super::ids::ServerId;
use super::regex::Regex;
use super::value::Text;

/// The names of all servers at one address. Names are in lower case.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct ServerNames {
    /// Names without patterns.
    #[serde(flatten)]
    pub hosts: Hostnames<ServerId>,
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
            ServerName::Name(name) => match Hostname::of(name) {
                None => Added::Invalid,
                Some(name) if self.hosts.add(name, server) => Added::Yes,
                Some(_) => Added::Conflict,
            },
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
