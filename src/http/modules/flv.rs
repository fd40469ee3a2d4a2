//! `flv`: a film of Flash from where the client wants to see it (`ngx_http_flv_module`).

use super::static_files::{self, Part};
use crate::http::connection::request_head::decimal;
use crate::http::request::Request;
use crate::http::rewrite;
use crate::http::variables::family::argument;
use crate::http::verdict::Verdict;

/// The head of every such file: version 1, sound and picture, nine bytes long, and nothing before the first tag.
const HEADER: &[u8] = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";

/// Sends the file, or its head and what follows the byte `start`.
pub async fn handle(request: &mut Request) -> Verdict {
    let (file, metadata) = match static_files::open_for_reading(request) {
        Ok(opened) => opened,
        Err(verdict) => return verdict,
    };
    request.action = "sending flv to client";
    if request.response.content_type.is_none() {
        request.response.content_type = Some(rewrite::content_type(request));
    }
    let end = metadata.len();
    let start = argument(&request.args, b"start").and_then(decimal).filter(|start| *start < end).unwrap_or(0);
    let header = if start > 0 { HEADER } else { b"" };
    static_files::send_parts(request, &file, &metadata, &[Part::Bytes(header), Part::File(start, end)]).await
}
