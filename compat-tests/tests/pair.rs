//! The README's first command, played to its end: two nodes, one address, a proxy that dies and comes back.
//!
//! With the originals in evenkeel's place it shows that the files of `examples/pair` are what they should be.

use std::env;
use std::path::Path;
use std::process::Command;

/// Plays it and gives what it printed; it ends with an error if anything is not as it has to be.
fn play(programs: Option<&Path>, arguments: &[&str]) -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "evenkeel", "--example", "pair", "--"]).args(arguments);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(folder) = programs {
        cargo.env("PAIR_PROGRAMS", folder);
    }
    let output = cargo.output().expect("cargo can be run");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn the_originals_play_it_with_the_same_files() {
    let printed = play(Some(Path::new("/usr/sbin")), &[]);
    assert!(printed.contains(" done: "), "{printed}");
}

#[test]
fn evenkeel_plays_it() {
    let printed = play(None, &[]);
    assert!(printed.contains(" done: "), "{printed}");
}

#[test]
fn evenkeel_plays_the_proxy_alone() {
    let printed = play(None, &["loopback"]);
    assert!(printed.contains(" done: requests were spread"), "{printed}");
}
