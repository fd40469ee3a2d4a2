//! `map { }`: a variable that depends on a text.

pub mod setters;

use std::rc::Rc;

use crate::ir::hostnames::Hostnames;
use crate::ir::regex::Regex;
use crate::ir::value::Template;

/// `map`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Map {
    /// What is looked up; letter case does not matter.
    pub subject: Template,
    /// `hostnames`: a dot at the end of the subject is left out, and wildcards count.
    pub hostnames: bool,
    /// `default`; without one, the empty text.
    pub default: Template,
    /// Whole texts, in lower case, and wildcards where `hostnames` stands.
    #[serde(flatten)]
    pub texts: Hostnames<Template>,
    /// Patterns; the first that fits wins.
    pub regex: Vec<(Rc<Regex>, Template)>,
    /// `volatile`: looked up at every use.
    pub volatile: bool,
}
