//! keepalived's `genhash`, asking a server that answers both programs alike.

use std::path::Path;
use std::process::Command;

use compat_tests::ports::Ports;
use compat_tests::scripted_upstream::ScriptedUpstream;
use compat_tests::{bytes, reference, subject};

/// What each answer of a server shows.
const ANSWERS: [&str; 6] = [
    "HTTP/1.0 200 OK\\r\\n\nX: y\\r\\n\n\\r\\n\nhello and more than sixteen bytes",
    "HTTP/1.1 404 Not Found\\r\\n\nContent-Length: 5\\r\\n\n\\r\\n\nhello, of which five count",
    "HTTP/1.1 200 OK\\r\\n\nTransfer-Encoding: chunked\\r\\n\n\\r\\n\n5\\r\\n\nhello\\r\\n\n0\\r\\n\n\\r\\n\n",
    "HTTP/1.0 200 OK\\n\nX: y\\n\n\\n\nhello",
    "hello",
    "",
];

fn ask(program: &Path, port: u16, words: &[&str]) -> String {
    let port = port.to_string();
    let always = ["--genhash", "-s", "127.0.0.1", "-p", &port, "-u", "/page?x=1"];
    let output = Command::new(program).args(always).args(words).output().expect("the program is there");
    let text = [output.stdout, output.stderr].concat();
    // The last line of `--verbose` is a time.
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(|line| line.split(" = ").next().unwrap_or_default());
    format!("{}\n{:?}", lines.collect::<Vec<_>>().join("\n"), output.status.code())
}

/// What a server is asked, and what the program says of its answer.
fn play(program: &Path, answer: &str, words: &[&str]) -> (String, String) {
    let mut ports = Ports::default();
    ports.fill_in("8081").expect("a port is free");
    let steps = bytes::read(answer).expect("the answer is well formed");
    let server = ScriptedUpstream::start(ports.real(8081), vec![steps]).expect("it listens");
    let said = ask(program, ports.real(8081), words);
    (ports.take_out(&said), ports.take_out(&server.asked()))
}

#[test]
fn answers_have_the_digest_that_keepalived_gives_them() {
    let original = reference::originals().expect("the original is installed").keepalived;
    let ours = subject::ours().expect("evenkeel builds").keepalived;
    for answer in ANSWERS {
        for words in [&[][..], &["-v"], &["-P", "1.1", "-V", "example.com"], &["-P", "1.0c"]] {
            assert_eq!(play(&ours, answer, words), play(&original, answer, words), "{answer:?} {words:?}");
        }
    }
}
