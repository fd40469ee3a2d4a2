//! Values with variables, and the conditions of `if`.

use super::{Failure, Interpreter, fault, shown};
use crate::http::request::Request;
use crate::ir::ids::VariableId;
use crate::ir::regex::{BadPattern, Regex};

impl Interpreter {
    /// A text with its variables; `is_uri` puts the request's directory before a relative one.
    pub(super) fn evaluate(&self, request: &Request, text: &[u8], is_uri: bool) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if rest[0] == b'$' {
                let (name, after) = variable_name(rest, text).map_err(|reason| fault(request, reason))?;
                out.extend(self.variable(request, &name.to_ascii_lowercase()).unwrap_or_default());
                rest = after;
            } else {
                rest = unescape(rest, &mut out);
            }
        }
        if is_uri && out.first().is_some_and(|&byte| byte != b'/') {
            let directory = request.uri.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
            out.splice(..0, request.uri[..directory].iter().copied());
        }
        Ok(out)
    }

    /// Whether the expression of an `if` is true.
    pub(super) fn holds(&mut self, request: &Request, expression: &[u8]) -> Result<bool, Failure> {
        let is_operand = |byte: &u8| byte.is_ascii_alphanumeric() || b"${}_\"'".contains(byte);
        let length = expression.iter().take_while(|byte| is_operand(byte)).count();
        let (left, rest) = expression.split_at(length);
        let left = self.evaluate(request, &left.to_ascii_lowercase(), false)?;
        let invalid = || fault(request, format!("invalid expression in \"{}\"", shown(expression)));
        let (negative, right) = match skip_spaces(rest) {
            [] => return Ok(!left.is_empty()),
            [b'=', right @ ..] => (false, right),
            [b'!', b'=', right @ ..] => (true, right),
            _ => return Err(invalid()),
        };
        let matched = match skip_spaces(right) {
            [b'/', pattern @ .., b'/'] => self.matches(request, &self.evaluate(request, pattern, false)?, &left)?,
            [b'/', _, ..] => return Err(invalid()),
            [b'\\', b'/', ..] => left == self.evaluate(request, &skip_spaces(right)[1..], false)?,
            right => left == self.evaluate(request, right, false)?,
        };
        Ok(matched != negative)
    }

    fn matches(&self, request: &Request, pattern: &[u8], subject: &[u8]) -> Result<bool, Failure> {
        let mut names = Vec::new();
        let regex = Regex::compile(pattern, false, |name| {
            names.push(name.to_ascii_lowercase());
            VariableId(names.len() as u32 - 1)
        });
        let regex = regex.map_err(|BadPattern(reason)| fault(request, reason))?;
        let mut locations = regex.compiled.capture_locations();
        if !matches!(regex.compiled.captures_read(&mut locations, subject), Ok(Some(_))) {
            return Ok(false);
        }
        let group = |number| locations.get(number).map_or_else(Vec::new, |(start, end)| subject[start..end].to_vec());
        let mut shared = self.family.ssi.borrow_mut();
        shared.captures = (0..=regex.groups).map(group).collect();
        for (id, number) in &regex.named {
            shared.set(&names[id.0 as usize], group(*number));
        }
        Ok(true)
    }
}

/// The name behind a `$`, and what follows it.
fn variable_name<'t>(rest: &'t [u8], whole: &[u8]) -> Result<(&'t [u8], &'t [u8]), String> {
    let is_bracketed = rest.get(1) == Some(&b'{');
    let start = 1 + usize::from(is_bracketed);
    let behind = rest.get(start..).unwrap_or_default();
    let length = behind.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let (name, after) = behind.split_at(length);
    let after = match (is_bracketed && !behind.is_empty(), after) {
        (false, after) => after,
        (true, [b'}', after @ ..]) => after,
        (true, _) => return Err(format!("the closing bracket in \"{}\" variable is missing", shown(name))),
    };
    match name.is_empty() {
        true => Err(format!("invalid variable name in \"{}\"", shown(whole))),
        false => Ok((name, after)),
    }
}

/// Takes a text up to its next `$`; a backslash goes where it protects something.
fn unescape<'t>(text: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let mut is_quoted = false;
    for (index, &byte) in text.iter().enumerate() {
        if is_quoted {
            is_quoted = false;
            if !b"\\'\"$".contains(&byte) {
                out.push(b'\\');
            }
        } else if byte == b'\\' {
            is_quoted = true;
            continue;
        } else if byte == b'$' {
            return &text[index..];
        }
        out.push(byte);
    }
    &[]
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|&&byte| byte == b' ').count();
    &text[spaces..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_where_nginx_ends_them() {
        assert_eq!(variable_name(b"$a-b", b""), Ok((&b"a"[..], &b"-b"[..])));
        assert_eq!(variable_name(b"${a}b", b""), Ok((&b"a"[..], &b"b"[..])));
        assert_eq!(variable_name(b"$", b"x$"), Err("invalid variable name in \"x$\"".to_owned()));
        assert_eq!(variable_name(b"${", b"x${"), Err("invalid variable name in \"x${\"".to_owned()));
        assert_eq!(variable_name(b"${a-", b""), Err("the closing bracket in \"a\" variable is missing".to_owned()));
    }

    #[test]
    fn backslashes_protect_quotes_and_dollars() {
        let mut out = Vec::new();
        assert_eq!(unescape(b"a\\'\\x\\$b$c", &mut out), b"$c");
        assert_eq!(out, b"a'\\x$b");
    }
}
