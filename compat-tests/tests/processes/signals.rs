//! What each signal does to a master, to a worker, and to a process that is both: the original's answer and ours are compared.

use std::path::Path;

use crate::running::{Running, until};
use crate::{SERVER, both, original, ours};

/// USR2 has scenarios of its own: another binary comes.
const TO_MASTER: [&str; 6] = ["TERM", "INT", "QUIT", "HUP", "USR1", "WINCH"];
const TO_WORKER: [&str; 7] = ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH"];

/// What the receiver logs of it, without the sender's number.
fn told(nginx: &Running, receiver: i32, signal: &str) -> Option<String> {
    let (own, words) = (format!(" {receiver}#{receiver}: "), format!("(SIG{signal}) received"));
    let log = nginx.log();
    let (_, line) = log.lines().find(|line| line.contains(&own) && line.contains(&words))?.split_once(&own)?;
    let word =
        |word: &str| if word.trim_end_matches(',').parse::<i32>().is_ok() { "N".into() } else { word.to_owned() };
    Some(line.split(' ').map(word).collect::<Vec<_>>().join(" "))
}

/// How many processes have opened the logs anew.
fn reopened(nginx: &Running) -> usize {
    nginx.log().matches(": reopening logs\n").count()
}

/// What a signal to the master leads to.
fn to_master(program: &Path, signal: &str) -> Option<String> {
    let nginx = Running::start(program, SERVER);
    let (before, master) = (nginx.await_workers(2), nginx.master());
    nginx.signal(master, signal);
    until(signal, || match signal {
        "HUP" => nginx.workers().len() == 2 && !nginx.workers().iter().any(|pid| before.contains(pid)),
        "USR1" => reopened(&nginx) == 3,
        "WINCH" => nginx.workers().is_empty(),
        _ => !nginx.is_alive(master) && !nginx.path("nginx.pid").exists(),
    });
    assert_eq!(nginx.is_alive(master), !["TERM", "INT", "QUIT"].contains(&signal));
    told(&nginx, master, signal)
}

/// What a signal to one worker leads to. The master starts another one in the place of one that ends.
fn to_worker(program: &Path, signal: &str) -> Option<String> {
    let nginx = Running::start(program, SERVER);
    let before = nginx.await_workers(2);
    nginx.signal(before[0], signal);
    until("the signal's line", || told(&nginx, before[0], signal).is_some());
    match signal {
        "HUP" | "USR2" => {}
        "USR1" => until("its log", || reopened(&nginx) == 1),
        _ => until("another worker", || nginx.workers().len() == 2 && !nginx.workers().contains(&before[0])),
    }
    assert_eq!(nginx.get(), "first\n");
    assert!(nginx.workers().contains(&before[1]), "the other worker goes on");
    told(&nginx, before[0], signal)
}

#[test]
fn signals_to_a_master_do_and_say_the_same() {
    for signal in TO_MASTER {
        let said = to_master(&original(), signal);
        assert!(said.is_some(), "{signal}");
        assert_eq!(to_master(&ours(), signal), said);
    }
}

#[test]
fn signals_to_a_worker_do_and_say_the_same() {
    for signal in TO_WORKER {
        assert_eq!(to_worker(&ours(), signal), to_worker(&original(), signal));
    }
}

/// Started by hand for a look: one process, which ends as a master does, and reads its file anew.
#[test]
fn one_process_is_master_and_worker() {
    both(|program| {
        let alone = format!("master_process off; {SERVER}");
        let nginx = Running::start(program, &alone);
        let process = nginx.master();
        assert_eq!(nginx.get(), "first\n");
        assert!(nginx.workers().is_empty());
        // After a reload the original resets all connections.
        if program != original() {
            nginx.configure(&alone.replace("first", "second"));
            let (text, status) = nginx.call(&["-s", "reload"]);
            assert_eq!(status, 0, "{text}");
            until("the new file", || nginx.answer_at("/").is_ok_and(|body| body == "second\n"));
        }
        assert_eq!((nginx.master(), nginx.workers().len()), (process, 0));
        nginx.stop();
        assert!(!nginx.path("nginx.pid").exists());
    });
}
