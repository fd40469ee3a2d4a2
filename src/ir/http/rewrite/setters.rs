//! The setters of nginx's `http_rewrite` module.

use std::rc::Rc;

use grammar::Context;

use super::{Condition, FileTest, Return, Rule, Then};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::Matching;
use crate::ir::http::draft::{LocationDraft, OperationDraft};
use crate::ir::ids::VariableId;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{Part, Template};
use crate::ir::variables::Unchangeable;
use crate::primitives::size::parse_number;

/// The setters of `http_rewrite`.
pub const SETTERS: Table = &[
    ("break", |reader, _| {
        reader.location().rewrite.push(OperationDraft::Break);
        Ok(())
    }),
    ("if", if_block),
    ("return", return_),
    ("rewrite", rewrite),
    ("rewrite_log", own!(rewrite.log, setter::flag)),
    ("set", set),
    ("uninitialized_variable_warn", own!(rewrite.uninitialized_variable_warn, setter::flag)),
];

/// The name after the `$` of a word that has to be a variable.
pub fn variable_name<'s>(directive: &Directive<'_>, word: &'s [u8]) -> Result<&'s [u8], Diagnostic> {
    let text = || String::from_utf8_lossy(word).into_owned();
    match word {
        [b'$', name @ ..] if !name.is_empty() => Ok(name),
        [b'$'] => Err(directive.emerg("invalid variable name \"$\"")),
        _ => Err(directive.emerg(format!("invalid variable name \"{}\"", text()))),
    }
}

/// What nginx says when a read-only variable is defined anew.
pub fn not_changeable(directive: &Directive<'_>, name: &[u8]) -> impl FnOnce(Unchangeable) -> Diagnostic {
    let fault = directive.emerg(format!("the duplicate \"{}\" variable", String::from_utf8_lossy(name)));
    |_| fault
}

fn set(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [name, value] = directive.args() else { return Ok(()) };
    let name = variable_name(directive, name.value)?;
    let variable = reader.http.variables.set(name).map_err(not_changeable(directive, name))?;
    let value = reader.template(directive, value.value)?;
    reader.location().rewrite.push(OperationDraft::Set(variable, value));
    Ok(())
}

fn return_(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let args = directive.args();
    let code = args[0];
    let invalid = || directive.emerg(format!("invalid return code \"{}\"", code.text()));
    let (status, text) = match parse_number(code.value) {
        Some(status) => {
            let status = u16::try_from(status).ok().filter(|status| *status <= 999).ok_or_else(invalid)?;
            // With nothing to say, an error has its page.
            (status, args.get(1).filter(|text| status < 400 || !text.value.is_empty()))
        }
        None if args.len() == 1 && is_url(code.value) => (302, Some(&args[0])),
        None => return Err(invalid()),
    };
    let text = text.map(|word| reader.template(directive, word.value)).transpose()?;
    reader.location().rewrite.push(OperationDraft::Return(Return { status, text }));
    Ok(())
}

fn is_url(text: &[u8]) -> bool {
    [&b"http://"[..], b"https://", b"$scheme"].iter().any(|start| text.starts_with(start))
}

fn rewrite(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [pattern, replacement, flag @ ..] = directive.args() else { return Ok(()) };
    if replacement.value.is_empty() {
        return Err(directive.emerg("empty replacement"));
    }
    let regex = reader.regex(directive, pattern.value, false)?;
    // A question mark at the end says that the request's arguments are dropped.
    let (replacement, keep_arguments) = match replacement.value.strip_suffix(b"?") {
        Some(shorter) => (shorter, false),
        None => (replacement.value, true),
    };
    let implied = if is_url(replacement) { Then::Redirect(302) } else { Then::Continue };
    let then = match flag {
        [] => implied,
        [word, ..] => match word.value {
            b"redirect" => Then::Redirect(302),
            b"permanent" => Then::Redirect(301),
            b"last" if implied == Then::Continue => Then::Last,
            b"break" if implied == Then::Continue => Then::Break,
            b"last" | b"break" => implied,
            _ => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
        },
    };
    let template = reader.template(directive, replacement)?;
    // The URL of a redirect is one text; only a URI has arguments of its own.
    let (replacement, arguments) = match then {
        Then::Redirect(_) => (template, None),
        _ => split_arguments(template),
    };
    let rule = Rule { regex, replacement, arguments, keep_arguments, then };
    reader.location().rewrite.push(OperationDraft::Rewrite(rule));
    Ok(())
}

/// Divides a template at the first `?` that is written in it.
fn split_arguments(template: Template) -> (Template, Option<Template>) {
    let mut before = Vec::new();
    let mut parts = template.parts.iter();
    while let Some(part) = parts.next() {
        if let Part::Literal(text) = part
            && let Some(mark) = text.iter().position(|byte| *byte == b'?')
        {
            before.push(Part::Literal(text[..mark].into()));
            let rest = std::iter::once(Part::Literal(text[mark + 1..].into())).chain(parts.cloned());
            return (without_empty(before), Some(without_empty(rest.collect())));
        }
        before.push(part.clone());
    }
    (template, None)
}

fn without_empty(mut parts: Vec<Part>) -> Template {
    parts.retain(|part| !matches!(part, Part::Literal(text) if text.is_empty()));
    Template::of_parts(parts)
}

fn if_block(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let in_server = reader.context == Context::SERVER;
    let condition = condition(reader, directive)?;
    let name = reader.location().name.clone();
    reader.http.open(LocationDraft::new(Matching::Nameless, name, directive.place()));
    let context = if in_server { Context::IF_IN_SERVER } else { Context::IF_IN_LOCATION };
    reader.walk(context, directive.children())?;
    let mut block = reader.http.close();
    let operations = std::mem::take(&mut block.rewrite);
    let location = reader.location();
    let child = (!in_server).then_some(location.children.len());
    location.rewrite.push(OperationDraft::If { condition, child, operations });
    location.children.push(block);
    Ok(())
}

/// Reads `( … )`. The parentheses may be words of their own or stick to the words inside.
fn condition(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Condition, Diagnostic> {
    let invalid = |word: &[u8]| directive.emerg(format!("invalid condition \"{}\"", String::from_utf8_lossy(word)));
    let mut words: Vec<&[u8]> = directive.args().iter().map(|word| word.value).collect();
    let last = words.len() - 1;
    words[0] = words[0].strip_prefix(b"(").ok_or_else(|| invalid(words[0]))?;
    words[last] = words[last].strip_suffix(b")").ok_or_else(|| invalid(words[last]))?;
    let opened = usize::from(words[0].is_empty() && last > 0);
    let mut words = &words[opened..];
    if let [before @ .., b""] = words {
        // A lone `)` is no word of the condition.
        if !before.is_empty() {
            words = before;
        }
    }
    let first = words.first().copied().unwrap_or_default();
    match (first, words) {
        ([b'$', name @ ..], _) if !name.is_empty() => match words {
            [_] => Ok(Condition::Variable(reader.variable(directive, name))),
            [_, operator, value] => {
                let variable = reader.variable(directive, name);
                comparison(reader, directive, variable, operator, value)
            }
            _ => Err(invalid(first)),
        },
        ([b'-', test] | [b'!', b'-', test], [_, path]) => {
            let path = reader.template(directive, path)?;
            let test = match test {
                b'f' => FileTest::File,
                b'd' => FileTest::Directory,
                b'e' => FileTest::Exists,
                b'x' => FileTest::Executable,
                _ => return Err(invalid(first)),
            };
            Ok(Condition::File { test, negated: first[0] == b'!', path })
        }
        _ => Err(invalid(first)),
    }
}

fn comparison(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    variable: VariableId,
    operator: &[u8],
    value: &[u8],
) -> Result<Condition, Diagnostic> {
    match operator {
        b"=" => Ok(Condition::Equal(variable, reader.template(directive, value)?)),
        b"!=" => Ok(Condition::NotEqual(variable, reader.template(directive, value)?)),
        b"~" | b"~*" => {
            let regex = reader.regex(directive, value, operator.ends_with(b"*"))?;
            Ok(Condition::Match(variable, Rc::clone(&regex)))
        }
        b"!~" | b"!~*" => {
            let regex = reader.regex(directive, value, operator.ends_with(b"*"))?;
            Ok(Condition::NotMatch(variable, regex))
        }
        _ => {
            let operator = String::from_utf8_lossy(operator);
            Err(directive.emerg(format!("unexpected \"{operator}\" in condition")))
        }
    }
}
