//! nginx's public test suite against evenkeel, where `NGINX_TESTS` says that it lies.
//!
//! The suite is not part of this repository: `hg clone https://hg.nginx.org/nginx-tests` or its mirror on GitHub. The files
//! that must pass stand in `foreign/nginx-tests.txt`. `NGINX_TESTS_ALL=1` runs all others too and prints which could be added.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use compat_tests::program::Program;
use compat_tests::scratch::Scratch;
use compat_tests::subject;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(3));
    let Some(suite) = env::var_os("NGINX_TESTS").map(PathBuf::from) else {
        println!("NGINX_TESTS does not say where nginx's test suite lies: it is not run");
        return Ok(libtest_mimic::run(&arguments, Vec::new()).exit_code());
    };
    let ours = Arc::new(subject::ours()?);
    let listed = listed()?;
    let files = if env::var_os("NGINX_TESTS_ALL").is_some() { all(&suite)? } else { listed.clone() };
    let trials = files.into_iter().map(|file| {
        let (ours, suite) = (Arc::clone(&ours), suite.clone());
        let is_listed = listed.contains(&file);
        Trial::test(file.clone(), move || match (run(&file, &suite, &ours), is_listed) {
            (Ok(Outcome::Passed), false) => {
                println!("passes and is not listed: {file}");
                Ok(())
            }
            (Err(text), true) => Err(Failed::from(text)),
            (Ok(Outcome::Skipped), true) => Err(Failed::from("it is skipped: -V does not name what it needs")),
            _ => Ok(()),
        })
    });
    Ok(libtest_mimic::run(&arguments, trials.collect()).exit_code())
}

fn listed() -> Result<Vec<String>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/nginx-tests.txt");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect())
}

fn all(suite: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(suite).map_err(|error| format!("{}: {error}", suite.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".t")).collect();
    names.sort();
    Ok(names)
}

enum Outcome {
    Passed,
    Skipped,
}

/// Runs one file in a network of its own, since the suite always takes the same ports.
fn run(file: &str, suite: &Path, ours: &Program) -> Result<Outcome, String> {
    let scratch = Scratch::new()?;
    let script = format!("ip link set lo up && cd '{}' && exec timeout 60 perl {file}", suite.display());
    let mut command = Command::new("unshare");
    command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", &script]);
    command.env("TEST_NGINX_BINARY", &ours.nginx).env("TEST_NGINX_GLOBALS", "user root;");
    command.env("TMPDIR", scratch.path()).env("PERL5LIB", suite.join("lib")).env("LC_ALL", "C").stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("unshare: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.lines().any(|line| line.starts_with("1..0")) {
        return Ok(Outcome::Skipped);
    }
    let planned = text.lines().find_map(|line| line.strip_prefix("1..")?.split(' ').next()?.parse::<usize>().ok());
    let passed = text.lines().filter(|line| line.starts_with("ok ")).count();
    let is_failure = |line: &&str| line.starts_with("not ok ") && !line.contains("# TODO");
    let failed: Vec<&str> = text.lines().filter(is_failure).collect();
    let expected_failures = text.lines().filter(|line| line.starts_with("not ok ")).count() - failed.len();
    if output.status.success() && failed.is_empty() && planned == Some(passed + expected_failures) {
        return Ok(Outcome::Passed);
    }
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{passed} of {planned:?} passed\n{}\n{complaints}", failed.join("\n")))
}
