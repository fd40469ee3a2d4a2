//! `echo_before_body`, `echo_after_body`: text around a body.

use std::rc::Rc;

use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::http::echo::{Echo, Line};

/// Decides whether there is such text.
pub fn head(request: &mut Request) -> Option<Rc<Echo>> {
    let settings = &request.location.settings.echo;
    if settings.before_body.is_empty() && settings.after_body.is_empty() {
        return None;
    }
    let settings = Rc::clone(settings);
    if !request.is_subrequest {
        request.contexts.echo_counter.get_or_insert_default();
    }
    request.response.content_length = None;
    request.response.clear_accept_ranges();
    Some(settings)
}

/// The words of a line as they are said.
pub fn text(request: &Request, line: &Line) -> Vec<u8> {
    let words: Vec<_> = line.words.iter().map(|word| evaluate::text(request, word)).collect();
    let mut text = words.join(&b' ');
    if line.ends_line {
        text.push(b'\n');
    }
    text
}
