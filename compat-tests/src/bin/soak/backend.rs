//! A backend that does what the path asks of it: `/ok/500` answers with 500 bytes, `/reset-in-body/500` breaks off half-way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

/// Every stage of an answer at which a backend may fail, and two at which it does not.
pub const MANNERS: &[&str] = &[
    "ok",
    "chunked",
    "drip",
    "close-at-once",
    "reset-at-once",
    "close-in-head",
    "reset-in-head",
    "close-after-head",
    "reset-in-body",
    "close-in-body",
    "close-in-chunk",
    "rubbish",
    "large-head",
    "silent",
];

/// Answers on the listener for as long as the program runs; one that is `sound` treats every manner as `ok`.
pub fn start(listener: TcpListener, sound: bool) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream, sound));
        }
    });
}

fn serve(stream: &TcpStream, sound: bool) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut reader = BufReader::new(stream);
    while let Some((manner, size)) = read_request(&mut reader) {
        let manner = if sound { "ok" } else { manner.as_str() };
        match answer(stream, manner, size).unwrap_or(After::Closed) {
            After::Open => {}
            After::Closed => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            // An end that is announced first would be what the other side reads.
            After::Reset => return,
        }
    }
}

/// What becomes of the connection behind an answer.
enum After {
    Open,
    Closed,
    Reset,
}

/// Manner and size out of the last two parts of the path; the body is read and forgotten.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<(String, usize)> {
    let (mut path, mut length, mut chunked) = (String::new(), 0, false);
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let lower = line.trim_end().to_ascii_lowercase();
        if lower.is_empty() {
            break;
        }
        match lower.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value == "chunked",
            None => path = lower.split(' ').nth(1)?.to_owned(),
            Some(_) => {}
        }
    }
    match chunked {
        true => skip_chunks(reader)?,
        false => skip(reader, length)?,
    }
    let mut parts = path.rsplit('/');
    let size = parts.next()?.parse().ok()?;
    Some((parts.next()?.to_owned(), size))
}

fn skip(reader: &mut BufReader<&TcpStream>, length: u64) -> Option<()> {
    let skipped = std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
    (skipped == length).then_some(())
}

fn skip_chunks(reader: &mut BufReader<&TcpStream>) -> Option<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = u64::from_str_radix(line.trim_end(), 16).ok()?;
        skip(reader, length + 2)?;
        if length == 0 {
            return Some(());
        }
    }
}

fn answer(mut stream: &TcpStream, manner: &str, size: usize) -> std::io::Result<After> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nX-Manner: {manner}\r\n\r\n");
    let body = vec![b'b'; size];
    let chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    match manner {
        "ok" => stream.write_all(&[head.as_bytes(), &body].concat())?,
        "chunked" => stream.write_all(&[chunked_head.as_bytes(), &chunked(&body), b"0\r\n\r\n"].concat())?,
        "drip" => drip(stream, &[head.as_bytes(), &body[..size.min(40)]].concat(), &body)?,
        "reset-at-once" => return reset(stream, b""),
        "close-in-head" => stream.write_all(&head.as_bytes()[..30])?,
        "reset-in-head" => return reset(stream, &head.as_bytes()[..30]),
        "close-after-head" => stream.write_all(head.as_bytes())?,
        "reset-in-body" => return reset(stream, &[head.as_bytes(), &body[..size / 2]].concat()),
        "close-in-body" => stream.write_all(&[head.as_bytes(), &body[..size / 2]].concat())?,
        "close-in-chunk" => stream.write_all(&[chunked_head.as_bytes(), &chunked(&body)].concat())?,
        "rubbish" => stream.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n")?,
        "large-head" => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\nX-Large: {}\r\n\r\n", "l".repeat(70_000)).as_bytes())?
        }
        "silent" => thread::sleep(Duration::from_secs(2)),
        _ => {}
    }
    Ok(if matches!(manner, "ok" | "chunked" | "drip") { After::Open } else { After::Closed })
}

fn chunked(body: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat()
}

/// The first piece byte by byte, then what is left of the body.
fn drip(mut stream: &TcpStream, first: &[u8], body: &[u8]) -> std::io::Result<()> {
    for byte in first {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(2));
    }
    stream.write_all(&body[body.len().min(40)..])
}

fn reset(mut stream: &TcpStream, before: &[u8]) -> std::io::Result<After> {
    stream.write_all(before)?;
    // A reset throws away what the other side has not read yet.
    thread::sleep(Duration::from_millis(20));
    let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    setsockopt(&stream.as_fd(), sockopt::Linger, &at_once)?;
    Ok(After::Reset)
}
