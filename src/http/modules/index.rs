//! `index`: the files that stand for a directory (`ngx_http_index_module`).

use std::io;
use std::rc::Rc;

use crate::http::map_uri::map_uri_to_path;
use crate::http::open_file::{self, Fault};
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{evaluate, redirect};
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// Looks for the first index file that is there; the request goes on with its path.
pub fn handle(request: &mut Request) -> Verdict {
    if request.uri.last() != Some(&b'/') || !matches!(request.method, Method::Get | Method::Head | Method::Post) {
        return Verdict::Declined;
    }
    let settings = Rc::clone(&request.location.settings.index);
    let mut directory_checked = false;
    let mut name = map_uri_to_path(request).path;
    let directory_length = name.len();
    for template in settings.files.iter() {
        let file = evaluate::text(request, template);
        if file.first() == Some(&b'/') {
            let args = request.args.clone();
            return redirect::internal_redirect(request, &file, &args);
        }
        name.truncate(directory_length);
        name.extend_from_slice(&file);
        request.debug_value("open index ", &name);
        match open_file::metadata(request, &name) {
            Ok(_) => {
                let mut uri = request.uri.clone();
                uri.extend_from_slice(&file);
                let args = request.args.clone();
                return redirect::internal_redirect(request, &uri, &args);
            }
            Err(Fault { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                if !directory_checked {
                    directory_checked = true;
                    if let Some(verdict) = test_directory(request, &name[..directory_length], &name) {
                        return verdict;
                    }
                }
            }
            Err(fault) => return fail(request, &name, &fault),
        }
    }
    Verdict::Declined
}

/// A directory that is not there has no index, and no listing either.
fn test_directory(request: &Request, name: &[u8], file: &[u8]) -> Option<Verdict> {
    let shown = name.strip_suffix(b"/").filter(|name| !name.is_empty()).unwrap_or(name);
    match open_file::metadata(request, shown).map_err(|fault| fault.error) {
        Ok(metadata) if metadata.is_dir() => None,
        Ok(_) => {
            request.log(Level::Alert, format_args!("\"{}\" is not a directory", String::from_utf8_lossy(shown)));
            Some(Verdict::Finish(500))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if request.location.settings.core.log_not_found {
                let text = format_args!("\"{}\" is not found", String::from_utf8_lossy(file));
                request.log_error(Level::Error, &error, text);
            }
            Some(Verdict::Finish(404))
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let text = format_args!("\"{}\" is forbidden", String::from_utf8_lossy(shown));
            request.log_error(Level::Error, &error, text);
            Some(Verdict::Finish(403))
        }
        Err(_) => None,
    }
}

fn fail(request: &Request, name: &[u8], Fault { call, error }: &Fault) -> Verdict {
    use nix::errno::Errno;
    if matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EMLINK | Errno::ELOOP)) {
        return Verdict::Finish(403);
    }
    let text = format!("{call} \"{}\" failed", String::from_utf8_lossy(name));
    if error.kind() == io::ErrorKind::PermissionDenied {
        let text = format!("\"{}\" is forbidden", String::from_utf8_lossy(name));
        request.log_error(Level::Error, error, text);
        return Verdict::Finish(403);
    }
    if matches!(error.kind(), io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename) {
        if request.location.settings.core.log_not_found {
            let text = format!("\"{}\" is not found", String::from_utf8_lossy(name));
            request.log_error(Level::Error, error, text);
        }
        return Verdict::Finish(404);
    }
    request.log_error(Level::Crit, error, text);
    Verdict::Finish(500)
}
