//! A client that draws from a seed what it does next, and tells what came of it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::backend::MANNERS;

/// Numbers that look drawn and are the same for the same seed (SplitMix64).
#[derive(Debug)]
pub struct Draw(pub u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits fit") % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Does one thing on a new connection; the kind of what was done and seen.
pub fn act(port: u16, draw: &mut Draw) -> String {
    let size = [0, 1, 700, 5_000, 40_000, 300_000][draw.below(6)];
    let manner = draw.one_of(MANNERS);
    match draw.below(12) {
        0..=4 => plain(port, draw.one_of(&["one", "pool", "two", "unbuffered"]), manner, size),
        5 => several(port, size.min(40_000)),
        6 => upload(port, draw.one_of(&["one", "two", "unbuffered"]), manner, size),
        7 => leave(port, draw.one_of(&["one", "pool", "unbuffered"]), manner, size),
        8 => slow_reader(port, size),
        9 => slow_writer(port, size.min(5_000)),
        10 => rubbish(port, draw),
        _ => file(
            port,
            draw.one_of(&["", "Range: bytes=10-99\r\n", "Range: bytes=0-0,-5\r\n", "Range: bytes=900000-\r\n"]),
        ),
    }
}

fn plain(port: u16, location: &str, manner: &str, size: usize) -> String {
    let request = format!("GET /{location}/{manner}/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let shape = if size == 0 { "nothing" } else { "a body" };
    format!("{location} {manner} with {shape}: {}", ask(port, request.as_bytes()))
}

fn several(port: u16, size: usize) -> String {
    let request = format!("GET /pool/ok/{size} HTTP/1.1\r\nHost: a\r\n\r\n");
    let last = "GET /pool/chunked/9 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let text = receive(port, (request.repeat(3) + last).as_bytes(), Duration::ZERO);
    let count = text.windows(15).filter(|window| window == b"HTTP/1.1 200 OK").count();
    format!("four requests at once: {count} answers")
}

fn upload(port: u16, location: &str, manner: &str, size: usize) -> String {
    let head = format!("POST /{location}/{manner}/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    let body = "u".repeat(size);
    let request = match size % 2 {
        0 => format!("{head}Content-Length: {size}\r\n\r\n{body}"),
        _ => format!("{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"),
    };
    format!("upload to {location} {manner}: {}", ask(port, request.as_bytes()))
}

fn leave(port: u16, location: &str, manner: &str, size: usize) -> String {
    let request =
        format!("POST /{location}/{manner}/{size} HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nhalf of it");
    let left = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
        stream.write_all(&request.as_bytes()[..request.len() - size % 11])?;
        std::thread::sleep(Duration::from_millis(10));
        Ok(())
    });
    format!("left: {}", if left.is_ok() { "yes" } else { "could not come" })
}

fn slow_reader(port: u16, size: usize) -> String {
    let request = format!("GET /one/ok/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    format!("slow reader: {}", describe(&receive(port, request.as_bytes(), Duration::from_millis(5))))
}

fn slow_writer(port: u16, size: usize) -> String {
    let request = format!("GET /pool/ok/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return "slow writer: no connection".to_owned();
    };
    for byte in request.bytes() {
        if stream.write_all(&[byte]).is_err() {
            return "slow writer: broken off".to_owned();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    format!("slow writer: {}", describe(&read_all(&mut stream, Duration::ZERO)))
}

fn rubbish(port: u16, draw: &mut Draw) -> String {
    let request = draw.one_of(&[
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /one/ok/5 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        "NOT\u{1}HTTP\r\n\r\n",
        "GET /one/ok/5 HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /file\r\n",
    ]);
    let name: String = request.chars().take(40).collect();
    format!("{:?}: {}", name, ask(port, request.as_bytes()))
}

fn file(port: u16, header: &str) -> String {
    let request = format!("GET /file HTTP/1.1\r\nHost: a\r\n{header}Connection: close\r\n\r\n");
    format!("file {header:?}: {}", ask(port, request.as_bytes()))
}

fn ask(port: u16, request: &[u8]) -> String {
    describe(&receive(port, request, Duration::ZERO))
}

fn receive(port: u16, request: &[u8], between_reads: Duration) -> Vec<u8> {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return b"no connection".to_vec() };
    // An early answer to a body that is still being sent is read all the same.
    let _ = stream.write_all(request);
    read_all(&mut stream, between_reads)
}

fn read_all(stream: &mut TcpStream, between_reads: Duration) -> Vec<u8> {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(15)));
    let mut answer = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return answer,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return [answer.as_slice(), b"\nhangs"].concat(),
            Err(_) => return answer,
        }
        std::thread::sleep(between_reads);
    }
}

/// The status, and whether the body is as long as it should be.
fn describe(answer: &[u8]) -> String {
    if answer.ends_with(b"\nhangs") {
        return "hangs".to_owned();
    }
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return if text.is_empty() { "closed".to_owned() } else { "no head".to_owned() };
    };
    let status: String = head.chars().take(12).collect();
    let announced = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    let is_whole = match announced {
        Some(length) => body.len() == length,
        None if head.contains("chunked") => body.ends_with("0\r\n\r\n"),
        None => true,
    };
    format!("{status}{}", if is_whole { "" } else { ", cut" })
}
