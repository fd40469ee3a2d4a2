//! evenkeel: one program in the place of nginx and keepalived.
//!
//! The layers, each importing only from those below it (`compat-tests/tests/house.rs` reads every `use`):
//!
//! | layer | folders | duty |
//! |---|---|---|
//! | 7 | `cli`, `process` | command lines, processes, signals |
//! | 6 | `http`, `vrrp_io`, `health_io` | the engines' input and output |
//! | 5 | `net`, `log` | sockets of every kind; the originals' log lines |
//! | 4 | `vrrp`, `bfd`, `balance` | pure protocol state: `(now, event)` gives actions |
//! | 3 | `ir` | the configuration as typed values, nothing opened |
//! | 2 | `conf`, `zone` | text to tree, both languages; tables that workers share |
//! | 1 | `primitives`, `wire`, `sys` | small values; bytes to values; the operating system |
//! | 0 | the `grammar` package | every directive, keyword and variable as data |

pub mod balance;
pub mod bfd;
pub mod cli;
pub mod conf;
pub mod health_io;
pub mod http;
pub mod ir;
pub mod log;
pub mod net;
pub mod primitives;
pub mod process;
pub mod sys;
pub mod vrrp;
pub mod vrrp_io;
pub mod wire;
pub mod zone;

use std::path::Path;

use conf::diagnostic::Diagnostic;
use ir::lower::lower;
use ir::reader::Environment;
use process::disk_files::DiskFiles;

/// Reads an nginx configuration and all that it includes, and gives it as values: inheritance and defaults resolved,
/// nothing opened or looked up, so that the same text gives the same values on every machine.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("evenkeel-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let file = folder.join("nginx.conf");
/// std::fs::write(&file, "events {} http { keepalive_timeout 30s; server { listen 8080; } }")?;
/// let nginx = evenkeel::parse_nginx(&file)?;
/// assert_eq!(nginx.http.map(|http| http.servers.len()), Some(1));
///
/// std::fs::write(&file, "events {} http { keepalive_timeout soon; }")?;
/// let fault = evenkeel::parse_nginx(&file).unwrap_err();
/// assert!(fault.to_string().starts_with("\"keepalive_timeout\" directive invalid value in "));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The values can be serialized, to compare them with a snapshot; `evenkeel parse` prints the same.
///
/// # Errors
///
/// The first fault, in nginx's words and with its place.
pub fn parse_nginx(file: impl AsRef<Path>) -> Result<ir::Nginx, Diagnostic> {
    let sources = conf::source::Sources::default();
    let file = file.as_ref().to_string_lossy();
    // Relative names begin where the file is.
    let conf_prefix = file.rfind('/').map_or(String::new(), |slash| file[..=slash].to_owned());
    let tree = conf::nginx::parse(&sources, &DiskFiles, &conf_prefix, b"", &file);
    lower(&tree, &Environment { conf_prefix, ..Environment::default() }).result
}

/// Reads a keepalived configuration with everything that it includes, and resolves its defaults.
///
/// Only files are opened. What the file names elsewhere, such as interfaces, users and scripts, is taken to exist, so
/// that a file can be looked at away from the machine that it is for.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("evenkeel-doc-k-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let file = folder.join("keepalived.conf");
/// let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 192.0.2.10\n }\n}\n";
/// std::fs::write(&file, text)?;
/// let keepalived = evenkeel::parse_keepalived(&file)?;
/// assert_eq!(keepalived.instances[0].priority, 100);
///
/// std::fs::write(&file, text.replace("51", "300"))?;
/// let fault = evenkeel::parse_keepalived(&file).unwrap_err();
/// assert!(fault.to_string().ends_with(": Line 3) number '300' outside range [1, 255]"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The first fault, in keepalived's words and with its place.
pub fn parse_keepalived(
    file: impl AsRef<Path>,
) -> Result<ir::keepalived::Keepalived, conf::keepalived::report::Report> {
    use conf::keepalived::report::Fault;
    let directory = std::env::current_dir().map(|path| path.to_string_lossy().into_owned());
    let options = ir::keepalived::read::Options {
        path: file.as_ref().to_string_lossy().into_owned(),
        directory: directory.unwrap_or_default(),
        testing: true,
        ..Default::default()
    };
    let machine = process::machine::Machine::default();
    let outcome = ir::keepalived::read::read(&machine, &ir::keepalived::system::AnyMachine, &options);
    let is_fault = |report: &conf::keepalived::report::Report| {
        // Whether scripts are safe is a question to the machine.
        !matches!(report.fault, Fault::LogOnly | Fault::Security) && !outcome.not_served.contains(report)
    };
    match outcome.reports.iter().find(|report| is_fault(report)) {
        None => Ok(outcome.keepalived),
        Some(report) => Err(report.clone()),
    }
}
