//! `gzip_static`: the file beside the file, compressed beforehand (`ngx_http_gzip_static_module`).

use super::static_files;
use crate::http::filters::gzip;
use crate::http::map_uri::map_uri_to_path;
use crate::http::open_file::{self, Fault};
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, rewrite};
use crate::ir::http::gzip_static::Mode;
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// Sends `FILE.gz` in the place of `FILE`.
pub async fn handle(request: &mut Request) -> Verdict {
    let mode = request.location.settings.gzip_static.mode;
    let is_read = matches!(request.method, Method::Get | Method::Head);
    if mode == Mode::Off || !is_read || request.uri.last() == Some(&b'/') {
        return Verdict::Declined;
    }
    let wanted = mode == Mode::Always || gzip::is_wanted(request);
    if !wanted && !request.location.settings.core.gzip_vary {
        return Verdict::Declined;
    }
    let mut name = map_uri_to_path(request).path;
    name.extend_from_slice(b".gz");
    let (file, metadata) = match open_file::open(request, &name) {
        Ok(opened) => opened,
        Err(Fault { call, error }) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let shown = String::from_utf8_lossy(&name);
            request.log_error(Level::Error, &error, format_args!("{call} \"{shown}\" failed"));
            return Verdict::Declined;
        }
        Err(_) => return Verdict::Declined,
    };
    if mode == Mode::On {
        // The answer depends on what the client takes, whatever this one takes.
        request.response.gzip_vary = true;
        if !wanted {
            return Verdict::Declined;
        }
    }
    if !metadata.is_file() {
        return Verdict::Declined;
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    request.action = "sending response to client";
    request.response.content_type = Some(rewrite::content_type(request));
    static_files::send(request, &file, &metadata, Some(b"gzip")).await
}
