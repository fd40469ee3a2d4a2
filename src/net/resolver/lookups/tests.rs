//! Lookups under virtual time, with scripted name servers.

use super::*;
use std::fmt::Write as _;

/// Notes what lookups do; random numbers count up.
#[derive(Default)]
struct Notes {
    text: String,
    sent: Vec<(usize, Transport, Vec<u8>)>,
    random: u32,
    sends_fail: bool,
}

impl Effects for Notes {
    fn send(&mut self, server: usize, over: Transport, question: &[u8]) -> bool {
        self.sent.push((server, over, question.to_vec()));
        !self.sends_fail
    }

    fn answer(&mut self, waiter: Waiter, outcome: Result<Found, Failure>) {
        let shown = match outcome {
            Ok(Found::Addresses(addresses, until)) => format!("{addresses:?} until {until}"),
            Ok(Found::Services(services, until)) => format!("{} services until {until}", services.len()),
            Err(failure) => failure.to_string(),
        };
        writeln!(self.text, "{waiter}: {shown}").expect("a string");
    }

    fn log(&mut self, text: String) {
        writeln!(self.text, "log: {text}").expect("a string");
    }

    fn random(&mut self) -> u32 {
        self.random += 1;
        self.random
    }
}

impl Notes {
    fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Answers the question sent last but `back`, with these records of its kind.
    fn reply(&self, back: usize, flags: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = self.sent[self.sent.len() - 1 - back].2.clone();
        message[2..4].copy_from_slice(&(0x8180 | flags).to_be_bytes());
        message[7] = records.len() as u8;
        for (kind, data) in records {
            message.extend([0xC0, 12]);
            message.extend(kind.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 20, 0, data.len() as u8]);
            message.extend(*data);
        }
        message
    }
}

fn lookups(servers: usize, ipv6: bool, valid_s: Option<i64>) -> Lookups {
    Lookups::new(Settings { servers, valid_s, ipv4: true, ipv6 })
}

const ONE: (u16, &[u8]) = (dns::A, &[127, 0, 0, 1]);
const SIX: (u16, &[u8]) = (dns::AAAA, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

#[test]
fn an_answer_holds_as_long_as_it_says() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"A.Example", 1, 100, &mut notes);
    lookups.ask(Kind::Addresses, b"a.example", 2, 100, &mut notes);
    assert_eq!(notes.sent.len(), 1, "one question serves both");
    lookups.receive(&notes.reply(0, 0, &[ONE]), Transport::Udp, 101, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1] until 121\n2: [127.0.0.1] until 121\n");
    lookups.ask(Kind::Addresses, b"a.example", 3, 121, &mut notes);
    assert_eq!(notes.take(), "3: [127.0.0.1] until 121\n");
    lookups.ask(Kind::Addresses, b"a.example", 4, 122, &mut notes);
    assert_eq!(notes.sent.len(), 2);
}

#[test]
fn valid_overrules_what_the_answer_says() {
    let (mut lookups, mut notes) = (lookups(1, false, Some(5)), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1] until 105\n");
}

#[test]
fn both_families_are_awaited() {
    let (mut lookups, mut notes) = (lookups(1, true, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[SIX]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "");
    lookups.receive(&notes.reply(1, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1, ::1] until 120\n");
}

#[test]
fn one_family_is_enough_unless_the_other_fails() {
    let (mut lookups, mut notes) = (lookups(1, true, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[]), Transport::Udp, 100, &mut notes);
    lookups.receive(&notes.reply(1, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1] until 120\n");
    lookups.ask(Kind::Addresses, b"b", 2, 100, &mut notes);
    lookups.receive(&notes.reply(0, 2, &[]), Transport::Udp, 100, &mut notes);
    lookups.receive(&notes.reply(1, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "2: 2: Server failure\n");
}

#[test]
fn failures_are_not_kept() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    for (waiter, flags, shown) in
        [(1, 3, "3: Host not found"), (2, 0, "3: Host not found"), (3, 5, "5: Operation refused")]
    {
        lookups.ask(Kind::Addresses, b"a", waiter, 100, &mut notes);
        lookups.receive(&notes.reply(0, flags, &[]), Transport::Udp, 100, &mut notes);
        assert_eq!(notes.take(), format!("{waiter}: {shown}\n"));
    }
    assert_eq!(notes.sent.len(), 3);
}

#[test]
fn silence_leads_to_the_next_server() {
    let (mut lookups, mut notes) = (lookups(2, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    assert_eq!(lookups.resend(104, &mut notes), Some(1));
    assert_eq!(lookups.resend(105, &mut notes), Some(5));
    assert_eq!(notes.sent.iter().map(|sent| sent.0).collect::<Vec<_>>(), [0, 1]);
    lookups.cancel(1);
    assert_eq!(lookups.resend(110, &mut notes), None);
    assert!(lookups.is_idle());
    lookups.ask(Kind::Addresses, b"b", 2, 110, &mut notes);
    assert_eq!(notes.sent.last().map(|sent| sent.0), Some(1), "each name begins with the next server");
}

#[test]
fn a_question_that_cannot_be_sent_goes_to_the_next_server_at_once() {
    let (mut lookups, mut notes) = (lookups(2, false, None), Notes { sends_fail: true, ..Notes::default() });
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    assert_eq!(notes.sent.iter().map(|sent| sent.0).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn what_is_cut_off_is_asked_for_over_tcp() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0x200, &[]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.sent.last().map(|sent| sent.1), Some(Transport::Tcp));
    lookups.receive(&notes.reply(0, 0, &[ONE]), Transport::Tcp, 100, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1] until 120\n");
}

#[test]
fn names_lead_to_names_and_end() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[(dns::CNAME, b"\x01b\0")]), Transport::Udp, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "1: [127.0.0.1] until 120\n");
    lookups.ask(Kind::Addresses, b"loop", 2, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[(dns::CNAME, b"\x04loop\0")]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "2: 3: Host not found\n");
}

#[test]
fn answers_that_nobody_asked_for_are_told_of() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    let mut wrong = notes.reply(0, 0, &[ONE]);
    wrong[1] = 9;
    lookups.receive(&wrong, Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "log: wrong ident 9 in DNS response for a, expect 1\n");
    lookups.receive(&notes.reply(0, 1, &[]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "log: DNS error (1: Format error), query id:1, name:\"a\"\n");
    lookups.receive(&notes.reply(0, 9, &[]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "log: DNS error (9: Unknown error), query id:1\n");
    let mut other = notes.reply(0, 0, &[ONE]);
    other[13] = b'z';
    lookups.receive(&other, Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "log: unexpected DNS response for z\n");
    lookups.receive(&notes.reply(0, 0x7000, &[]), Transport::Udp, 100, &mut notes);
    assert_eq!(notes.take(), "log: invalid UDP DNS response 1 fl:F180\n");
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let (mut lookups, mut notes) = (lookups(1, false, None), Notes::default());
    lookups.ask(Kind::Addresses, b"a", 1, 100, &mut notes);
    lookups.receive(&notes.reply(0, 0, &[ONE]), Transport::Udp, 100, &mut notes);
    lookups.ask(Kind::Addresses, b"b", 2, 131, &mut notes);
    assert_eq!(lookups.nodes.len(), 1);
}
