//! Mail about changes of state. A process of its own talks to the server, so that a slow one delays nobody.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::ir::keepalived::Global;
use crate::log::keepalived_log::KeepalivedLog;
use crate::log::now;
use crate::sys::fork;
use crate::sys::scheduling;
use crate::vrrp::action::{Notification, Occasion, Subject};

/// Sends alerts; remembers what each instance and group was last mailed about.
#[derive(Debug, Default)]
pub struct Mailer {
    last: BTreeMap<(bool, String), Occasion>,
}

/// A server's answer that ends the conversation.
#[derive(Debug)]
enum Failure {
    Connect(io::Error),
    Talk(&'static str, String),
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
    let server = global.mail.server.as_deref().unwrap_or_default();
    let outcome = connect(global).map_err(Failure::Connect).and_then(|stream| {
        log.detail(&format!("Remote SMTP server [{server}]:{} connected.", global.mail.port));
        converse(stream, global, subject, body)
    });
    match outcome {
        Ok(()) => log.detail("SMTP alert successfully sent."),
        Err(Failure::Connect(error)) if error.kind() == io::ErrorKind::TimedOut => {
            log.info(&format!("Timeout connecting SMTP server [{server}]:{}.", global.mail.port));
        }
        Err(Failure::Connect(_)) => {
            log.info(&format!("SMTP connection ERROR to [{server}]:{}.", global.mail.port));
        }
        Err(Failure::Talk(command, answer)) => {
            log.info(&format!("Error processing {command} cmd on SMTP server [{server}]:{}.", global.mail.port));
            log.detail(&format!("SMTP server answered: {answer}"));
        }
    }
}

fn connect(global: &Global) -> io::Result<TcpStream> {
    let mail = &global.mail;
    let timeout = Duration::from_micros(mail.connect_timeout_us.max(1));
    let server = mail.server.as_deref().unwrap_or_default();
    let address = (server, mail.port).to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    Ok(stream)
}

/// RFC 5321 §3.3, one command after the other.
fn converse(stream: TcpStream, global: &Global, subject: &str, body: &str) -> Result<(), Failure> {
    let mail = &global.mail;
    let mut stream = BufReader::new(stream);
    let sender = mail.sender.as_deref().unwrap_or_default();
    expect(&mut stream, "connect", "220")?;
    let own_name = scheduling::hostname().unwrap_or_else(|_| "localhost".into());
    let helo = mail.helo_name.as_deref().unwrap_or(&own_name);
    command(&mut stream, "HELO", &format!("HELO {helo}\r\n"), "250")?;
    command(&mut stream, "MAIL", &format!("MAIL FROM:{}\r\n", path(sender)), "250")?;
    for recipient in &mail.recipients {
        command(&mut stream, "RCPT", &format!("RCPT TO:{}\r\n", path(recipient)), "250")?;
    }
    command(&mut stream, "DATA", "DATA\r\n", "354")?;
    let text = message(sender, subject, &mail.recipients, body);
    command(&mut stream, "BODY", &text, "250")?;
    command(&mut stream, "QUIT", "QUIT\r\n", "221")
}

fn command(stream: &mut BufReader<TcpStream>, name: &'static str, text: &str, code: &str) -> Result<(), Failure> {
    stream.get_mut().write_all(text.as_bytes()).map_err(|error| Failure::Talk(name, error.to_string()))?;
    expect(stream, name, code)
}

fn expect(stream: &mut BufReader<TcpStream>, name: &'static str, code: &str) -> Result<(), Failure> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).map_err(|error| Failure::Talk(name, error.to_string()))?;
        if !line.starts_with(code) {
            return Err(Failure::Talk(name, line.trim_end().to_owned()));
        }
        // A dash behind the code announces further lines.
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
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
