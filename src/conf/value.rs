//! The values that nginx reads by common rules, with its words for what is wrong.
//!
//! Each function takes the whole directive, because the words name it; the number of arguments has been checked.

use grammar::Value;

use super::diagnostic::Diagnostic;
use super::tree::{Directive, Word};
use crate::primitives::{duration, size};

/// `on` or `off`, in any letter case.
pub fn flag(directive: &Directive<'_>) -> Result<bool, Diagnostic> {
    let word = first(directive);
    match () {
        () if word.value.eq_ignore_ascii_case(b"on") => Ok(true),
        () if word.value.eq_ignore_ascii_case(b"off") => Ok(false),
        () => Err(directive.emerg(format!(
            "invalid value \"{}\" in \"{}\" directive, it must be \"on\" or \"off\"",
            word.text(),
            directive.name().text()
        ))),
    }
}

/// A number of at least zero.
pub fn number(directive: &Directive<'_>) -> Result<i64, Diagnostic> {
    size::parse_number(first(directive).value).ok_or_else(|| directive.fails("invalid number"))
}

/// A number from `least` to `most`; without `most`, of at least `least`.
pub fn number_within(directive: &Directive<'_>, least: i64, most: Option<i64>) -> Result<i64, Diagnostic> {
    let value = number(directive)?;
    match most {
        Some(most) if !(least..=most).contains(&value) => {
            Err(directive.emerg(format!("value must be between {least} and {most}")))
        }
        None if value < least => Err(directive.emerg(format!("value must be equal to or greater than {least}"))),
        _ => Ok(value),
    }
}

/// Bytes, with `k` or `m`.
pub fn size(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    size::parse_size(first(directive).value).ok_or_else(|| invalid(directive))
}

/// Bytes, with `k`, `m` or `g`.
pub fn offset(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    size::parse_offset(first(directive).value).ok_or_else(|| invalid(directive))
}

/// A time in milliseconds.
pub fn milliseconds(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    duration::parse_milliseconds(first(directive).value).ok_or_else(|| invalid(directive))
}

/// A time in seconds.
pub fn seconds(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    duration::parse_seconds(first(directive).value).ok_or_else(|| invalid(directive))
}

/// The number and the size of buffers, neither of them zero.
pub fn buffers(directive: &Directive<'_>) -> Result<(u64, u64), Diagnostic> {
    let [count, each, ..] = directive.args() else { return Err(invalid(directive)) };
    match (size::parse_number(count.value), size::parse_size(each.value)) {
        (Some(count @ 1..), Some(each @ 1..)) => Ok((count as u64, each)),
        _ => Err(invalid(directive)),
    }
}

/// One word of a list, in any letter case: its place in the list.
pub fn enumerated(directive: &Directive<'_>, words: &[&str]) -> Result<usize, Diagnostic> {
    one_of(directive, first(directive), words)
}

/// Several words of a list: the place of each, and a warning for each that comes again. `already` are places taken by
/// earlier directives of the same name.
pub fn bitmask(
    directive: &Directive<'_>,
    words: &[&str],
    already: u32,
    warnings: &mut Vec<Diagnostic>,
) -> Result<u32, Diagnostic> {
    directive.args().iter().try_fold(already, |mask, word| {
        let bit = 1 << one_of(directive, word, words)?;
        if mask & bit != 0 {
            warnings.push(directive.warn(format!("duplicate value \"{}\"", word.text())));
        }
        Ok(mask | bit)
    })
}

/// The widths of up to three levels below a directory for temporary files, the first argument.
pub fn path_levels(directive: &Directive<'_>) -> Result<[u8; 3], Diagnostic> {
    let mut levels = [0; 3];
    for (level, word) in levels.iter_mut().zip(&directive.args()[1..]) {
        let width = size::parse_number(word.value).filter(|width| *width > 0);
        *level = width.and_then(|width| u8::try_from(width).ok()).ok_or_else(|| invalid(directive))?;
    }
    match levels.iter().map(|width| u32::from(*width)).sum::<u32>() {
        0..=10 => Ok(levels),
        _ => Err(invalid(directive)),
    }
}

/// Checks the value of a directive that no setter reads yet, as far as a common rule decides it.
pub fn check(row: &grammar::Directive, directive: &Directive<'_>) -> Result<(), Diagnostic> {
    match row.value {
        Value::Flag => flag(directive).map(drop),
        Value::Number => number(directive).map(drop),
        Value::Size => size(directive).map(drop),
        Value::Offset => offset(directive).map(drop),
        Value::Milliseconds => milliseconds(directive).map(drop),
        Value::Seconds => seconds(directive).map(drop),
        Value::Buffers => buffers(directive).map(drop),
        Value::Path => path_levels(directive).map(drop),
        Value::Enum(words) => enumerated(directive, words).map(drop),
        Value::Bitmask(words) => bitmask(directive, words, 0, &mut Vec::new()).map(drop),
        _ => Ok(()),
    }
}

/// Whether a directive of this kind may stand only once in a block.
pub fn is_single(row: &grammar::Directive) -> bool {
    matches!(
        row.value,
        Value::Flag
            | Value::Number
            | Value::Size
            | Value::Offset
            | Value::Milliseconds
            | Value::Seconds
            | Value::Buffers
            | Value::Path
            | Value::Enum(_)
            | Value::Text
    )
}

fn first<'s>(directive: &Directive<'s>) -> &'s Word<'s> {
    // A row that takes no argument has no value of these kinds; the name then stands in, and is refused.
    directive.args().first().unwrap_or(directive.name())
}

fn invalid(directive: &Directive<'_>) -> Diagnostic {
    directive.fails("invalid value")
}

fn one_of(directive: &Directive<'_>, word: &Word<'_>, words: &[&str]) -> Result<usize, Diagnostic> {
    words
        .iter()
        .position(|known| known.as_bytes().eq_ignore_ascii_case(word.value))
        .ok_or_else(|| directive.emerg(format!("invalid value \"{}\"", word.text())))
}
