//! `stub_status`: counters as a short text (`ngx_http_stub_status_module`).

use crate::http::message::response::ContentType;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, filters};
use crate::wire::http1::request_line::Method;

/// Sends the counters of all workers.
pub async fn handle(request: &mut Request) -> Verdict {
    if !matches!(request.method, Method::Get | Method::Head) {
        return Verdict::Finish(405);
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    let counters = &request.connection.engine.counters;
    let text = format!(
        "Active connections: {} \nserver accepts handled requests\n {} {} {} \nReading: {} Writing: {} Waiting: {} \n",
        counters.active.get(),
        counters.accepted.get(),
        counters.handled.get(),
        counters.requests.get(),
        counters.reading.get(),
        counters.writing.get(),
        counters.waiting.get(),
    );
    request.response.status = 200;
    request.response.content_type = Some(ContentType::Static(b"text/plain"));
    filters::order::answer(request, text.as_bytes()).await
}
