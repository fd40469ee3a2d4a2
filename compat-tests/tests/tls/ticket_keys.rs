//! Keys of tickets that are changed while sessions live: a session is resumed as long as its key is among those of the files.

use compat_tests::{reference, subject};

use super::{Scene, put, until};

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log notice;
events {}
http {
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    ssl_session_ticket_key tickets.key;
    ssl_session_ticket_key previous.key;
    server { listen 127.0.0.1:8080 ssl; return 200 "resumed '$ssl_session_reused'\n"; }
}
"#;

/// The keys of tickets from a reload on, with their lengths: 48 bytes are AES-128, 80 are AES-256.
fn rotate(scene: &Scene, current: (u8, usize), previous: (u8, usize)) {
    let before = scene.log().matches(" exited with code 0").count();
    for (name, (byte, length)) in [("tickets.key", current), ("previous.key", previous)] {
        put(scene.scratch.path(), name, &vec![byte; length]);
    }
    scene.reload();
    until("the old worker's end", || scene.log().matches(" exited with code 0").count() > before);
}

/// Whether the session of a file is resumed; the session that the client has then goes into another file.
fn resumes(scene: &Scene, version: &str, from: &str, to: &str) -> bool {
    let said = scene.ask(8080, &format!("{version} -sess_in {from} -sess_out {to}"));
    let (again, anew) = (said.contains("\nresumed 'r'\n"), said.contains("\nresumed '.'\n"));
    assert!(again != anew, "{said}");
    again
}

#[test]
fn a_session_lives_as_long_as_the_key_of_its_ticket() {
    for program in
        [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
    {
        let scene =
            &Scene::made_with(&program.nginx, CONFIGURATION, &[8080], |folder| put(folder, "previous.key", &[0; 48]));
        for version in ["-tls1_2", "-tls1_3"] {
            rotate(scene, (b'a', 48), (b'z', 80));
            scene.ask(8080, &format!("{version} -sess_out first"));
            assert!(resumes(scene, version, "first", "unused"));
            rotate(scene, (b'b', 80), (b'a', 48));
            assert!(resumes(scene, version, "first", "second"));
            rotate(scene, (b'c', 48), (b'b', 80));
            assert!(!resumes(scene, version, "first", "unused"));
            // What was resumed by the previous key has a ticket by the current one since. OpenSSL's client keeps that in TLS 1.3 only.
            assert!(version == "-tls1_2" || resumes(scene, version, "second", "unused"));
        }
    }
}
