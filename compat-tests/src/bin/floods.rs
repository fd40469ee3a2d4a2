//! Floods of HTTP/2 beside the original: `cargo run --release -p compat-tests --bin floods [part of a name]`.
//!
//! Each is played with a server of its own, and shows how the connection ended, how much the worker grew and what time it took.
//! It fails where evenkeel ends a connection otherwise than the original, or pays more for it. nginx has to know `http2 on`
//! (`NGINX_ORIGINAL`).

use std::env;
use std::process::ExitCode;

use compat_tests::floods::{FLOODS, Seen};
use compat_tests::{reference, subject};

/// What a worker may grow by, as the originals do at most.
const MOST_KILOBYTES: u64 = 16 * 1024;
/// What the clock of a process and the machine's other work may add.
const CPU_SLACK_MS: u64 = 100;

fn main() -> Result<ExitCode, String> {
    let part = env::args().nth(1).unwrap_or_default();
    let (original, ours) = (reference::originals()?.nginx, subject::ours()?.nginx);
    println!("{:<20} {:>16} {:>16} {:>20} {:>16}", "", "GOAWAY", "RST_STREAM", "grown by, KB", "CPU, ms");
    let mut faults = 0;
    for flood in FLOODS.iter().filter(|flood| flood.name.contains(&part)) {
        let (theirs, own) = (flood.play(&original)?, flood.play(&ours)?);
        let fault = fault(theirs, own);
        println!(
            "{:<20} {:>16} {:>16} {:>20} {:>16} {}",
            flood.name,
            format!("{} {}", code(theirs), code(own)),
            format!("{} {}", theirs.resets, own.resets),
            format!("{} {}", theirs.grown_kilobytes, own.grown_kilobytes),
            format!("{} {}", theirs.cpu_ms, own.cpu_ms),
            fault.unwrap_or_default(),
        );
        faults += usize::from(fault.is_some());
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn code(seen: Seen) -> String {
    seen.code.map_or_else(|| "-".to_owned(), |code| code.to_string())
}

fn fault(theirs: Seen, own: Seen) -> Option<&'static str> {
    // A reset of the connection may overtake what the original said last.
    if theirs.code.is_some() && own.code != theirs.code {
        return Some("ends otherwise");
    }
    if own.grown_kilobytes > MOST_KILOBYTES.max(theirs.grown_kilobytes) {
        return Some("grows");
    }
    // What is built for tests is not built to be fast.
    let is_release = !cfg!(debug_assertions);
    (is_release && own.cpu_ms > theirs.cpu_ms * 3 / 2 + CPU_SLACK_MS).then_some("is slow")
}
