//! Alerts by mail to a server that plays along or refuses at one stage: what it hears is what keepalived says.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::lab::{self, Lab, Which};
use crate::{ELECTION, fast};

/// The stages at which a server may refuse, by what they are called in the log.
const STAGES: [&str; 7] = ["(E)SMTP", "HELO", "MAIL", "RCPT", "DATA", "BODY", "QUIT"];

/// Talks with one client, refusing at that stage; gives what was heard, without the date.
fn converse(stream: &TcpStream, refused: usize) -> String {
    let mut heard = String::new();
    let mut answers = stream;
    let mut answer = |stage: usize, code: &str| {
        let text =
            if stage == refused { "550-no\r\n550 never\r\n".into() } else { format!("{code}-well\r\n{code} ok\r\n") };
        answers.write_all(text.as_bytes()).is_ok() && stage != refused
    };
    answer(0, "220");
    let mut is_body = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        heard += if line.starts_with("Date: ") { "Date" } else { &line };
        heard += "\n";
        let word = line.split([' ', ':']).next().unwrap_or_default();
        match STAGES.iter().position(|stage| *stage == word) {
            _ if is_body && line == "." => {
                is_body = false;
                answer(5, "250");
            }
            _ if is_body => {}
            Some(4) => is_body = answer(4, "354"),
            // keepalived says it again and again to a server that refuses it and stays.
            Some(6) => {
                answer(6, "221");
                break;
            }
            Some(stage) => {
                answer(stage, "250");
            }
            None => {}
        }
    }
    heard
}

fn about_mail(log: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    lines.filter(|text| text.contains("Error processing") || text.contains("successfully")).map(str::to_owned).collect()
}

/// The interface goes and comes, which is worth a mail each time; each mail is refused one stage later than the last one.
fn story(which: Which) -> (Vec<String>, Vec<String>) {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    let mail = "notification_email {\n    a@example.com\n    b@example.org\n  }\n  notification_email_from k@example.net\n  \
                smtp_server 127.0.0.1 2525\n  smtp_helo_name me.example\n  router_id R1\n  smtp_alert true\n";
    node.rewrite(|text| fast(text).replacen("global_defs {", &format!("global_defs {{\n  {mail}"), 1));
    let listener = node.inside(|_| TcpListener::bind("127.0.0.1:2525").expect("the port is free"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    std::thread::spawn(move || {
        for (stage, stream) in listener.incoming().enumerate().take(STAGES.len() + 1) {
            let text = converse(&stream.expect("a client"), stage);
            hearing.lock().expect("nobody panics with it").push(text);
        }
    });
    let count = || heard.lock().expect("nobody panics with it").len();
    node.start();
    lab.wait("two mails", ELECTION, || count() == 2, &[&node]);
    for round in 0..2 {
        node.cable(false);
        lab.wait("a mail of the fault", ELECTION, || count() == 3 + round * 3, &[&node]);
        node.cable(true);
        lab.wait("mails of both states", ELECTION, || count() == 5 + round * 3, &[&node]);
    }
    lab.wait("the log of all", ELECTION, || about_mail(&node.log()).len() >= STAGES.len() + 2, &[&node]);
    let log = about_mail(&node.log());
    node.stop();
    let heard = heard.lock().expect("nobody panics with it").clone();
    (heard, log)
}

#[test]
fn a_server_that_refuses_hears_and_is_told_as_with_keepalived() {
    let Some(_) = lab::mixtures() else { return };
    let (heard, log) = story(Which::Evenkeel);
    let expected = STAGES
        .map(|stage| format!("Error processing {stage} cmd on SMTP server [127.0.0.1]:2525. SMTP status code = 550"));
    let errors: Vec<&String> = log.iter().filter(|line| line.contains("Error")).collect();
    assert_eq!(errors, expected.iter().collect::<Vec<_>>());
    assert_eq!(
        heard[7],
        "HELO me.example\nMAIL FROM:<k@example.net>\nRCPT TO:<a@example.com>\nRCPT TO:<b@example.org>\nDATA\nDate\n\
         From: k@example.net\nSubject: [R1] VRRP Instance LAB - Entering MASTER state\nX-Mailer: Keepalived\n\
         To: a@example.com,\n b@example.org\n\n=> VRRP Instance is now owning VRRP VIPs <=\n\n.\nQUIT\n"
    );
    if Which::Keepalived.exists() {
        let (theirs, their_log) = story(Which::Keepalived);
        // 2.2 does not fold the list of recipients yet.
        let unfolded = |all: &[String]| all.iter().map(|text| text.replace(",\n ", ", ")).collect::<Vec<_>>();
        assert_eq!((unfolded(&heard), log), (unfolded(&theirs), their_log));
    }
}

/// One server takes the connection and says nothing, another one takes none: nobody waits for their mail.
#[test]
fn dead_and_silent_servers_hold_nothing_up() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        for is_silent in [true, false] {
            let lab = Lab::new();
            let mut node = lab.node("a", which, 150, false);
            let mail = "notification_email {\n    a@example.com\n  }\n  smtp_server 127.0.0.1 2525\n  \
                        smtp_connect_timeout 1\n  smtp_alert true\n";
            node.rewrite(|text| fast(text).replacen("global_defs {", &format!("global_defs {{\n  {mail}"), 1));
            let listener = is_silent.then(|| node.inside(|_| TcpListener::bind("127.0.0.1:2525").expect("it is free")));
            node.start();
            for round in 0..3 {
                lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
                node.cable(false);
                lab.wait("it gives way", ELECTION, || !node.holds(), &[&node]);
                node.cable(true);
                println!("{which:?}, round {round} with a server that is silent: {is_silent}");
            }
            let told = match (is_silent, which) {
                (true, _) => "Timeout reading data to remote SMTP server [127.0.0.1]:2525",
                (false, Which::Evenkeel) => "SMTP connection ERROR to [127.0.0.1]:2525",
                (false, Which::Keepalived) => "returned write error",
            };
            lab.wait("the failure is told", ELECTION, || node.log().contains(told), &[&node]);
            node.stop();
            drop(listener);
        }
    }
}
