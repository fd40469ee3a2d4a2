//! The README's first command, played to its end: two nodes, one address, a proxy that dies and comes back.
//!
//! With the originals in evenkeel's place it shows that the files of `examples/pair` are what they should be.

use std::env;
use std::path::Path;
use std::process::Command;

/// Plays it and gives what it printed; the error is that, too, if anything is not as it has to be.
fn play(programs: Option<&Path>, arguments: &[&str]) -> Result<String, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "evenkeel", "--example", "pair", "--"]).args(arguments);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(folder) = programs {
        cargo.env("PAIR_PROGRAMS", folder);
    }
    let output = cargo.output().expect("cargo can be run");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(printed),
        false => Err(format!("{printed}\n{}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Plays it a second time if the first did not come to its end: two nodes that start in the same moment may both be master
/// for an advert, and the client then asks the wrong one until the next announcement, five seconds later.
fn play_pair(programs: Option<&Path>) {
    let played = play(programs, &[]).or_else(|_| play(programs, &[]));
    let printed = played.unwrap_or_else(|printed| panic!("{printed}"));
    assert!(printed.contains(" done: "), "{printed}");
}

#[test]
fn the_originals_play_it_with_the_same_files() {
    play_pair(Some(Path::new("/usr/sbin")));
}

#[test]
fn evenkeel_plays_it() {
    play_pair(None);
}

#[test]
fn evenkeel_plays_the_proxy_alone() {
    let printed = play(None, &["loopback"]).unwrap_or_else(|printed| panic!("{printed}"));
    assert!(printed.contains(" done: requests were spread"), "{printed}");
}
