//! Reading `allow` and `deny`, and the addresses of clients wherever they stand.

use super::{Clients, Rule};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::geo::Network;
use crate::ir::reader::Reader;
use crate::ir::setter::Table;

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
