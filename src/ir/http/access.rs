//! The values of nginx's `http_access` module.

use super::geo::Network;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::lower::Reader;
use crate::ir::setter::Table;
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

/// The setters of `http_access`.
pub const SETTERS: Table = &[
    ("allow", own_push!(access.rules, |reader, directive| rule(reader, directive, false))),
    ("deny", own_push!(access.rules, |reader, directive| rule(reader, directive, true))),
];

fn rule(reader: &mut Reader<'_>, directive: &Directive<'_>, deny: bool) -> Result<Rule, Diagnostic> {
    let word = directive.args()[0];
    let clients = match word.value {
        b"all" => Clients::All,
        b"unix:" => Clients::Unix,
        text => {
            let invalid = || directive.emerg(format!("invalid parameter \"{}\"", word.text()));
            Clients::Network(network(reader, directive, text).ok_or_else(invalid)?)
        }
    };
    Ok(Rule { deny, clients })
}

/// A network; a warning tells of bits beyond its prefix.
pub fn network(reader: &mut Reader<'_>, directive: &Directive<'_>, text: &[u8]) -> Option<Network> {
    let (network, has_low_bits) = Network::parse(text)?;
    if has_low_bits {
        let text = String::from_utf8_lossy(text);
        reader.warn(directive.warn(format!("low address bits of {text} are meaningless")));
    }
    Some(network)
}
