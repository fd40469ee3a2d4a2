//! Keys that are named as OpenSSL names its stores (`store:…`): those in files are read, and of all others OpenSSL's words are said.

use std::io;

use super::tls_fault::{self, TlsFault};
use crate::ir::value::Text;

/// What stands in front of the name of a store.
pub const PREFIX: &[u8] = b"store:";

/// The first line of OpenSSL's, which is there whenever another one follows.
const NO_ENGINE: &str = "error:16000069:STORE routines::unregistered scheme:scheme=";

/// The file that a store's name means; with an error, why there is none.
pub fn read(name: &[u8], read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> Result<Vec<u8>, String> {
    let failed = |lines: String| Err(format!("OSSL_STORE_open() failed (SSL: {lines})"));
    let scheme = scheme(name).filter(|scheme| !scheme.eq_ignore_ascii_case(b"file"));
    let mut lines = String::new();
    if scheme.is_none_or(|scheme| !name[scheme.len()..].starts_with(b"://")) {
        lines = format!("{NO_ENGINE}file");
        let (is_uri_path, absolute) = match places(name) {
            Some(places) => places,
            None => return failed(format!("{lines} error:1C8000DF:Provider routines::uri authority unsupported")),
        };
        let absolute = absolute.map(|path| (path, true));
        for (path, is_absolute) in is_uri_path.then_some((name, false)).into_iter().chain(absolute) {
            let path = Text::from(path);
            if is_absolute && !path.starts_with(b"/") {
                return failed(format!(
                    "{lines} error:1C8000DB:Provider routines::path must be absolute:Given path={path}"
                ));
            }
            match read(&path) {
                Ok(file) => return Ok(file),
                Err(fault) if fault.kind() == io::ErrorKind::IsADirectory => return Ok(Vec::new()),
                Err(fault) => lines = format!("{lines} {}", tls_fault::system(&fault, format_args!("stat({path})"))),
            }
        }
    }
    let Some(scheme) = scheme.map(String::from_utf8_lossy) else { return failed(lines) };
    let separator = if lines.is_empty() { "" } else { " " };
    failed(format!(
        "{lines}{separator}{NO_ENGINE}{scheme} error:1608010C:STORE routines::unsupported:No store loader found. For standard \
         store loaders you need at least one of the default or base providers available. Did you forget to load them? Info: Global \
         default library context, Scheme ({scheme} : 0), Properties (<null>)"
    ))
}

fn scheme(name: &[u8]) -> Option<&[u8]> {
    name.iter().position(|byte| *byte == b':').map(|colon| &name[..colon])
}

/// Whether the name may be a path itself, and the path behind `file:`; nothing, if that names another machine.
fn places(name: &[u8]) -> Option<(bool, Option<&[u8]>)> {
    let Some(path) = name.split_at_checked(5).filter(|(start, _)| start.eq_ignore_ascii_case(b"file:")) else {
        return Some((true, None));
    };
    match path.1.strip_prefix(b"//") {
        None => Some((true, Some(path.1))),
        Some(rest) if rest.starts_with(b"/") => Some((false, Some(rest))),
        Some(rest) => {
            let host = rest.split_at_checked(10).filter(|(host, _)| host.eq_ignore_ascii_case(b"localhost/"))?;
            Some((false, Some(&rest[host.0.len() - 1..])))
        }
    }
}

/// Why a file of a store gives no key.
pub fn reason(fault: &TlsFault) -> String {
    const NOT_ASKED: &str =
        "error:07880106:common libcrypto routines::passed invalid argument:No password method specified";
    const UNSUPPORTED: &str = "error:1608010C:STORE routines::unsupported";
    const DECRYPT: &str = "error:1C800064:Provider routines::bad decrypt";
    let lines = match fault {
        TlsFault::NoPassword(_, false) => {
            format!("{UNSUPPORTED} {NOT_ASKED} error:1C80009F:Provider routines::unable to get passphrase")
        }
        TlsFault::NoPassword(_, true) => format!("{NOT_ASKED} error:04800068:PEM routines::bad password read"),
        TlsFault::WrongPassword(_, false) => format!(
            "{UNSUPPORTED} {DECRYPT} error:11800074:PKCS12 routines::pkcs12 cipherfinal error:maybe wrong password"
        ),
        TlsFault::WrongPassword(_, true) => format!("{DECRYPT} error:04800065:PEM routines::bad decrypt"),
        _ => return "OSSL_STORE_load() failed".to_owned(),
    };
    format!("OSSL_STORE_load() failed (SSL: {lines})")
}
