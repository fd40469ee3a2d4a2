//! The rewrite module: `set`, `rewrite`, `return`, `break` and `if`, run in source order (`ngx_http_rewrite_handler`).

use std::rc::Rc;

use super::message::response::ContentType;
use super::open_file::{self, Fault};
use super::request::Request;
use super::verdict::Verdict;
use super::{body_reader, evaluate, filters, location, variables};
use crate::ir::http::rewrite::{Condition, FileTest, If, Operation, Return, Rule, Then};
use crate::ir::value::{Part, Template};
use crate::log::error_log::Level;
use crate::primitives::escape::{self, Escape};

/// What an operation leaves to do.
enum Flow {
    Next,
    /// No further operation of this round.
    Stop,
    /// The request has its answer.
    Answer(Verdict),
}

/// Runs the operations of the location that the request is in.
pub async fn run(request: &mut Request) -> Verdict {
    let location = Rc::clone(&request.location);
    // Whether all of it is logged is for the location to say that it begins in.
    let is_logged = location.settings.rewrite.log;
    match run_all(request, &location.rewrite, is_logged).await {
        Flow::Next | Flow::Stop => Verdict::Declined,
        Flow::Answer(verdict) => verdict,
    }
}

async fn run_all(request: &mut Request, operations: &[Operation], is_logged: bool) -> Flow {
    for operation in operations {
        let flow = match operation {
            Operation::Set { variable, value } => {
                let value = evaluate::text(request, value);
                variables::set(request, *variable, &value);
                Flow::Next
            }
            Operation::Break => {
                request.valid_location &= !request.uri_changed;
                request.uri_changed = false;
                Flow::Stop
            }
            Operation::Rewrite(rule) => rewrite(request, rule, is_logged),
            Operation::Return(answer) => Flow::Answer(answer_with(request, answer).await),
            Operation::If(condition) => Box::pin(run_if(request, condition, is_logged)).await,
        };
        if !matches!(flow, Flow::Next) {
            return flow;
        }
    }
    Flow::Next
}

async fn run_if(request: &mut Request, inner: &If, is_logged: bool) -> Flow {
    if !holds(request, &inner.condition, is_logged) {
        return Flow::Next;
    }
    if let Some(location) = &inner.location {
        request.location = Rc::clone(location);
        location::take(request);
    }
    run_all(request, &inner.operations, is_logged).await
}

fn holds(request: &Request, condition: &Condition, is_logged: bool) -> bool {
    let value = |id| {
        let mut out = Vec::new();
        variables::write(request, id, &mut out);
        out
    };
    match condition {
        Condition::Variable(id) => evaluate::is_true(&value(*id)),
        Condition::Equal(id, text) => value(*id) == *evaluate::text(request, text),
        Condition::NotEqual(id, text) => value(*id) != *evaluate::text(request, text),
        Condition::Match(id, regex) => matches(request, regex, &value(*id), is_logged),
        Condition::NotMatch(id, regex) => !matches(request, regex, &value(*id), is_logged),
        Condition::File { test, negated, path } => file_test(request, *test, path) != *negated,
    }
}

/// A match as the rewrite module makes it: it may be logged, and a failure forgets earlier captures.
fn matches(request: &Request, regex: &crate::ir::regex::Regex, subject: &[u8], is_logged: bool) -> bool {
    let matched = evaluate::matches(request, regex, subject);
    if is_logged {
        let (pattern, subject) = (&regex.pattern, String::from_utf8_lossy(subject));
        let words = if matched { "matches" } else { "does not match" };
        request.log(Level::Notice, format_args!("\"{pattern}\" {words} \"{subject}\""));
    }
    if !matched {
        request.captures.borrow_mut().clear();
    }
    matched
}

fn file_test(request: &Request, test: FileTest, path: &Template) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let path = evaluate::text(request, path);
    let metadata = match open_file::metadata(request, &path) {
        Ok(metadata) => metadata,
        Err(Fault { call, error }) => {
            if !open_file::is_missing(&error) {
                let path = String::from_utf8_lossy(&path);
                request.log_error(Level::Crit, &error, format_args!("{call} \"{path}\" failed"));
            }
            return false;
        }
    };
    match test {
        FileTest::File => metadata.is_file(),
        FileTest::Directory => metadata.is_dir(),
        FileTest::Exists => true,
        FileTest::Executable => metadata.permissions().mode() & 0o100 != 0,
    }
}

async fn answer_with(request: &mut Request, answer: &Return) -> Verdict {
    if answer.status >= 400 && answer.text.is_none() {
        return Verdict::Finish(answer.status);
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    request.response.status = answer.status;
    let text = answer.text.as_ref().map(|text| evaluate::text(request, text)).unwrap_or_default();
    if matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        request.response.set_location(&text);
        return Verdict::Finish(answer.status);
    }
    if request.response.content_type.is_none() {
        request.response.content_type = Some(content_type(request));
    }
    filters::order::answer(request, &text).await
}

/// The type of what a location sends, by the extension of the path.
pub fn content_type(request: &Request) -> ContentType {
    let core = &request.location.settings.core;
    let extension = &request.uri[request.extension.clone()];
    let known = if extension.iter().any(u8::is_ascii_uppercase) {
        core.types.get(extension.to_ascii_lowercase().as_slice())
    } else {
        core.types.get(extension)
    };
    ContentType::Shared(known.filter(|_| !extension.is_empty()).unwrap_or(&core.default_type).clone())
}

fn rewrite(request: &mut Request, rule: &Rule, is_logged: bool) -> Flow {
    if !matches(request, &rule.regex, &request.uri, is_logged) {
        return Flow::Next;
    }
    if let Then::Redirect(status) = rule.then {
        redirect(request, rule, is_logged);
        return Flow::Answer(Verdict::Finish(status));
    }
    request.internal = true;
    request.valid_unparsed_uri = false;
    request.uri_changed = rule.then != Then::Break;
    request.valid_location &= rule.then != Then::Break;
    let mut path = Vec::new();
    evaluate::write(request, &rule.replacement, &mut path);
    match &rule.arguments {
        Some(arguments) => {
            let mut args = Vec::new();
            write_escaped(request, arguments, &mut args);
            if rule.keep_arguments && !request.args.is_empty() {
                args.push(b'&');
                args.extend_from_slice(&request.args);
            }
            request.has_args = true;
            request.args = args;
        }
        None if !rule.keep_arguments => request.args.clear(),
        None => {}
    }
    if is_logged {
        let (path, args) = (String::from_utf8_lossy(&path), String::from_utf8_lossy(&request.args));
        request.log(Level::Notice, format_args!("rewritten data: \"{path}\", args: \"{args}\""));
    }
    if path.is_empty() {
        request.log(Level::Error, "the rewritten URI has a zero length");
        return Flow::Answer(Verdict::Finish(500));
    }
    request.uri = path;
    request.find_extension();
    match rule.then {
        Then::Continue => Flow::Next,
        _ => Flow::Stop,
    }
}

/// Captures are escaped in arguments and redirects, if the path had escapes.
fn write_escaped(request: &Request, template: &Template, out: &mut Vec<u8>) {
    for part in &*template.parts {
        match part {
            Part::Capture(number) if request.quoted_uri || request.plus_in_uri => {
                if let Some(text) = request.captures.borrow().group(usize::from(*number)) {
                    escape::write(text, Escape::Args, out);
                }
            }
            Part::Capture(number) => {
                if let Some(text) = request.captures.borrow().group(usize::from(*number)) {
                    out.extend_from_slice(text);
                }
            }
            Part::Literal(text) => out.extend_from_slice(text),
            Part::Variable(id) => {
                variables::write(request, *id, out);
            }
        }
    }
}

fn redirect(request: &mut Request, rule: &Rule, is_logged: bool) {
    let mut url = Vec::new();
    write_escaped(request, &rule.replacement, &mut url);
    if let Some(arguments) = &rule.arguments {
        url.push(b'?');
        write_escaped(request, arguments, &mut url);
    }
    let mut url = unescape_redirect(&url);
    if rule.keep_arguments && !request.args.is_empty() {
        let has_arguments = rule.arguments.is_some() || rule.replacement.parts.iter().any(has_question_mark);
        url.push(if has_arguments { b'&' } else { b'?' });
        url.extend_from_slice(&request.args);
    }
    if is_logged {
        request.log(Level::Notice, format_args!("rewritten redirect: \"{}\"", String::from_utf8_lossy(&url)));
    }
    request.response.set_location(&url);
}

/// Whether a replacement as written has arguments.
fn has_question_mark(part: &Part) -> bool {
    matches!(part, Part::Literal(text) if text.contains(&b'?'))
}

/// Takes back escapes of plain characters before the `?` (`ngx_unescape_uri` with `NGX_UNESCAPE_REDIRECT`).
fn unescape_redirect(url: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(url.len());
    let mut at = 0;
    while let Some(&byte) = url.get(at) {
        let digits = url.get(at + 1..at + 3).unwrap_or_default();
        let decoded = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, decoded) {
            (b'?', _) => {
                out.extend_from_slice(&url[at..]);
                return out;
            }
            (b'%', Some(decoded)) if digits.len() == 2 => {
                if decoded > b'%' && decoded < 0x7f {
                    out.push(decoded);
                } else {
                    out.extend_from_slice(&url[at..at + 3]);
                }
                at += 3;
                if decoded == b'?' {
                    out.extend_from_slice(&url[at..]);
                    return out;
                }
                continue;
            }
            (b'%', _) => {}
            _ => out.push(byte),
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lose_needless_escapes() {
        assert_eq!(unescape_redirect(b"/a%20%41%2F?%41"), b"/a%20A/?%41");
        assert_eq!(unescape_redirect(b"/%3Fx%41"), b"/?x%41");
    }
}
