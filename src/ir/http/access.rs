//! The values of nginx's `http_access` module.

pub mod setters;

use super::geo::Network;
use crate::ir::value::List;

layer! {
    /// Who may come.
    pub struct Access, own AccessOwn {
        /// `allow` and `deny` in source order; the first that fits counts.
        rules: List<Rule> = List::default(),
    }
}

/// `allow`, `deny`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Rule {
    /// `deny`
    pub deny: bool,
    /// Whom it is for.
    pub clients: Clients,
}

/// Whom a rule is for.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Clients {
    /// `all`
    All,
    /// `unix:`
    Unix,
    /// A network.
    Network(Network),
}
