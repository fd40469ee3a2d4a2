//! Heads with hints that a backend sends before its answer (`early_hints`, RFC 8297).

use std::rc::Rc;

use super::http2;
use crate::http::evaluate;
use crate::http::message::headers::HeaderList;
use crate::http::request::{HTTP_11, Request, Sink};
use crate::http::verdict::ClientGone;

/// Sends hints at once, if the location wants that and the client's version knows of them.
pub async fn send(request: &mut Request, hints: &HeaderList) -> Result<(), ClientGone> {
    let is_for_client = !request.is_subrequest && matches!(request.sink, Sink::Client);
    if !is_for_client || request.version < HTTP_11 || hints.is_empty() || !is_wanted(request) {
        return Ok(());
    }
    let connection = Rc::clone(&request.connection);
    if let Some(exchange) = connection.exchange() {
        return exchange.send_early_hints(&http2::of_stream(hints));
    }
    connection.gather(|out| {
        out.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
        for (name, value) in hints.iter() {
            out.extend_from_slice(&[name, b": ", value, b"\r\n"].concat());
        }
        out.extend_from_slice(b"\r\n");
    });
    request.flush().await
}

fn is_wanted(request: &Request) -> bool {
    let mut conditions = request.location.settings.core.early_hints.iter();
    conditions.any(|condition| evaluate::is_true(&evaluate::text(request, condition)))
}
