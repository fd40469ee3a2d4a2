//! Every file in `examples` passes the test of both the original and evenkeel.

use std::fs;
use std::path::{Path, PathBuf};

use compat_tests::program::{self, Program};
use compat_tests::{reference, subject};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The nginx files, and the keepalived files.
fn files() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let entries = fs::read_dir(folder()).expect("the folder can be read").flatten().map(|entry| entry.path());
    let mut nginx: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "conf")).collect();
    nginx.sort();
    nginx.extend(["a", "b"].map(|node| folder().join("pair").join(node).join("nginx/nginx.conf")));
    let keepalived = ["a", "b"].map(|node| folder().join("pair").join(node).join("keepalived/keepalived.conf"));
    (nginx, keepalived.to_vec())
}

fn assert_nginx_passes(program: &Program) {
    for file in files().0 {
        let arguments = ["-t", "-c", &file.display().to_string()].map(str::to_owned);
        let (output, code) = program::run(&program.nginx, &arguments, Path::new("/")).expect("it can be run");
        assert_eq!(code, 0, "{output}");
    }
}

fn assert_keepalived_passes(program: &Program) {
    for file in files().1 {
        let (output, code) = test_keepalived(program, &file);
        // The script lies where the node has it, not on this machine.
        let faults = output.lines().filter(|line| !line.contains("Disabling track script")).collect::<Vec<_>>();
        assert!(code == 5 && faults.is_empty(), "{code} {output}");
    }
}

fn test_keepalived(program: &Program, file: &Path) -> (String, i32) {
    let arguments = ["-t", "-f", &file.display().to_string()].map(str::to_owned);
    program::run(&program.keepalived, &arguments, Path::new("/")).expect("it can be run")
}

#[test]
fn the_originals_take_every_example() {
    let originals = reference::originals().expect("the originals are installed");
    assert_nginx_passes(&originals);
    assert_keepalived_passes(&originals);
}

#[test]
fn evenkeel_takes_every_example() {
    let ours = subject::ours().expect("evenkeel builds");
    assert_nginx_passes(&ours);
    assert_keepalived_passes(&ours);
}
