//! `charset`: which characters an answer's text has (`ngx_http_charset_filter_module`).

use std::rc::Rc;

use crate::http::evaluate;
use crate::http::message::response::ContentType;
use crate::http::request::Request;

/// Adds `charset=` to the content type.
pub fn head(request: &mut Request) {
    let settings = Rc::clone(&request.location.settings.charset);
    let (Some(charset), false) = (&settings.charset, request.is_subrequest) else { return };
    let response = &request.response;
    let Some(content_type) = &response.content_type else { return };
    let said = response.charset.is_some() || memchr::memchr(b';', content_type.as_bytes()).is_some();
    let refused = if said { !settings.override_charset } else { !settings.types.contains(&content_type.media_type()) };
    // nginx says no charset in a redirect: old browsers took it for that of the page they were sent to.
    if refused || matches!(response.status, 301 | 302) {
        return;
    }
    let charset = evaluate::text(request, charset).into_owned();
    if charset.is_empty() || charset == b"off" {
        return;
    }
    if said && let Some(content_type) = &request.response.content_type {
        request.response.content_type = Some(ContentType::from(content_type.media_type()));
    }
    request.response.charset = Some(charset);
}
