//! Makes an nginx.conf of 50 MB and measures `-t` of evenkeel and of the original: `cargo run --release -p compat-tests --bin large_conf`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use compat_tests::scratch::Scratch;
use compat_tests::{reference, subject};
use nix::sys::resource::{UsageWho, getrusage};

const SERVERS: usize = 10_000;
const LOCATIONS: usize = 5;
const MAP_ENTRIES: usize = 20_000;
/// Each program runs so often; the best time counts, since nothing can make a run faster than it is.
const ROUNDS: usize = 3;

fn main() -> Result<ExitCode, String> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["write", path] => fs::write(path, text()).map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string()),
        // One program a process: the kernel keeps the peak of all children together.
        ["one", program, file] => one(program, file),
        _ => Err("large_conf [write FILE]".to_owned()),
    }
}

/// The configuration: virtual servers as they stand in the files of a hosting company, and a map of redirects.
fn text() -> String {
    let mut out = String::with_capacity(52 << 20);
    let mut write = |arguments: std::fmt::Arguments<'_>| {
        out.write_fmt(arguments).expect("a String takes everything");
    };
    write(format_args!(
        "worker_processes 4;\npid nginx.pid;\nerror_log error.log;\nevents {{ worker_connections 1024; }}\n"
    ));
    write(format_args!("http {{\n    server_names_hash_max_size 65536;\n    map_hash_max_size 65536;\n"));
    write(format_args!("    map $uri $target {{\n        default \"\";\n"));
    for entry in 0..MAP_ENTRIES {
        let number = entry * 7919 % 1_000_003;
        write(format_args!("        /old/section-{number}/page-{entry}.html /new/{entry}/section-{number};\n"));
    }
    write(format_args!("    }}\n"));
    for server in 0..SERVERS {
        write(format_args!("    server {{\n        listen 127.0.0.1:8080;\n"));
        write(format_args!("        server_name site-{server}.example www.site-{server}.example;\n"));
        write(format_args!("        root /srv/www/site-{server}/public;\n"));
        write(format_args!("        if ($target) {{ return 301 $scheme://$host$target; }}\n"));
        for location in 0..LOCATIONS {
            write_location(&mut write, server, location);
        }
        write(format_args!("    }}\n"));
    }
    write(format_args!("}}\n"));
    out
}

fn write_location(write: &mut impl FnMut(std::fmt::Arguments<'_>), server: usize, location: usize) {
    write(format_args!("        location /application-{location}/ {{\n"));
    write(format_args!(
        "            # Section {location} of the site with the number {server}: see the list of applications.\n"
    ));
    write(format_args!("            proxy_pass http://127.0.0.{}:{}/;\n", 1 + server % 200, 9000 + location));
    for (name, value) in [
        ("Host", "$host"),
        ("X-Real-IP", "$remote_addr"),
        ("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
        ("X-Forwarded-Proto", "$scheme"),
        ("X-Request-Id", "$request_id"),
        ("Connection", "\"\""),
    ] {
        write(format_args!("            proxy_set_header {name} {value};\n"));
    }
    write(format_args!("            proxy_set_header X-Site \"site-{server}, application {location}\";\n"));
    write(format_args!("            proxy_http_version 1.1;\n            proxy_connect_timeout 5s;\n"));
    write(format_args!("            proxy_read_timeout {}s;\n            client_max_body_size 20m;\n", 30 + location));
    write(format_args!("            add_header Cache-Control \"public, max-age={}\";\n", 60 * (server % 60)));
    write(format_args!("            add_header X-Frame-Options SAMEORIGIN always;\n            expires 1h;\n"));
    write(format_args!("            error_page 502 503 504 /sorry-{location}.html;\n"));
    write(format_args!("            proxy_next_upstream error timeout http_502;\n"));
    write(format_args!("            gzip_types text/plain text/css application/json application/javascript;\n"));
    write(format_args!("        }}\n"));
}

fn compare() -> Result<ExitCode, String> {
    let scratch = Scratch::new()?;
    let text = text();
    scratch.write("nginx.conf", &text)?;
    let file = scratch.path().join("nginx.conf");
    println!("{} MB, {SERVERS} servers, {LOCATIONS} locations each, a map of {MAP_ENTRIES} entries", text.len() >> 20);
    let programs = [("nginx", reference::originals()?.nginx), ("evenkeel", subject::ours()?.nginx)];
    let mut best = [(f64::MAX, u64::MAX); 2];
    for _ in 0..ROUNDS {
        for ((_, program), best) in programs.iter().zip(&mut best) {
            let (seconds, peak_kib) = measure(program, &file)?;
            *best = (best.0.min(seconds), best.1.min(peak_kib));
        }
    }
    for ((name, _), (seconds, peak_kib)) in programs.iter().zip(best) {
        println!("{name:<10} -t {seconds:6.2} s, at most {} MiB", peak_kib >> 10);
    }
    let [theirs, ours] = best;
    Ok(if ours.0 <= theirs.0 && ours.1 <= theirs.1 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Seconds and peak memory of `-t`, by a process of its own.
fn measure(program: &Path, file: &Path) -> Result<(f64, u64), String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own).arg("one").args([program, file]).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers = text.trim().split_once(' ').and_then(|(time, peak)| Some((time.parse().ok()?, peak.parse().ok()?)));
    numbers.ok_or_else(|| format!("{}: {text}{}", program.display(), String::from_utf8_lossy(&output.stderr)))
}

fn one(program: &str, file: &str) -> Result<ExitCode, String> {
    let folder = Path::new(file).parent().ok_or("the file stands in a folder")?;
    let begin = Instant::now();
    let mut command = Command::new(program);
    command.args(["-t", "-q", "-e", "stderr", "-c", file, "-p"]).arg(folder).stdin(Stdio::null());
    let status = command.status().map_err(|error| format!("{program}: {error}"))?;
    let time: Duration = begin.elapsed();
    if !status.success() {
        return Err(format!("{program} -t: {status}"));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    println!("{} {}", time.as_secs_f64(), usage.max_rss());
    Ok(ExitCode::SUCCESS)
}
