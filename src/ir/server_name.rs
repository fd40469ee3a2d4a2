//! Which server a host name belongs to: exact names, wildcards at either end, then patterns in order.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::http::ServerId;
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
