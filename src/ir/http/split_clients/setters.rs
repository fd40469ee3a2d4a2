//! Reading `split_clients { }`.

use super::SplitClients;
use crate::conf::check;
use crate::conf::diagnostic::{Diagnostic, Level};
use crate::conf::tree::Directive;
use crate::ir::http::rewrite::setters::{not_changeable, variable_name};
use crate::ir::ids::SplitClientsId;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::value::Text;
use crate::ir::variables::Source;
use crate::primitives::size::parse_number;

/// The setters of `http_split_clients`.
pub const SETTERS: Table = &[("split_clients", split_clients)];

fn split_clients(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [subject, variable] = directive.args() else { return Ok(()) };
    let subject = reader.template(directive, subject.value)?;
    let name = variable_name(directive, variable.value)?;
    let id = SplitClientsId(reader.http.split_clients.len() as u32);
    reader.http.variables.define(name, Source::SplitClients(id)).map_err(not_changeable(directive, name))?;
    // Hundredths of a percent; `None` is all that is left.
    let mut shares = Vec::new();
    for line in directive.children() {
        let words = check::free_words(line)?;
        let value = Text::from(words.get(1).map_or(&b""[..], |word| word.value));
        let share = match words[0].value {
            b"*" => None,
            text => {
                let invalid = || line.emerg(format!("invalid percent value \"{}\"", words[0].text()));
                Some(percent(text).ok_or_else(invalid)?)
            }
        };
        shares.push((share, value));
    }
    let mut sum = 0u64;
    let mut end = 0u32;
    let mut parts = Vec::with_capacity(shares.len());
    for (share, value) in shares {
        sum = share.map_or(10_000, |share| sum + share);
        if sum > 10_000 {
            let place = directive.close_place();
            let text = "percent total is greater than 100%".to_owned();
            return Err(Diagnostic { level: Level::Emerg, text, place });
        }
        let until = share.filter(|_| sum < 10_000).map(|share| {
            end = end.wrapping_add((share * u64::from(u32::MAX) / 10_000) as u32);
            end
        });
        parts.push((until, value));
    }
    reader.http.split_clients.push(SplitClients { subject, parts });
    Ok(())
}

/// `N%` with up to two decimals, in hundredths of a percent.
fn percent(text: &[u8]) -> Option<u64> {
    let number = text.strip_suffix(b"%")?;
    let (whole, decimals) = match number.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&number[..dot], &number[dot + 1..]),
        None => (number, &b""[..]),
    };
    if decimals.len() > 2 || number.is_empty() {
        return None;
    }
    let mut digits = [whole, decimals].concat();
    digits.resize(whole.len() + 2, b'0');
    parse_number(&digits).map(|value| value as u64).filter(|value| *value > 0)
}
