//! The program: which personality to take is decided by the name it is called by.

use std::env;
use std::process::ExitCode;

use evenkeel::cli;
use evenkeel::sys::credentials;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    credentials::keep_to_own_name_services();
    let mut words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let name = words.first().map_or("", |word| base_name(word)).to_owned();
    // `evenkeel nginx …` is `nginx …`, and says a little more.
    if name != "nginx" && words.get(1).is_some_and(|word| word == "nginx") {
        words.remove(0);
        return cli::nginx::run(words, true);
    }
    if name != "keepalived" && words.get(1).is_some_and(|word| word == "keepalived") {
        words.remove(0);
        return cli::keepalived::run(words, true);
    }
    match name.as_str() {
        "nginx" => cli::nginx::run(words, false),
        "keepalived" => cli::keepalived::run(words, false),
        "genhash" => cli::genhash::run(&words),
        _ => cli::evenkeel::run(words),
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
