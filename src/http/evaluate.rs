//! Templates, patterns and lists of a configuration, applied to a request.

use std::borrow::Cow;

use super::request::Request;
use super::request::values::Slot;
use crate::ir::regex::Regex;
use crate::ir::value::{Part, Template};

/// Writes a template's text for this request.
pub fn write(request: &Request, template: &Template, out: &mut Vec<u8>) {
    request.begin_template();
    for part in &*template.parts {
        match part {
            Part::Literal(text) => out.extend_from_slice(text),
            Part::Variable(id) => {
                request.write_variable(*id, out);
            }
            Part::Capture(number) => {
                if let Some(text) = request.captures.borrow().group(usize::from(*number)) {
                    out.extend_from_slice(text);
                }
            }
        }
    }
}

/// A template's text for this request; not copied if it has no variables.
pub fn text<'t>(request: &Request, template: &'t Template) -> Cow<'t, [u8]> {
    match template.constant() {
        Some(text) => Cow::Borrowed(text),
        None => {
            let mut out = Vec::new();
            write(request, template, &mut out);
            Cow::Owned(out)
        }
    }
}

/// Whether a text counts as true: neither empty nor `0`.
pub fn is_true(text: &[u8]) -> bool {
    !text.is_empty() && text != b"0"
}

/// Whether a text matches a pattern. If so, the request keeps what its groups caught, and named groups become variables.
pub fn matches(request: &Request, regex: &Regex, subject: &[u8]) -> bool {
    if !regex.is_match(subject) {
        return false;
    }
    if regex.groups == 0 {
        request.captures.borrow_mut().clear();
        return true;
    }
    // The place for groups is made anew each time: dear for a pattern that is only tried.
    let mut locations = regex.compiled.capture_locations();
    if !matches!(regex.compiled.captures_read(&mut locations, subject), Ok(Some(_))) {
        return false;
    }
    let mut captures = request.captures.borrow_mut();
    captures.subject.clear();
    captures.subject.extend_from_slice(subject);
    captures.groups.clear();
    captures.groups.extend((1..=regex.groups).map(|group| locations.get(group).unwrap_or((0, 0))));
    drop(captures);
    for (variable, group) in &regex.named {
        let (start, end) = locations.get(*group).unwrap_or((0, 0));
        request.remember(*variable, Slot::Set(subject[start..end].to_vec()));
    }
    true
}
