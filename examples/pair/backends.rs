//! The servers behind the proxies: each answers every request with its own name.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves `web1`, `web2` … on the addresses, until the program ends.
pub fn serve(addresses: &[&str]) -> Result<(), String> {
    let mut threads = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        let listener = TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
        let name = format!("web{}", index + 1);
        threads.push(thread::spawn(move || accept(&listener, &name)));
    }
    println!("backends listen");
    for thread in threads {
        thread.join().map_err(|_| "a backend ended".to_owned())?;
    }
    Ok(())
}

fn accept(listener: &TcpListener, name: &str) {
    for stream in listener.incoming().flatten() {
        let name = name.to_owned();
        thread::spawn(move || answer_requests(&stream, &name));
    }
}

/// Answers request after request; every way to fail just ends the connection.
fn answer_requests(stream: &TcpStream, name: &str) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
        }
        let length = name.len() + 1;
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{name}\n")
            .ok()?;
    }
}
