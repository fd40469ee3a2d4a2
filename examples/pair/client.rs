//! The client: asks the shared address for one thing after another and tells, a line each, who answered.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

const BETWEEN_REQUESTS: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_millis(500);

/// Asks until nobody reads the answers any more: `answer /group web1` or `failure /group connection refused`.
pub fn ask_forever(address: &str) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let sessions = ["anna", "berta", "clara"];
    for number in 0.. {
        let (path, session) = match number % 10 {
            0..6 => ("/group", ""),
            6..7 => ("/by_address", ""),
            7..9 => ("/by_session", sessions[number / 10 % sessions.len()]),
            _ => ("/missing", ""),
        };
        let shown = if session.is_empty() { path.to_owned() } else { format!("{path}#{session}") };
        let line = match ask(address, path, session) {
            Ok(answer) => format!("answer {shown} {answer}"),
            Err(error) => format!("failure {shown} {error}"),
        };
        if writeln!(std::io::stdout(), "{line}").is_err() {
            return Ok(());
        }
        thread::sleep(BETWEEN_REQUESTS);
    }
    Ok(())
}

/// One request on a connection of its own; the name of the backend, or the status if there is none.
fn ask(address: SocketAddr, path: &str, session: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let cookie = if session.is_empty() { String::new() } else { format!("Cookie: jsessionid={session}\r\n") };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: www.example.com\r\n{cookie}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).unwrap_or("nothing").to_owned();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).trim_end();
    Ok(if status == "200" { body.to_owned() } else { status })
}
