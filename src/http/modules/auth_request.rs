//! `auth_request`: another location decides whether a request may pass (`ngx_http_auth_request_module`).

use std::rc::Rc;

use crate::http::request::{Request, Sink};
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, Verdict};
use crate::http::{evaluate, subrequest, variables};
use crate::log::error_log::Level;

/// Asks, and passes, refuses or fails by the status of the answer.
pub async fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.auth_request);
    let Some(uri) = &settings.uri else { return Verdict::Declined };
    let mut inner = subrequest::beside(request, uri, &[], Sink::Discard);
    inner.header_only = true;
    Box::pin(subrequest::run(&mut inner)).await;
    let values: Vec<_> =
        settings.variables.iter().map(|(id, value)| (*id, evaluate::text(&inner, value).into_owned())).collect();
    // One connection has one of them in nginx.
    request.action = inner.action;
    for (id, value) in values {
        variables::set(request, id, &value);
    }
    if inner.client_gone && matches!(inner.response.status, CLIENT_CLOSED_REQUEST | 408) {
        return Verdict::Finish(inner.response.status);
    }
    match inner.response.status {
        200..300 => Verdict::Passed,
        403 => Verdict::Finish(403),
        401 => {
            for (name, value) in inner.response.headers.iter() {
                if name.eq_ignore_ascii_case(b"WWW-Authenticate") {
                    request.response.headers.push(b"WWW-Authenticate", value);
                }
            }
            Verdict::Finish(401)
        }
        status => {
            request.log(Level::Error, format_args!("auth request unexpected status: {status}"));
            Verdict::Finish(500)
        }
    }
}
