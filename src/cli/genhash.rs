//! keepalived's `genhash`: the digest of a page, for `digest` in `HTTP_GET`.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::health_io::genhash::{self, Piece, Protocol, Request};
use crate::process::start;

use super::keepalived_words::{Argument, Word, Words};

const USAGE: &str = include_str!("genhash_help.txt");

const OPTIONS: &[(Option<char>, &str, Argument)] = &[
    (Some('h'), "help", Argument::None),
    (Some('v'), "verbose", Argument::None),
    (Some('S'), "use-ssl", Argument::None),
    (Some('I'), "use-sni", Argument::None),
    (Some('s'), "server", Argument::Required),
    (Some('V'), "use-virtualhost", Argument::Required),
    (Some('p'), "port", Argument::Required),
    (Some('u'), "url", Argument::Required),
    (Some('m'), "fwmark", Argument::Required),
    (Some('P'), "protocol", Argument::Required),
    (Some('t'), "timeout", Argument::Required),
];

/// Runs genhash as the program of that name; the first word is its name.
pub fn run(words: &[String]) -> ExitCode {
    let (name, words) = words.split_first().map_or(("genhash", words), |(name, words)| (name.as_str(), words));
    answer(name, words, words.len() < 2)
}

/// Runs `keepalived --genhash`, with the words behind it.
pub(super) fn run_inside(name: &str, words: &[String]) -> ExitCode {
    answer(&format!("{name} --genhash"), words, words.is_empty())
}

/// `is_bare`: the original does not look at so few words.
fn answer(name: &str, words: &[String], is_bare: bool) -> ExitCode {
    start::take_name("genhash");
    let asked = if is_bare { Err(Vec::new()) } else { parse(words) };
    match asked {
        Ok(asked) => {
            // Whoever reads the output may be gone.
            let _ = asked.show(&mut io::stdout().lock());
            ExitCode::SUCCESS
        }
        Err(complaints) => {
            for complaint in complaints {
                eprintln!("{complaint}");
            }
            eprint!("Usage: {name} COMMAND [OPTIONS]\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

struct Asked {
    request: Request,
    is_verbose: bool,
}

/// Gives what is to be said instead, where the words are wrong; nothing, where one that is needed lacks.
fn parse(words: &[String]) -> Result<Asked, Vec<String>> {
    let mut request = Request {
        server: (Ipv4Addr::UNSPECIFIED, 0).into(),
        url: String::new(),
        virtual_host: None,
        protocol: Protocol::default(),
        tls: false,
        sends_name: false,
        mark: None,
        timeout: None,
    };
    let (mut is_verbose, mut is_wrong) = (false, false);
    let (mut complaints, mut strays, mut given) = (Vec::new(), Vec::new(), Vec::new());
    for word in Words::new(words, OPTIONS) {
        match word {
            Word::Unknown(shown) => complaints.push(format!("Unknown option {shown}")),
            Word::MissingParameter(shown) => complaints.push(format!("Missing parameter for option {shown}")),
            Word::Stray(word) => strays.push(word),
            Word::Option("help", _) => is_wrong = true,
            Word::Option("verbose", _) => is_verbose = true,
            Word::Option(name, value) => {
                given.push(name);
                if let Err(complaint) = set(&mut request, name, value.unwrap_or_default()) {
                    complaints.push(complaint);
                    return Err(complaints);
                }
            }
        }
    }
    is_wrong |= !complaints.is_empty();
    if !is_wrong && !strays.is_empty() {
        complaints.push(format!("Unexpected argument(s): {}", strays.join(" ")));
    }
    let is_whole = ["server", "port", "url"].iter().all(|name| given.contains(name));
    if is_wrong || !strays.is_empty() || !is_whole { Err(complaints) } else { Ok(Asked { request, is_verbose }) }
}

fn set(request: &mut Request, name: &str, value: String) -> Result<(), String> {
    match name {
        "use-ssl" => request.tls = true,
        "use-sni" => request.sends_name = true,
        "server" => {
            let address = value.parse::<IpAddr>().map_err(|_| format!("server should be an IP, not {value}"))?;
            request.server.set_ip(address);
        }
        "use-virtualhost" => request.virtual_host = Some(value),
        "port" => match value.parse() {
            Ok(port @ 1..) => request.server.set_port(port),
            _ => return Err(format!("invalid port number '{value}'")),
        },
        "url" => request.url = value,
        "fwmark" => request.mark = Some(value.parse().map_err(|_| format!("invalid fwmark '{value}'"))?),
        "protocol" => {
            request.protocol = match value.as_str() {
                "1.0" => Protocol::Http10,
                "1.0c" | "1.0C" => Protocol::Http10Close,
                "1.1" => Protocol::Http11,
                _ => return Err(format!("invalid HTTP protocol version '{value}'")),
            }
        }
        "timeout" => {
            let seconds = value.parse().map_err(|_| format!("invalid timeout '{value}'"))?;
            request.timeout = Some(Duration::from_secs(seconds));
        }
        _ => {}
    }
    Ok(())
}

impl Asked {
    fn show(&self, out: &mut impl Write) -> io::Result<()> {
        let started = Instant::now();
        let mut text = Vec::new();
        let mut has_body = false;
        let mut note = |piece: Piece<'_>| match piece {
            Piece::PartOfHead => title(&mut text, "    HTTP Header Buffer    "),
            Piece::Head(bytes) => {
                dump(&mut text, bytes);
                title(&mut text, " HTTP Header Ascii Buffer ");
                text.extend_from_slice(bytes);
                text.push(b'\n');
            }
            Piece::Body(bytes) => {
                if !std::mem::replace(&mut has_body, true) {
                    title(&mut text, "        HTML Buffer        ");
                }
                dump(&mut text, bytes);
            }
            Piece::End(digest) => {
                text.push(b'\n');
                title(&mut text, "    HTML hash resulting    ");
                dump(&mut text, &digest);
                title(&mut text, " HTML hash final resulting ");
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let digest = runtime.block_on(genhash::digest(&self.request, &mut note));
        if self.is_verbose {
            out.write_all(&text)?;
        }
        match digest {
            Ok(Some(digest)) => {
                let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                writeln!(out, "{digits}")?;
            }
            Ok(None) => eprintln!("no data received from remote webserver"),
            Err(fault) => writeln!(out, "{fault}")?,
        }
        if self.is_verbose {
            let time_us = started.elapsed().as_micros();
            writeln!(out, "\nGlobal response time for [{}] = {time_us} usecs", self.request.url)?;
        }
        Ok(())
    }
}

fn title(out: &mut Vec<u8>, words: &str) {
    let line = "-".repeat(23);
    out.extend_from_slice(format!("{line}[{words}]{line}\n").as_bytes());
}

/// Sixteen bytes a line: their offset, their values, and those of them that can be shown.
fn dump(out: &mut Vec<u8>, bytes: &[u8]) {
    for (number, line) in bytes.chunks(16).enumerate() {
        let mut text = format!("{:04} ", (number * 16) & 0xffff);
        for at in 0..16 {
            text.push_str(&line.get(at).map_or_else(|| "   ".into(), |byte| format!(" {byte:02x}")));
            text.push_str(if at == 7 { " -" } else { "" });
        }
        let shown = |byte: &u8| if (0x20..=0x7e).contains(byte) { char::from(*byte) } else { '.' };
        text.push_str(&format!("   {:16}\n", line.iter().map(shown).collect::<String>()));
        out.extend_from_slice(text.as_bytes());
    }
}
