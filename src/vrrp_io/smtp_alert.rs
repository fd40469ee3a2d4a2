//! Mail about changes of state. A process of its own talks to the server, so that a slow one delays nobody.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::ir::keepalived::Global;
use crate::ir::keepalived::global::Mail;
use crate::log::keepalived_log::KeepalivedLog;
use crate::log::now;
use crate::sys::credentials;
use crate::sys::fork;
use crate::sys::scheduling;
use crate::vrrp::action::{Notification, Occasion, Subject};

/// More than this, and a server's answer is given up.
const LONGEST_ANSWER: usize = 1024;

/// Sends alerts; remembers what each instance and group was last mailed about.
#[derive(Debug, Default)]
pub struct Mailer {
    last: BTreeMap<(bool, String), Occasion>,
}

/// What goes wrong between two commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failure {
    /// The server says something else than the command needs.
    Refused(i32),
    /// It says nothing in time.
    Slow,
    /// It says more than fits.
    Overflow,
    /// Its words cannot be read.
    Unreadable,
    /// It has gone.
    Closed,
    /// It does not take our words.
    Unwritable,
}

impl Mailer {
    /// Mails about a change, unless the same state was mailed last.
    pub fn alert(&mut self, notification: &Notification, global: &Global, log: &KeepalivedLog) {
        let mail = &global.mail;
        let Some((title, body)) = texts(notification) else { return };
        let silent = mail.no_faults && notification.occasion == Occasion::Fault;
        if !notification.smtp_alert || silent || mail.recipients.is_empty() || mail.server.is_none() {
            return;
        }
        let key = (notification.subject == Subject::Group, notification.name.clone());
        if self.last.insert(key, notification.occasion) == Some(notification.occasion) {
            return;
        }
        let subject = subject(notification, global.router_id.as_deref().unwrap_or_default(), title);
        if let Err(error) = fork::apart(|| deliver(global, &subject, body, log)) {
            log.info(&format!("smtp alert: fork error({error})"));
        }
    }
}

fn subject(notification: &Notification, router_id: &str, title: &str) -> String {
    let kind = match notification.subject {
        Subject::Instance => "Instance",
        Subject::Group => "Group",
    };
    format!("[{router_id}] VRRP {kind} {} - {title}", notification.name)
}

fn texts(notification: &Notification) -> Option<(&'static str, &'static str)> {
    let instance = notification.subject == Subject::Instance;
    let pick = |of_instance, of_group| if instance { of_instance } else { of_group };
    let gone = "=> VRRP Instance is no longer owning VRRP VIPs <=";
    Some(match notification.occasion {
        Occasion::Master => (
            "Entering MASTER state",
            pick(
                "=> VRRP Instance is now owning VRRP VIPs <=",
                "=> All VRRP group instances are now in MASTER state <=",
            ),
        ),
        Occasion::Backup => {
            ("Entering BACKUP state", pick(gone, "=> All VRRP group instances are now in BACKUP state <="))
        }
        Occasion::Fault => {
            ("Entering FAULT state", pick(gone, "=> All VRRP group instances are now in FAULT state <="))
        }
        Occasion::Stop => {
            ("Stopping", pick("=> VRRP Instance stopping <=", "=> All VRRP group instances are now stopping <="))
        }
        Occasion::Deleted => ("Deleted", "=> VRRP Deleted at reload <="),
        Occasion::MasterReceivedLowerPriority | Occasion::MasterPriority | Occasion::BackupPriority => return None,
    })
}

fn deliver(global: &Global, subject: &str, body: &str, log: &KeepalivedLog) {
    let mail = &global.mail;
    let server = mail.server.as_deref().unwrap_or_default();
    let address = (server, mail.port).to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    let shown = address.map_or_else(|| server.to_owned(), |address| address.ip().to_string());
    let server = format!("[{shown}]:{}", mail.port);
    match address.ok_or(io::ErrorKind::NotFound.into()).and_then(|address| connect(address, global)) {
        Ok(stream) => {
            log.detail(&format!("Remote SMTP server {server} connected."));
            Conversation { stream, heard: Vec::new(), server: &server, log }.hold(global, subject, body);
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            log.info(&format!("Timeout opening connection to remote SMTP server {server}."));
        }
        Err(_) => log.info(&format!("SMTP connection ERROR to {server}.")),
    }
}

fn connect(address: SocketAddr, global: &Global) -> io::Result<TcpStream> {
    let timeout = Duration::from_micros(global.mail.connect_timeout_us.max(1));
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    Ok(stream)
}

/// RFC 5321 §3.3, one command after the other.
struct Conversation<'a> {
    stream: TcpStream,
    /// What the server has said and nobody has read yet.
    heard: Vec<u8>,
    server: &'a str,
    log: &'a KeepalivedLog,
}

impl Conversation<'_> {
    fn hold(&mut self, global: &Global, subject: &str, body: &str) {
        let outcome = self.mail(global, subject, body);
        if let Err((command, failure)) = outcome {
            self.tell(command, failure);
            if matches!(failure, Failure::Closed | Failure::Unreadable | Failure::Unwritable) {
                return;
            }
        }
        if let Err((command, failure)) = self.command("QUIT", "QUIT\r\n", 221) {
            self.tell(command, failure);
        }
    }

    fn mail(&mut self, global: &Global, subject: &str, body: &str) -> Result<(), (&'static str, Failure)> {
        let mail = &global.mail;
        let sender = &sender(mail);
        self.expect(220).map_err(|failure| ("(E)SMTP", failure))?;
        let helo = helo_name(mail);
        self.command("HELO", &format!("HELO {helo}\r\n"), 250)?;
        self.command("MAIL", &format!("MAIL FROM:{}\r\n", path(sender)), 250)?;
        for recipient in &mail.recipients {
            self.command("RCPT", &format!("RCPT TO:{}\r\n", path(recipient)), 250)?;
        }
        self.command("DATA", "DATA\r\n", 354)?;
        self.command("BODY", &message(sender, subject, &mail.recipients, body), 250)?;
        self.log.detail("SMTP alert successfully sent.");
        Ok(())
    }

    fn command(&mut self, name: &'static str, text: &str, code: i32) -> Result<(), (&'static str, Failure)> {
        let sent = self.stream.write_all(text.as_bytes()).map_err(|_| Failure::Unwritable);
        sent.and_then(|()| self.expect(code)).map_err(|failure| (name, failure))
    }

    /// Reads the answer to its last line: a dash behind the code announces further ones.
    fn expect(&mut self, code: i32) -> Result<(), Failure> {
        loop {
            let line = self.line()?;
            if line.get(3) != Some(&b'-') {
                let said = status(&line);
                return if said == code { Ok(()) } else { Err(Failure::Refused(said)) };
            }
        }
    }

    fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = [0; LONGEST_ANSWER];
        loop {
            if let Some(end) = self.heard.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.heard[..end].to_vec();
                self.heard.drain(..end + 2);
                return Ok(line);
            }
            let count = match self.stream.read(&mut bytes[self.heard.len()..]) {
                Ok(0) => return Err(Failure::Closed),
                Ok(count) => count,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(Failure::Slow);
                }
                Err(_) => return Err(Failure::Unreadable),
            };
            let start = self.heard.len();
            self.heard.extend_from_slice(&bytes[start..start + count]);
            if self.heard.len() >= LONGEST_ANSWER {
                self.heard.clear();
                return Err(Failure::Overflow);
            }
        }
    }

    fn tell(&self, command: &str, failure: Failure) {
        let server = self.server;
        self.log.info(&match failure {
            Failure::Refused(code) => {
                format!("Error processing {command} cmd on SMTP server {server}. SMTP status code = {code}")
            }
            Failure::Slow => format!("Timeout reading data to remote SMTP server {server}."),
            Failure::Overflow => {
                format!("Received buffer from remote SMTP server {server} overflow our get read buffer length.")
            }
            Failure::Unreadable => format!("Error reading data from remote SMTP server {server}."),
            Failure::Closed => format!("Remote SMTP server {server} has closed the connection."),
            Failure::Unwritable => format!("Cannot send data to remote SMTP server {server}."),
        });
    }
}

/// The number that three characters make; some number if they are no digits (keepalived).
fn status(line: &[u8]) -> i32 {
    let digit = |place: usize| i32::from(line.get(place).copied().unwrap_or_default()) - i32::from(b'0');
    digit(0) * 100 + digit(1) * 10 + digit(2)
}

/// The machine's name.
pub(super) fn own_name() -> String {
    scheduling::hostname().unwrap_or_else(|_| "localhost".into())
}

/// What the server is greeted with.
pub(super) fn helo_name(mail: &Mail) -> String {
    mail.helo_name.clone().unwrap_or_else(own_name)
}

/// From whom mail comes: who runs the daemon, on this machine, unless the file says otherwise.
pub(super) fn sender(mail: &Mail) -> String {
    mail.sender.clone().unwrap_or_else(|| format!("{}@{}", credentials::own_name(), own_name()))
}

/// `Name <a@b>` gives `<a@b>`, and so does `a@b`.
fn path(address: &str) -> String {
    match address.rfind('<') {
        Some(start) if address.ends_with('>') => address[start..].to_owned(),
        _ => format!("<{address}>"),
    }
}

fn message(sender: &str, subject: &str, recipients: &[String], body: &str) -> String {
    let to = recipients.join(",\r\n ");
    format!(
        "Date: {}\r\nFrom: {sender}\r\nSubject: {subject}\r\nX-Mailer: Keepalived\r\nTo: {to}\r\n\r\n{body}\r\n\r\n.\r\n",
        date()
    )
}

/// `Mon, 01 Mar 2021 09:44:08 +0000`, local.
fn date() -> String {
    now::with(|now| {
        let words: Vec<&str> = now.ctime.split_ascii_whitespace().collect();
        let zone = now.access_log.rsplit(' ').next().unwrap_or("+0000");
        match words[..] {
            [weekday, month, day, time, year] => format!("{weekday}, {day:0>2} {month} {year} {time} {zone}"),
            _ => now.http.clone(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_as_keepalived_writes_it() {
        let text = message("a@b", "[R] VRRP Instance V - Stopping", &["x@y".into(), "z@y".into()], "body");
        let after_date = text.split_once("\r\n").expect("lines").1;
        assert_eq!(
            after_date,
            "From: a@b\r\nSubject: [R] VRRP Instance V - Stopping\r\nX-Mailer: Keepalived\r\nTo: x@y,\r\n z@y\r\n\r\nbody\r\n\r\n.\r\n"
        );
        assert_eq!(date().len(), "Mon, 01 Mar 2021 09:44:08 +0000".len());
    }

    #[test]
    fn paths_have_brackets_once() {
        assert_eq!([path("Root <r@h>"), path("r@h")], ["<r@h>", "<r@h>"]);
    }
}
