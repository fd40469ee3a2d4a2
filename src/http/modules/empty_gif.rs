//! `empty_gif`: one transparent pixel (`ngx_http_empty_gif_module`).

use crate::http::message::response::ContentType;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, filters};
use crate::wire::http1::request_line::Method;

/// GIF89a of one pixel by one: two black colours, the first of them transparent (index 1 in the extension, as LZW draws it).
const PIXEL: [u8; 43] = [
    b'G', b'I', b'F', b'8', b'9', b'a', 1, 0, 1, 0, 0x80, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21, 0xf9, 4, 1, 0, 0, 1,
    0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0, 0x3b,
];

/// Sends the pixel.
pub async fn handle(request: &mut Request) -> Verdict {
    if !matches!(request.method, Method::Get | Method::Head) {
        return Verdict::Finish(405);
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    request.response.status = 200;
    request.response.last_modified = Some(23_349_600);
    request.response.content_type = Some(ContentType::Static(b"image/gif"));
    filters::order::answer(request, &PIXEL).await
}
