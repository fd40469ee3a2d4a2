//! Calls that are not made, or only in one place, each with its reason.

use regex_lite::Regex;

use crate::{known, report, sources};

struct Ban {
    pattern: &'static str,
    /// Paths that begin so may do it.
    allowed: &'static [&'static str],
    reason: &'static str,
}

const BANS: &[Ban] = &[
    Ban { pattern: r"\.unwrap\(\)", allowed: &[], reason: "`expect` with the invariant, or an error" },
    Ban { pattern: r"\bdbg!|\btodo!|\bunimplemented!", allowed: &[], reason: "unfinished work stays on its branch" },
    Ban { pattern: r"#\[ignore|#\[allow\(dead_code", allowed: &[], reason: "what does not run is deleted" },
    Ban {
        pattern: r"\bnom::",
        allowed: &["src/conf/"],
        reason: "parsers of configuration text live in conf; wire reads bytes by hand and resumes",
    },
    Ban { pattern: r"\bpnet_packet::", allowed: &["src/wire/"], reason: "packet types stay behind wire" },
    Ban { pattern: r"\blibc::", allowed: &["src/sys/"], reason: "what nix does not wrap is wrapped in sys" },
    Ban {
        pattern: r"\bhyper::|\bh2::",
        allowed: &["compat-tests/"],
        reason: "HTTP/2 is spoken by our own machines; a library may be a client in a test",
    },
    Ban {
        pattern: r"\bstd::sync::Arc\b",
        allowed: &["src/net/tls_", "src/sys/shared_words.rs"],
        reason: "a worker has one thread: Rc; only what rustls is given has to be an Arc",
    },
    Ban {
        pattern: r"\bstd::sync::(Mutex|RwLock)\b|\bsync::\{[^}]*(Mutex|RwLock)|\btokio::sync::Mutex",
        allowed: &[],
        reason: "a worker has one thread: Rc, Cell, RefCell; shared words live in zones",
    },
    Ban {
        pattern: r"\b(Instant|SystemTime)::now\b",
        allowed: &[
            "src/primitives/clock.rs",
            "src/sys/",
            "src/process/",
            "src/vrrp_io/",
            "src/cli/",
            "src/log/",
            "src/net/",
            "src/http/",
            "src/stream/",
        ],
        reason: "the clock is an argument; shells read it",
    },
    Ban {
        pattern: r"\bprocess::exit\b",
        allowed: &["src/main.rs", "src/cli/", "src/process/", "src/sys/"],
        reason: "only who owns the process ends it",
    },
    Ban {
        pattern: r"\be?print(ln)?!",
        allowed: &["src/main.rs", "src/cli/", "src/process/"],
        reason: "what users see is a value returned to the shell",
    },
    Ban { pattern: r"\bunsafe\b", allowed: &["src/sys/"], reason: "unsafe is in sys alone" },
];

#[test]
fn banned_calls_are_not_made() {
    let mut faults = Vec::new();
    for ban in BANS {
        let pattern = Regex::new(ban.pattern).expect("the pattern is well formed");
        for source in sources::product().filter(|source| !ban.allowed.iter().any(|path| source.path.starts_with(path)))
        {
            for (number, line) in source.code_lines().filter(|(_, line)| pattern.is_match(line)) {
                if !known::BANNED_CALLS.contains(&source.path.as_str()) {
                    faults.push(format!("{}:{number}: {} — {}", source.path, line.trim(), ban.reason));
                }
            }
        }
    }
    report("Banned calls", &faults);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut faults = Vec::new();
    for source in sources::product().filter(|source| source.path.starts_with("src/sys/")) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in source.code_lines() {
            let is_block = line.contains("unsafe {") || line.contains("unsafe impl");
            let above = &lines[number.saturating_sub(9)..number];
            if is_block && !above.iter().any(|line| line.contains("SAFETY:")) {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    report("An unsafe block has a comment // SAFETY: above it", &faults);
}

#[test]
fn every_file_says_what_it_is_for() {
    let faults: Vec<String> = sources::all()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| format!("{}: opens without //!", source.path))
        .collect();
    report("Every file opens with a sentence that says what it is for", &faults);
}
