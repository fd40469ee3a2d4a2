//! `random_index`: any file of a directory stands for it (`ngx_http_random_index_module`).

use std::io;
use std::os::unix::ffi::OsStrExt;

use crate::http::map_uri::{map_uri_to_path, path};
use crate::http::redirect;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// Chooses a file; the request goes on with its path.
pub fn handle(request: &mut Request) -> Verdict {
    let is_read = matches!(request.method, Method::Get | Method::Head | Method::Post);
    if !request.location.settings.random_index.enabled || request.uri.last() != Some(&b'/') || !is_read {
        return Verdict::Declined;
    }
    let directory = map_uri_to_path(request).path;
    let directory = directory.strip_suffix(b"/").unwrap_or(&directory);
    let names = match file_names(directory) {
        Ok(names) => names,
        Err(error) => return refuse(request, directory, &error),
    };
    if names.is_empty() {
        return Verdict::Declined;
    }
    let random = u64::from(request.connection.engine.upstreams.random());
    let chosen = &names[((random * names.len() as u64) >> 32) as usize];
    let uri = [&request.uri[..], chosen].concat();
    let args = request.args.clone();
    redirect::internal_redirect(request, &uri, &args)
}

fn file_names(directory: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path(directory))? {
        let entry = entry?;
        let name = entry.file_name();
        // A link counts as what it leads to.
        let is_file = || std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file());
        if !name.as_bytes().starts_with(b".") && is_file() {
            names.push(name.as_bytes().to_vec());
        }
    }
    Ok(names)
}

fn refuse(request: &Request, directory: &[u8], error: &io::Error) -> Verdict {
    use nix::errno::Errno;
    let (level, status) = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG) => (Level::Error, 404),
        Some(Errno::EACCES) => (Level::Error, 403),
        _ => (Level::Crit, 500),
    };
    request.log_error(level, error, format_args!("opendir() \"{}\" failed", String::from_utf8_lossy(directory)));
    Verdict::Finish(status)
}
