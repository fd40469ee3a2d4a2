//! What is sent for a status: an `error_page`, or nginx's own page byte for byte.

use std::rc::Rc;

use super::message::response::ContentType;
use super::product::{NAME_AND_BUILD, NAME_AND_VERSION};
use super::request::{HTTP_10, Request};
use super::verdict::Verdict;
use super::{body_reader, evaluate, filters, redirect, status};
use crate::ir::http::core::{Core, ErrorPage, Overwrite, ServerTokens};
use crate::wire::http1::request_line::Method;

/// Keeps Internet Explorer and Chrome from showing pages of their own for short answers.
const PADDING: &str = "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";

/// Answers with a status (`ngx_http_special_response_handler`).
pub async fn special_response(request: &mut Request, status: u16) -> Verdict {
    request.error_status = status;
    if matches!(status, 400 | 413 | 414 | 495 | 496 | 497 | 500 | 501) {
        request.keepalive = false;
    }
    if matches!(status, 400 | 495 | 496 | 497) {
        request.lingering_close = false;
    }
    request.response.content_type = None;
    let core = Rc::clone(&request.location.settings.core);
    if !request.error_page_taken && request.uri_changes_left != 0 && !core.error_pages.is_empty() {
        request.error_page_taken = !core.recursive_error_pages;
        if let Some(page) = core.error_pages.iter().find(|page| page.status == status) {
            return send_error_page(request, page).await;
        }
    }
    request.expect_tested = true;
    discard_body(request);
    if core.msie_refresh && request.browser().msie && matches!(status, 301 | 302) {
        return refresh(request).await;
    }
    if matches!(status, 494..=497) {
        request.error_status = 400;
    }
    send_page(request, &core, status).await
}

async fn send_error_page(request: &mut Request, page: &ErrorPage) -> Verdict {
    match page.overwrite {
        Overwrite::Keep => {}
        Overwrite::FromPage => request.error_status = 0,
        Overwrite::Status(status) => request.error_status = status,
    }
    if !matches!(page.overwrite, Overwrite::FromPage | Overwrite::Status(200)) {
        request.expect_tested = true;
    }
    let target = evaluate::text(request, &page.target).into_owned();
    match target.first() {
        Some(b'/') => {
            if request.method != Method::Head {
                request.method = Method::Get;
                request.method_name = Some(b"GET".into());
            }
            match (&page.arguments, page.target.constant()) {
                (Some(arguments), _) => redirect::internal_redirect(request, &target, arguments.as_bytes()),
                (None, Some(_)) => {
                    request.has_args = false;
                    redirect::internal_redirect(request, &target, b"")
                }
                (None, None) => redirect::redirect_to_target(request, &target),
            }
        }
        Some(b'@') => redirect::named_location(request, &target),
        _ => {
            request.expect_tested = true;
            discard_body(request);
            request.response.set_location(&target);
            if !matches!(request.error_status, 301 | 302 | 303 | 307 | 308)
                || !matches!(page.overwrite, Overwrite::Status(_))
            {
                request.error_status = 302;
            }
            let core = Rc::clone(&request.location.settings.core);
            if core.msie_refresh && request.browser().msie {
                return refresh(request).await;
            }
            send_page(request, &core, request.error_status).await
        }
    }
}

/// The body is not needed for a page; behind a faulty one no further request is looked for.
fn discard_body(request: &mut Request) {
    if body_reader::discard(request).is_err() {
        request.keepalive = false;
    }
}

async fn send_page(request: &mut Request, core: &Core, status: u16) -> Verdict {
    let mut page = Vec::new();
    if let Some(heading) = status::page_heading(status) {
        write_page(status, heading, core.server_tokens, &mut page);
        let browser = request.browser();
        if core.msie_padding && (browser.msie || browser.chrome) && request.version >= HTTP_10 && status >= 400 {
            (0..6).for_each(|_| page.extend_from_slice(PADDING.as_bytes()));
        }
        request.response.content_type = Some(ContentType::Static(b"text/html"));
    }
    clear_headers(request);
    filters::order::answer(request, &page).await
}

/// Forgets what a handler said about a body that is not sent.
fn clear_headers(request: &mut Request) {
    request.response.clear_accept_ranges();
    request.response.clear_last_modified();
    request.response.headers.remove(b"ETag");
}

fn write_page(status: u16, heading: &str, tokens: ServerTokens, out: &mut Vec<u8>) {
    let detail = status::page_detail(status);
    let title = detail.map_or_else(|| heading.to_owned(), |detail| format!("400 {detail}"));
    let name = match tokens {
        ServerTokens::On => NAME_AND_VERSION,
        ServerTokens::Off => "nginx",
        ServerTokens::Build => NAME_AND_BUILD,
    };
    let detail = detail.map(|detail| format!("<center>{detail}</center>\r\n")).unwrap_or_default();
    let text = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n{detail}\
         <hr><center>{name}</center>\r\n</body>\r\n</html>\r\n"
    );
    out.extend_from_slice(text.as_bytes());
}

/// `msie_refresh`: a page that moves on by itself.
async fn refresh(request: &mut Request) -> Verdict {
    use crate::primitives::escape::{self, Escape};
    let mut page = b"<html><head><meta http-equiv=\"Refresh\" content=\"0; URL=".to_vec();
    let location = request.response.headers.find(b"Location").unwrap_or_default();
    escape::write(location, Escape::Refresh, &mut page);
    page.extend_from_slice(b"\"></head><body></body></html>\r\n");
    request.error_status = 200;
    request.response.content_type = Some(ContentType::Static(b"text/html"));
    request.response.headers.remove(b"Location");
    request.response.redirect = false;
    clear_headers(request);
    filters::order::answer(request, &page).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_nginx_s_byte_for_byte() {
        let mut page = Vec::new();
        write_page(404, "404 Not Found", ServerTokens::Off, &mut page);
        insta::assert_snapshot!(String::from_utf8_lossy(&page).replace("\r\n", "|\n"), @r"
        <html>|
        <head><title>404 Not Found</title></head>|
        <body>|
        <center><h1>404 Not Found</h1></center>|
        <hr><center>nginx</center>|
        </body>|
        </html>|
        ");
        assert_eq!(page.len() + "/1.22.1".len(), 153);
    }
}
