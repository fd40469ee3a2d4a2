//! What setters are, and the common rules by which they take values.

pub use super::reader::Set;
use super::reader::{Reader, Setter};
use super::value::{Buffers, TempPath, Template, Text};
use super::words::{Set32, Words};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::conf::value;

/// The setters of one module, by directive.
pub type Table = &'static [(&'static str, Setter)];

/// A setter for one value of the block that is being read, by a rule that needs only the directive.
macro_rules! own {
    ($module:ident.$field:ident, $parse:expr) => {
        |reader, directive| {
            let slot = &mut reader.own().$module.get_or_insert_default().$field;
            $crate::ir::setter::once(slot, directive, $parse)
        }
    };
}

/// A setter for one value of the block that is being read, by a rule that also needs the reader.
macro_rules! own_with {
    ($module:ident.$field:ident, $parse:expr) => {
        |reader, directive| {
            if reader.own().$module.get_or_insert_default().$field.is_some() {
                return Err($crate::ir::setter::duplicate(directive));
            }
            let value = $parse(reader, directive)?;
            reader.own().$module.get_or_insert_default().$field = Some(value);
            Ok(())
        }
    };
}

/// A setter that adds one entry to a list of the block that is being read.
macro_rules! own_push {
    ($module:ident.$field:ident, $parse:expr) => {
        |reader, directive| {
            let item = $parse(reader, directive)?;
            reader.own().$module.get_or_insert_default().$field.get_or_insert_default().push(item);
            Ok(())
        }
    };
}

/// A setter for a set of words that grows with every further line.
macro_rules! own_bits {
    ($module:ident.$field:ident) => {
        own_bits!($module.$field, $crate::ir::setter::word_set)
    };
    ($module:ident.$field:ident, $add:expr) => {
        |reader, directive| {
            let before = reader.own().$module.get_or_insert_default().$field.unwrap_or_default();
            let after = $add(reader, directive, before)?;
            reader.own().$module.get_or_insert_default().$field = Some(after);
            Ok(())
        }
    };
}

/// A setter for one value of the server that is being read (or, in `http`, of all servers).
macro_rules! server {
    ($field:ident, $parse:expr) => {
        |reader, directive| {
            let slot = &mut reader.server_core().$field;
            $crate::ir::setter::once(slot, directive, $parse)
        }
    };
}

/// `"x" directive is duplicate`
pub fn duplicate(directive: &Directive<'_>) -> Diagnostic {
    directive.fails("is duplicate")
}

/// A parameter that the original knows and evenkeel does not serve yet.
pub fn parameter_not_yet(directive: &Directive<'_>, parameter: &str) -> Diagnostic {
    let name = directive.name().text();
    directive.emerg(format!("\"{parameter}\" parameter of the \"{name}\" directive is not served yet by evenkeel"))
}

/// Fills a slot that may be filled once; whether it is filled counts before whether the value is right.
pub fn once<'s, T>(
    slot: &mut Option<T>,
    directive: &Directive<'s>,
    parse: impl FnOnce(&Directive<'s>) -> Result<T, Diagnostic>,
) -> Set {
    if slot.is_some() {
        return Err(duplicate(directive));
    }
    *slot = Some(parse(directive)?);
    Ok(())
}

/// `on` or `off`
pub fn flag(directive: &Directive<'_>) -> Result<bool, Diagnostic> {
    value::flag(directive)
}

/// A number of at least zero.
pub fn number<T: TryFrom<i64>>(directive: &Directive<'_>) -> Result<T, Diagnostic> {
    T::try_from(value::number(directive)?).map_err(|_| directive.fails("invalid number"))
}

/// Bytes, with `k` or `m`.
pub fn size(directive: &Directive<'_>) -> Result<usize, Diagnostic> {
    value::size(directive).map(|bytes| bytes as usize)
}

/// Bytes, with `k`, `m` or `g`.
pub fn offset(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    value::offset(directive)
}

/// A time in milliseconds.
pub fn milliseconds(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    value::milliseconds(directive)
}

/// A time in seconds.
pub fn seconds(directive: &Directive<'_>) -> Result<u64, Diagnostic> {
    value::seconds(directive)
}

/// The number and the size of buffers.
pub fn buffers(directive: &Directive<'_>) -> Result<Buffers, Diagnostic> {
    value::buffers(directive).map(|(count, size)| Buffers { count: count as usize, size: size as usize })
}

/// The rights of new files: `user:rw group:r all:r`. Without a word about the user, it may read and write.
pub fn access(directive: &Directive<'_>) -> Result<u32, Diagnostic> {
    let (mut access, mut user) = (0, 0o600);
    for word in directive.args() {
        let (shift, rights) = match word.value {
            [b'u', b's', b'e', b'r', b':', rights @ ..] => {
                user = 0;
                (6, rights)
            }
            [b'g', b'r', b'o', b'u', b'p', b':', rights @ ..] => (3, rights),
            [b'a', b'l', b'l', b':', rights @ ..] => (0, rights),
            _ => return Err(directive.emerg(format!("invalid value \"{}\"", word.text()))),
        };
        access |= match rights {
            b"rw" => 6,
            b"r" => 4,
            _ => return Err(directive.emerg(format!("invalid value \"{}\"", word.text()))),
        } << shift;
    }
    Ok(access | user)
}

/// One word of a list.
pub fn word<T: Words>(directive: &Directive<'_>) -> Result<T, Diagnostic> {
    let word = directive.args()[0];
    T::of_word(word.value).ok_or_else(|| directive.emerg(format!("invalid value \"{}\"", word.text())))
}

/// Several words of a list, over those of earlier lines.
pub fn word_set<T: Words + Set32>(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    before: T,
) -> Result<T, Diagnostic> {
    some_word_set(reader, directive, before, |_| true)
}

/// The same where only some words of the list may be said.
pub fn some_word_set<T: Words + Set32>(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    before: T,
    may_be_said: impl Fn(T) -> bool,
) -> Result<T, Diagnostic> {
    let mut all = before;
    for word in directive.args() {
        let bit = T::of_word(word.value).filter(|bit| may_be_said(*bit));
        let bit = bit.ok_or_else(|| directive.emerg(format!("invalid value \"{}\"", word.text())))?;
        if all.has(bit) {
            reader.warn(directive.warn(format!("duplicate value \"{}\"", word.text())));
        }
        all = all.with(bit);
    }
    Ok(all)
}

/// One word, as it is.
pub fn text(directive: &Directive<'_>) -> Result<Text, Diagnostic> {
    Ok(Text::from(directive.args()[0].value))
}

/// One word, as it is, that may be missing.
pub fn some_text(directive: &Directive<'_>) -> Result<Option<Text>, Diagnostic> {
    text(directive).map(Some)
}

/// One word with variables.
pub fn template(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Template, Diagnostic> {
    reader.template(directive, directive.args()[0].value)
}

/// One word with variables that may be missing.
pub fn some_template(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Option<Template>, Diagnostic> {
    template(reader, directive).map(Some)
}

/// A size with variables; a constant one has to be right.
pub fn template_size(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Option<Template>, Diagnostic> {
    let template = template(reader, directive)?;
    match template.constant() {
        Some(text) if crate::primitives::size::parse_size(text).is_none() => Err(directive.fails("invalid value")),
        _ => Ok(Some(template)),
    }
}

/// Words with variables, true unless all are empty or `0`.
pub fn predicates(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Vec<Template>, Diagnostic> {
    directive.args().iter().map(|word| reader.template(directive, word.value)).collect()
}

/// `client_body_temp_path`, `proxy_temp_path`: a directory and the widths of up to three levels.
pub fn temp_path(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<TempPath, Diagnostic> {
    let path = directive.args()[0].value;
    let path = reader.full_path(path.strip_suffix(b"/").unwrap_or(path));
    Ok(TempPath { path, levels: value::path_levels(directive)? })
}

/// Linux cannot tell how much may still be sent: nginx says so.
pub fn send_lowat(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)?;
    size(directive)?;
    let name = directive.name().text();
    reader.warn(directive.warn(format!("\"{name}\" is not supported, ignored")));
    Ok(())
}
