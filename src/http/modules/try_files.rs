//! `try_files`: the first file that is there, or the last word (`ngx_http_try_files_module`).

use std::fs::Metadata;

use crate::http::open_file::{self, Fault};
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{evaluate, map_uri, redirect};
use crate::ir::http::core::Alias;
use crate::ir::http::try_files::Otherwise;
use crate::log::error_log::Level;

/// What stands between two quoted texts of a line in the log.
const QUOTED: &[u8] = b"\" \"";

/// Looks for the candidates in order.
pub fn handle(request: &mut Request) -> Verdict {
    let Some(settings) = request.location.try_files.clone() else { return Verdict::Declined };
    if !map_uri::fits_alias(request) {
        return Verdict::Finish(500);
    }
    let root = map_uri::document_root(request);
    let alias = request.location.settings.core.root.alias;
    for candidate in &settings.candidates {
        let name = evaluate::text(request, &candidate.name).into_owned();
        let skipped = if candidate.name.constant().is_none() { skipped(request, alias, &name) } else { 0 };
        let file = [&root, &name[skipped..]].concat();
        let what = if candidate.directory { "trying to use dir: " } else { "trying to use file: " };
        request.debug_parts(what, &[&name[skipped..], QUOTED, &file]);
        let Some(metadata) = metadata(request, &file) else { continue };
        if metadata.is_dir() != candidate.directory {
            continue;
        }
        take(request, &name[skipped..], candidate.directory, alias);
        return Verdict::Declined;
    }
    // To nginx the last word is a file too, until it is to be looked for.
    let show = |request: &Request, word: &[u8]| {
        request.debug_parts("trying to use file: ", &[word, QUOTED, &root, word]);
    };
    match &settings.otherwise {
        Otherwise::Status(status) => {
            request.debug(|line| {
                let root = String::from_utf8_lossy(&root);
                line.push_display(format_args!("trying to use file: \"={status}\" \"{root}={status}\""));
            });
            if *status < 300 && !matches!(status, 201 | 204) {
                // nginx has no page for it and sends nothing at all.
                request.finished = true;
                return Verdict::Done;
            }
            Verdict::Finish(*status)
        }
        Otherwise::Named(name) => {
            let name = evaluate::text(request, name).into_owned();
            show(request, &name);
            redirect::named_location(request, &name)
        }
        Otherwise::Uri(uri) => {
            let uri = evaluate::text(request, uri).into_owned();
            show(request, &uri);
            redirect::redirect_to_target(request, &uri)
        }
    }
}

/// What is known of a file that is there.
fn metadata(request: &Request, file: &[u8]) -> Option<Metadata> {
    match open_file::metadata(request, file) {
        Ok(metadata) => Some(metadata),
        Err(Fault { call, error }) => {
            if !open_file::is_missing(&error) {
                let file = String::from_utf8_lossy(file);
                request.log_error(Level::Crit, &error, format_args!("{call} \"{file}\" failed"));
            }
            None
        }
    }
}

/// With `alias`, a name made of the path loses what stands for the alias.
fn skipped(request: &Request, alias: Option<Alias>, name: &[u8]) -> usize {
    match alias {
        Some(Alias::Prefix(length)) if request.uri.get(..length).is_some_and(|begin| name.starts_with(begin)) => length,
        _ => 0,
    }
}

fn take(request: &mut Request, name: &[u8], directory: bool, alias: Option<Alias>) {
    match alias {
        None => request.set_uri(name),
        Some(Alias::Whole) if directory => {}
        Some(Alias::Whole) => {
            request.set_uri(name);
            request.adds_uri_to_alias = true;
        }
        Some(Alias::Prefix(length)) => {
            let uri = [&request.uri[..length.min(request.uri.len())], name].concat();
            request.set_uri(&uri);
        }
    }
}
