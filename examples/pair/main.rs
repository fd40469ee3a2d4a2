//! Two load balancers and the address they share, on this machine: `cargo run --example pair`.
//!
//! Each node has its own network, processes and `/etc`, with the files of the folder `a` or `b` where they would be on a
//! real machine, and runs `nginx` and `keepalived`, which are evenkeel called by these names. A client asks the shared
//! address all the time. The proxy on a is killed and brought back; the address follows. Everything vanishes with this
//! program, however it ends: the namespaces live no longer than the shells inside them, and these no longer than their input.

mod backends;
mod client;
mod lab;
mod node;
mod screen;
mod story;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        // The parts of the play that run inside a namespace are this same program.
        ["backends", ref addresses @ ..] => backends::serve(addresses),
        ["client", address] => client::ask_forever(address),
        ["loopback"] => programs().and_then(|programs| story::on_loopback(&programs)),
        [] => programs().and_then(|programs| match lab::obstacle() {
            None => story::with_two_nodes(&programs),
            Some(reason) => {
                println!("{reason}: no nodes and no shared address this time, the proxy alone on 127.0.0.1.");
                story::on_loopback(&programs)
            }
        }),
        _ => Err("usage: pair [loopback]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("pair: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// A folder that holds `nginx` and `keepalived`: evenkeel by both names, or what `PAIR_PROGRAMS` names.
fn programs() -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os("PAIR_PROGRAMS") {
        return Ok(PathBuf::from(folder));
    }
    let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        // The example is built already; named again, it keeps cargo to the same features and to what is compiled.
        .args(["build", "--bin", "evenkeel", "--example", "pair"])
        .args(profile)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("evenkeel does not build".to_owned());
    }
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).ok_or("this program lies in no target directory")?;
    let folder = target.join("pair-programs");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for name in ["nginx", "keepalived"] {
        link(&target.join("evenkeel"), &folder.join(name))?;
    }
    Ok(folder)
}

fn link(to: &Path, from: &Path) -> Result<(), String> {
    if std::fs::read_link(from).is_ok_and(|present| present == to) {
        return Ok(());
    }
    let _ = std::fs::remove_file(from);
    std::os::unix::fs::symlink(to, from).map_err(|error| format!("{}: {error}", from.display()))
}
