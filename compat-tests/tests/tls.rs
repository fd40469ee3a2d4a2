//! TLS as its clients see it: certificates of clients, locked keys, stapled answers, keys for tickets. OpenSSL's client asks.

#[path = "tls/key_log.rs"]
mod key_log;
#[path = "tls/kinds_of_keys.rs"]
mod kinds_of_keys;
#[path = "tls/misdirected.rs"]
mod misdirected;
#[path = "tls/not_as_asked.rs"]
mod not_as_asked;
#[path = "tls/ticket_keys.rs"]
mod ticket_keys;
#[path = "tls/written_certificates.rs"]
mod written_certificates;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use compat_tests::ports::Ports;
use compat_tests::program::Server;
use compat_tests::scratch::Scratch;
use compat_tests::{reference, subject};

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    ssl_certificate server.crt;
    ssl_certificate_key locked.key;
    ssl_password_file passwords;
    ssl_session_ticket_key tickets.key;
    add_header X-Verify $ssl_client_verify always;
    server {
        listen 127.0.0.1:8080 ssl;
        ssl_verify_client optional;
        ssl_client_certificate ca.crt;
        ssl_verify_depth 1;
        add_header X-Verify $ssl_client_verify always;
        add_header X-Start $ssl_client_v_start;
        add_header X-Cert $ssl_client_escaped_cert;
        return 200 "$ssl_client_s_dn|$ssl_client_i_dn|$ssl_client_s_dn_legacy|$ssl_client_i_dn_legacy|$ssl_client_serial|$ssl_client_v_remain\n";
    }
    server {
        listen 127.0.0.1:8081 ssl;
        ssl_verify_client on;
        ssl_client_certificate ca.crt;
        ssl_crl revoked.crl;
        return 200 "taken $ssl_client_fingerprint $ssl_client_v_end $ssl_client_cert $ssl_client_raw_cert\n";
    }
    server {
        listen 127.0.0.1:8082 ssl;
        ssl_verify_client optional_no_ca;
        ssl_trusted_certificate ca.crt;
        ssl_stapling on;
        ssl_stapling_file answer.der;
        return 200 "said\n";
    }
}
"#;

/// What becomes of a certificate is asked by the server of the request, which may be another one than that of the handshake.
const SHARED_ADDRESS: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    server {
        listen 127.0.0.1:8083 ssl;
        ssl_certificate server.crt;
        ssl_certificate_key open.key;
        return 200 "said\n";
    }
    server {
        listen 127.0.0.1:8083 ssl;
        server_name bare;
        ssl_verify_client on;
        return 200 "taken\n";
    }
    server {
        listen 127.0.0.1:8083 ssl;
        server_name twice;
        ssl_certificate server.crt;
        ssl_certificate_key open.key;
        ssl_verify_client optional;
        ssl_client_certificate twice.crt;
        return 200 "taken\n";
    }
}
"#;

/// Certificates that a name chooses, and sessions that two workers share.
const CHOSEN: &str = r#"
daemon off;
pid nginx.pid;
user root root;
worker_processes 2;
error_log error.log notice;
events {}
http {
    server {
        listen 127.0.0.1:8084 ssl;
        ssl_certificate $ssl_server_name.crt;
        ssl_certificate_key $ssl_server_name.key;
        ssl_certificate_cache max=8 valid=1h;
        ssl_ech_file never-read.pem;
        return 200 "offered $ssl_ciphers|$ssl_curves|$ssl_sigalgs|$ssl_sigalg|$ssl_ech_status\n";
    }
    server {
        listen 127.0.0.1:8085 ssl;
        ssl_certificate current.crt;
        ssl_certificate_key current.key;
        ssl_session_cache shared:sessions:1m;
        ssl_session_tickets off;
        return 200 "said\n";
    }
    server {
        listen 127.0.0.1:8086 ssl;
        ssl_certificate current.crt;
        ssl_certificate_key current.key;
        ssl_session_cache shared:sessions:1m;
        return 200 "said\n";
    }
}
"#;

/// A responder is asked about the server's certificate, and about that of each client.
const RESPONDER: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    ssl_certificate good.crt;
    ssl_certificate_key good.key;
    ssl_trusted_certificate ca.crt;
    server {
        listen 127.0.0.1:8087 ssl;
        ssl_stapling on;
        ssl_stapling_verify on;
        ssl_stapling_responder http://127.0.0.1:8089/;
        return 200 "said\n";
    }
    server {
        listen 127.0.0.1:8088 ssl;
        ssl_verify_client on;
        ssl_client_certificate ca.crt;
        ssl_ocsp leaf;
        ssl_ocsp_responder http://127.0.0.1:8089/;
        ssl_ocsp_cache shared:answers:1m;
        add_header X-Verify $ssl_client_verify always;
        return 200 "taken\n";
    }
}
"#;

const AUTHORITY: &str = "\
[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n\
certificate = ca.crt\nprivate_key = ca.key\n";

struct Scene {
    scratch: Scratch,
    ports: Ports,
    _server: Server,
}

/// Waits for something that has to come about soon.
fn until(what: &str, mut has_come: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !has_come() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn openssl(folder: &Path, arguments: &str, input: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("openssl is installed");
    let mut pipe = child.stdin.take().expect("it has an input");
    // It may end before it has read everything.
    drop(pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    drop(pipe);
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Gives a certificate and its key another name.
fn scene_copy(folder: &Path, from: &str, to: &str) {
    for kind in ["crt", "key"] {
        let contents = std::fs::read(folder.join(format!("{from}.{kind}"))).expect("it is there");
        put(folder, &format!("{to}.{kind}"), &contents);
    }
}

/// Puts a file in another one's place, as a reload has to see it: both servers take a file with a known inode and second of change
/// for the known one, and a new file may get the inode of one that is gone.
fn put(folder: &Path, name: &str, contents: &[u8]) {
    static LATER: AtomicU64 = AtomicU64::new(2);
    let new = folder.join(format!("{name}.new"));
    let mut file = std::fs::File::create(&new).expect("it can be written");
    let modified = SystemTime::now() + Duration::from_secs(LATER.fetch_add(2, Ordering::Relaxed));
    file.write_all(contents).and_then(|()| file.set_modified(modified)).expect("it can be written");
    std::fs::rename(new, folder.join(name)).expect("it is in the same folder");
}

impl Scene {
    fn set() -> Self {
        Self::set_by(CONFIGURATION, &[8080, 8081, 8082])
    }

    fn set_by(configuration: &str, listening: &[u16]) -> Self {
        Self::set_with(&subject::ours().expect("evenkeel builds").nginx, configuration, listening)
    }

    fn set_with(program: &Path, configuration: &str, listening: &[u16]) -> Self {
        Self::made_with(program, configuration, listening, |_| {})
    }

    /// Starts another program in the same folder, with the same certificates.
    fn again_with(self, program: &Path, configuration: &str, listening: &[u16]) -> Self {
        let Self { scratch, _server: server, .. } = self;
        drop(server);
        let mut ports = Ports::default();
        let server = Server::start_nginx(program, configuration, &scratch, &mut ports, listening).expect("it starts");
        Self { scratch, ports, _server: server }
    }

    fn made_with(program: &Path, configuration: &str, listening: &[u16], make_more: impl FnOnce(&Path)) -> Self {
        let scratch = Scratch::new().expect("there is room for a scratch directory");
        let folder = scratch.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
        for (file, text) in [("ca.cnf", AUTHORITY), ("index.txt", ""), ("passwords", "wrong\nright\n")] {
            scratch.write(file, text).expect("it can be written");
        }
        scratch.write("tickets.key", &"k".repeat(48)).expect("it can be written");
        openssl(folder, &format!("req -x509 {key} -nodes -keyout ca.key -out ca.crt -days 9 -subj /O=House/CN=ca"), "");
        let server = "-keyout open.key -out server.crt -days 9 -subj /CN=localhost";
        openssl(folder, &format!("req -x509 {key} -nodes {server}"), "");
        openssl(folder, "pkcs8 -topk8 -v2 aes256 -in open.key -out locked.key -passout pass:right", "");
        for (name, serial) in [("good", "0x2a"), ("bad", "0x2b")] {
            let request = format!("req {key} -nodes -keyout {name}.key -out {name}.csr -subj /C=DE/CN={name}");
            openssl(folder, &request, "");
            let sign = format!("x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -set_serial {serial} -days 9");
            openssl(folder, &format!("{sign} -out {name}.crt"), "");
        }
        openssl(folder, &format!("req -x509 {key} -nodes -keyout own.key -out own.crt -days 9 -subj /CN=own"), "");
        let authority = std::fs::read_to_string(folder.join("ca.crt")).expect("it was made");
        scratch.write("twice.crt", &authority.repeat(2)).expect("it can be written");
        openssl(folder, "ca -config ca.cnf -revoke bad.crt", "");
        openssl(folder, "ca -config ca.cnf -gencrl -out revoked.crl", "");
        scene_copy(folder, "good", "current");
        let answer = "ocsp -index index.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -issuer ca.crt -cert good.crt";
        openssl(folder, &format!("{answer} -ndays 1 -respout answer.der"), "");
        make_more(folder);
        let mut ports = Ports::default();
        let server = Server::start_nginx(program, configuration, &scratch, &mut ports, listening).expect("it starts");
        Self { scratch, ports, _server: server }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("error.log")).unwrap_or_default()
    }

    /// A line may come a moment after what the client is told.
    fn has_logged(&self, text: &str, times: usize) {
        until(text, || self.log().matches(text).count() == times);
    }

    /// What the access log says in the end.
    fn has_accessed(&self, lines: &str) {
        let log = self.scratch.path().join("access.log");
        until(lines, || std::fs::read_to_string(&log).is_ok_and(|written| written == lines));
    }

    /// Asks for a reload.
    fn reload(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.scratch.path().join("nginx.pid")).expect("it runs");
        let signal = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", pid.trim())).status();
        assert!(signal.is_ok_and(|status| status.success()));
    }

    /// What OpenSSL's client shows of a request.
    fn ask(&self, port: u16, options: &str) -> String {
        self.ask_host("localhost", port, options)
    }

    fn ask_host(&self, host: &str, port: u16, options: &str) -> String {
        let arguments = format!("s_client -connect 127.0.0.1:{} -ign_eof {options}", self.ports.real(port));
        openssl(self.scratch.path(), &arguments, &format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n"))
    }
}

fn show(name: &str) -> String {
    format!("-cert {name}.crt -key {name}.key")
}

#[test]
fn clients_show_certificates() {
    let scene = Scene::set();
    let good = scene.ask(8080, &show("good"));
    assert!(good.contains("X-Verify: SUCCESS\r\n"), "{good}");
    assert!(good.contains("CN=good,C=DE|CN=ca,O=House|/C=DE/CN=good|/O=House/CN=ca|2A|"), "{good}");
    // Nine days from when it was made, in whole days: nine only within the same second.
    assert!(good.contains("|2A|8\n") || good.contains("|2A|9\n"), "{good}");
    assert!(good.contains("X-Cert: -----BEGIN%20CERTIFICATE-----%0A"), "{good}");
    let none = scene.ask(8080, "");
    assert!(none.contains("HTTP/1.1 200 OK\r\n") && none.contains("X-Verify: NONE\r\n"), "{none}");
    let own = scene.ask(8080, &show("own"));
    assert!(own.contains("HTTP/1.1 400 Bad Request\r\n"), "{own}");
    assert!(own.contains("X-Verify: FAILED:self-signed certificate\r\n"), "{own}");
    assert!(own.contains("<center>The SSL certificate error</center>"), "{own}");
}

#[test]
fn a_certificate_is_needed_and_may_be_revoked() {
    let scene = Scene::set();
    let good = scene.ask(8081, &show("good"));
    assert!(good.contains("\ntaken ") && good.contains(" GMT -----BEGIN CERTIFICATE-----\n\t"), "{good}");
    let bad = scene.ask(8081, &show("bad"));
    assert!(bad.contains("X-Verify: FAILED:certificate revoked\r\n"), "{bad}");
    let none = scene.ask(8081, "");
    assert!(none.contains("<center>No required SSL certificate was sent</center>"), "{none}");
}

#[test]
fn answers_are_stapled_and_tickets_open_by_the_key_of_a_file() {
    let scene = Scene::set();
    let said = scene.ask(8082, &format!("{} -status", show("own")));
    assert!(said.contains("OCSP Response Status: successful"), "{said}");
    assert!(said.contains("X-Verify: FAILED:self-signed certificate\r\n") && said.contains("\nsaid\n"), "{said}");
    let first = scene.ask(8080, "-tls1_2 -sess_out session");
    assert!(first.contains("New, TLSv1.2"), "{first}");
    let second = scene.ask(8080, "-tls1_2 -sess_in session");
    assert!(second.contains("Reused, TLSv1.2"), "{second}");
}

#[test]
fn servers_of_one_address_ask_for_themselves() {
    let scene = Scene::set_by(SHARED_ADDRESS, &[8083]);
    let bare = scene.ask_host("bare", 8083, "-servername bare");
    assert!(bare.contains("<center>No required SSL certificate was sent</center>"), "{bare}");
    let twice = scene.ask(8083, "-servername twice");
    assert_eq!(twice.matches("O=House, CN=ca").count() + twice.matches("O = House, CN = ca").count(), 1, "{twice}");
}

#[test]
fn a_name_chooses_the_certificate() {
    // What is kept is kept by each worker.
    let scene = Scene::set_by(&CHOSEN.replace("worker_processes 2", "worker_processes 1"), &[8084]);
    let offer = "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 -groups P-256:X448 -sigalgs ECDSA+SHA256:RSA-PSS+SHA256";
    let good = scene.ask(8084, &format!("-servername good {offer}"));
    assert!(good.contains("subject=C = DE, CN = good") || good.contains("subject=C=DE, CN=good"), "{good}");
    assert!(
        good.contains(
            "\noffered TLS_AES_128_GCM_SHA256:TLS_EMPTY_RENEGOTIATION_INFO_SCSV|prime256v1:X448|0x0403:0x0804||\n"
        ),
        "{good}"
    );
    assert!(scene.log().contains("\"ssl_ech_file\" is not supported on this platform, ignored"), "{}", scene.log());
    let none = scene.ask(8084, "-servername nobody");
    assert!(none.contains("alert internal error"), "{none}");
    let log = scene.log();
    assert!(
        log.contains("[error]") && log.contains("cannot load certificate \"") && log.contains("/nobody.crt\""),
        "{log}"
    );
    scene_copy(scene.scratch.path(), "own", "good");
    let kept = scene.ask(8084, "-servername good");
    assert!(kept.contains("CN = good") || kept.contains("CN=good"), "{kept}");
}

#[test]
fn a_kept_certificate_that_does_not_fit_its_key_is_read_anew() {
    let scene = Scene::set_by(&CHOSEN.replace("worker_processes 2", "worker_processes 1"), &[8084]);
    let place = scene.scratch.path();
    let copy = |from: &str, to: &str| std::fs::copy(place.join(from), place.join(to)).expect("it can be copied");
    copy("good.crt", "half.crt");
    copy("own.key", "half.key");
    let mismatch = scene.ask(8084, "-servername half");
    assert!(mismatch.contains("alert internal error"), "{mismatch}");
    copy("own.crt", "half.crt");
    let anew = scene.ask(8084, "-servername half");
    assert!(anew.contains("CN = own") || anew.contains("CN=own"), "{anew}");
}

#[test]
fn workers_share_sessions_over_a_reload() {
    let scene = Scene::set_by(CHOSEN, &[8085, 8086]);
    let (by_name, by_ticket) = ("-tls1_2 -no_ticket", "-tls1_3");
    for (port, options) in [(8085, by_name), (8086, by_ticket)] {
        let first = scene.ask(port, &format!("{options} -sess_out session{port}"));
        assert!(first.contains("New, TLSv1"), "{first}");
    }
    let resumes = |port: u16, options: &str| {
        // Whichever worker takes it.
        for _ in 0..4 {
            let again = scene.ask(port, &format!("{options} -sess_in session{port}"));
            assert!(again.contains("Reused, TLSv1"), "{again}");
        }
    };
    resumes(8085, by_name);
    scene.reload();
    until("the old workers' end", || scene.log().matches(" exited with code 0").count() >= 2);
    resumes(8085, by_name);
    let again = scene.ask(8086, &format!("{by_ticket} -sess_in session8086"));
    assert!(again.contains("Reused, TLSv1.3"), "{again}");
}

#[test]
fn a_reload_takes_a_new_certificate_and_no_broken_one() {
    let scene = Scene::set_by(CHOSEN, &[8086]);
    put(scene.scratch.path(), "current.crt", b"-----BEGIN CERTIFICATE-----\n");
    scene.reload();
    until("the fault", || scene.log().contains("[emerg]"));
    assert!(scene.log().contains("cannot load certificate \""), "{}", scene.log());
    let before = scene.ask(8086, "");
    assert!(before.contains("CN = good") || before.contains("CN=good"), "{before}");
    scene_copy(scene.scratch.path(), "own", "current");
    scene.reload();
    until("the old workers' end", || scene.log().matches(" exited with code 0").count() >= 2);
    let after = scene.ask(8086, "");
    assert!(after.contains("CN = own") || after.contains("CN=own"), "{after}");
}

/// nginx looks at inode and time of change alone, to the second.
#[test]
fn a_reload_reads_only_certificates_that_have_changed() {
    let rewritten = |scene: &Scene| {
        for kind in ["crt", "key"] {
            let path = scene.scratch.path().join(format!("current.{kind}"));
            let modified = std::fs::metadata(&path).and_then(|found| found.modified()).expect("it is there");
            let other = std::fs::read(scene.scratch.path().join(format!("own.{kind}"))).expect("it was made");
            let mut file = std::fs::File::options().write(true).truncate(true).open(&path).expect("it is ours");
            file.write_all(&other).and_then(|()| file.set_modified(modified)).expect("it can be written");
        }
        scene.reload();
        until("the old workers' end", || scene.log().matches(" exited with code 0").count() >= 2);
        scene.ask(8086, "")
    };
    let scene = Scene::set_by(CHOSEN, &[8086]);
    let kept = rewritten(&scene);
    assert!(kept.contains("CN = good") || kept.contains("CN=good"), "{kept}");
    let anew = format!("ssl_object_cache_inheritable off;{CHOSEN}");
    let scene = Scene::set_by(&anew, &[8086]);
    let read = rewritten(&scene);
    assert!(read.contains("CN = own") || read.contains("CN=own"), "{read} {}", scene.log());
}

/// OpenSSL's responder, which answers so many questions; each question is a connection.
struct Asked(std::process::Child);

impl Asked {
    fn start(scene: &Scene, questions: u8) -> Self {
        let port = scene.ports.real(8089);
        let arguments = format!(
            "ocsp -index index.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -ndays 1 -port {port} -nrequest {questions}"
        );
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(scene.scratch.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let responder = Self(child.expect("openssl is installed"));
        let listens = || std::net::TcpListener::bind(("127.0.0.1", port)).is_err();
        until("the responder", listens);
        responder
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn responders_are_asked() {
    let scene = Scene::set_by(RESPONDER, &[8087, 8088]);
    let nobody = scene.ask(8088, &show("good"));
    assert!(nobody.contains("X-Verify: FAILED:certificate status request failed\r\n"), "{nobody}");
    // What OpenSSL's list of certificates knows are those that it signed, or revoked.
    let folder = scene.scratch.path();
    let known = std::fs::read_to_string(folder.join("index.txt")).expect("it was made");
    let (revoked, tail) = known.trim_end().rsplit_once("\t2B\t").expect("one is revoked");
    let expiry = revoked.split('\t').nth(1).expect("a time");
    scene.scratch.write("index.txt", &format!("{known}V\t{expiry}\t\t2A\t{tail}\n")).expect("it can be written");
    let _responder = Asked::start(&scene, 9);
    let good = scene.ask(8088, &show("good"));
    assert!(good.contains("X-Verify: SUCCESS\r\n"), "{good} {}", scene.log());
    let bad = scene.ask(8088, &show("bad"));
    assert!(bad.contains("X-Verify: FAILED:certificate revoked\r\n"), "{bad} {}", scene.log());
    // The first client makes the server ask, and waits for nobody.
    until("an answer to be stapled", || scene.ask(8087, "-status").contains("OCSP Response Status: successful"));
}

/// What a handshake comes to by the server's settings; each of these has a port of its own.
const HANDSHAKES: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    ssl_certificate own.crt;
    ssl_certificate_key own.key;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    ssl_protocols TLSv1.2;
    ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256;
    server { listen 127.0.0.1:8080 ssl; return 200 "took $ssl_cipher\n"; }
    server { listen 127.0.0.1:8081 ssl; ssl_prefer_server_ciphers on; return 200 "took $ssl_cipher\n"; }
    server { listen 127.0.0.1:8082 ssl; ssl_ecdh_curve secp384r1; return 200 "took $ssl_curve\n"; }
    server { listen 127.0.0.1:8083 ssl; ssl_reject_handshake on; return 200 "took\n"; }
    server { listen 127.0.0.1:8084 ssl; ssl_session_timeout 7m; return 200 "took\n"; }
    server { listen 127.0.0.1:8085 ssl; ssl_session_tickets off; return 200 "took\n"; }
    server { listen 127.0.0.1:8086 ssl; ssl_protocols TLSv1.3; return 200 "took\n"; }
    server { listen 127.0.0.1:8087 ssl; ssl_buffer_size 1k; root .; }
    server { listen 127.0.0.1:8088 ssl; root .; }
    server { listen 127.0.0.1:8089 ssl sndbuf=4k; return 200 "took\n"; }
}
"#;

/// Plays a scenario of handshakes with the original, then with evenkeel.
fn both(scenario: impl Fn(&Scene)) {
    with_both(HANDSHAKES, 8080..=8089, scenario);
}

/// Plays a scenario with the original, then with evenkeel.
fn with_both(configuration: &str, listening: RangeInclusive<u16>, scenario: impl Fn(&Scene)) {
    let listening: Vec<u16> = listening.collect();
    for program in
        [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
    {
        scenario(&Scene::set_with(&program.nginx, configuration, &listening));
    }
}

#[test]
fn the_server_says_which_ciphers_and_curves_there_are() {
    both(|scene| {
        let strong_last = "-cipher ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
        let clients_choice = scene.ask(8080, strong_last);
        assert!(clients_choice.contains("took ECDHE-ECDSA-AES128-GCM-SHA256\n"), "{clients_choice}");
        let servers_choice = scene.ask(8081, strong_last);
        assert!(servers_choice.contains("took ECDHE-ECDSA-AES256-GCM-SHA384\n"), "{servers_choice}");
        let none = scene.ask(8080, "-cipher ECDHE-ECDSA-CHACHA20-POLY1305");
        assert!(none.contains("alert handshake failure") && !none.contains("took"), "{none}");
        let no_key = scene.ask(8080, "-cipher ECDHE-RSA-AES256-GCM-SHA384");
        assert!(no_key.contains("alert handshake failure") && !no_key.contains("took"), "{no_key}");
        let logged =
            "SSL_do_handshake() failed (SSL: error:0A0000C1:SSL routines::no shared cipher) while SSL handshaking";
        // Nor can it check a key that is of another curve than those it names.
        let other_curve = scene.ask(8080, "-groups P-384");
        assert!(other_curve.contains("alert handshake failure") && !other_curve.contains("took"), "{other_curve}");
        scene.has_logged(logged, 3);
        let curve = scene.ask(8082, "-groups X25519:P-256:P-384");
        assert!(curve.contains("took secp384r1\n"), "{curve}");
        let no_curve = scene.ask(8082, "-tls1_2 -groups X25519:P-256");
        assert!(no_curve.contains("alert handshake failure") && !no_curve.contains("took"), "{no_curve}");
        scene.has_logged(logged, 4);
    });
}

#[test]
fn what_a_client_does_wrong_is_logged() {
    with_both(DEMANDING, 8080..=8080, |scene| {
        let address = ("127.0.0.1", scene.ports.real(8080));
        let ask = |mut plain: TcpStream| plain.write_all(b"GET / HTTP/1.0\r\n\r\n");
        TcpStream::connect(address).and_then(ask).expect("it takes a request");
        drop(TcpStream::connect(address).expect("it listens"));
        scene.ask(8080, "-tls1_2 -cipher AES128-SHA");
        let reading =
            "while reading client request headers, client: 127.0.0.1, server: localhost, request: \"GET / HTTP/1.0\"";
        for line in [
            format!(" client sent plain HTTP request to HTTPS port {reading}"),
            " client closed connection while SSL handshaking, client: 127.0.0.1".to_owned(),
            " SSL_read_early_data() failed (SSL: error:".to_owned(),
        ] {
            until(&line, || scene.log().contains(&line));
        }
    });
}

const DEMANDING: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    ssl_client_certificate ca.crt;
    server { listen 127.0.0.1:8080 ssl; server_name localhost; ssl_verify_client on; ssl_early_data on; }
}
"#;

#[test]
fn a_handshake_is_rejected() {
    both(|scene| {
        let old = scene.ask(8080, "-tls1_1 -cipher DEFAULT@SECLEVEL=0");
        assert!(old.contains("alert protocol version"), "{old}");
        let logged = "(SSL: error:0A000102:SSL routines::unsupported protocol) while SSL handshaking";
        scene.has_logged(logged, 1);
        let rejected = scene.ask(8083, "");
        assert!(rejected.contains("unrecognized name") && !rejected.contains("took"), "{rejected}");
        assert!(scene.log().contains(" handshake rejected while SSL handshaking"), "{}", scene.log());
        let not_so_new = scene.ask(8086, "-tls1_2");
        assert!(not_so_new.contains("alert protocol version"), "{not_so_new}");
    });
}

const NAMED: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    server { listen 127.0.0.1:8080 ssl; server_name first; add_header X-Own first always; return 200; }
    server { listen 127.0.0.1:8080 ssl; server_name second; add_header X-Own second always; return 200; }
    server { listen 127.0.0.1:8081 ssl; ssl_protocols TLSv1.1; return 200 "took\n"; }
}
"#;

#[test]
fn a_connection_is_its_server_s_that_the_hello_names() {
    let whole = |host: &str| format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    with_both(NAMED, 8080..=8081, |scene| {
        let says = |name: &str, input: &str| {
            let arguments = format!("s_client -connect 127.0.0.1:{} -quiet -servername {name}", scene.ports.real(8080));
            openssl(scene.scratch.path(), &arguments, input)
        };
        for (name, input, expected) in [
            ("second", "no request\r\n".to_owned(), "400 second"),
            ("second", "GET / HTTP/1.0\r\n\r\n".to_owned(), "200 first"),
            ("second", whole("nobody") + "no request\r\n", "400 second"),
            ("second", whole("first") + "no request\r\n", "400 second"),
            ("nobody", whole("second") + "no request\r\n", "400 first"),
        ] {
            let said = says(name, &input);
            let lines = said.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ").or(line.strip_prefix("X-Own: ")));
            let last: Vec<_> = lines.collect();
            let [.., status, own] = &*last else { panic!("{name} {input}: {said}") };
            assert_eq!(format!("{} {own}", &status[..3]), expected, "{name} {input}: {said}");
        }
        let behind = "while reading client pipelined request line, client: 127.0.0.1, server: second, request";
        scene.has_logged(behind, 2);
        let too_new = scene.ask(8081, "-tls1_3");
        assert!(too_new.contains("alert protocol version"), "{too_new}");
    });
}

/// nginx 1.25.1 dropped it.
#[test]
fn an_old_line_still_begins_a_handshake() {
    let scene = Scene::set_by(&HANDSHAKES.replace("8080 ssl;", "8080; ssl on;"), &[8080]);
    let old = scene.ask(8080, "");
    assert!(old.contains("took ECDHE-ECDSA-AES256-GCM-SHA384\n"), "{old}");
}

#[test]
fn tickets_last_as_long_as_sessions_or_are_not_given() {
    both(|scene| {
        let ticket = scene.ask(8084, "");
        assert!(ticket.contains("TLS session ticket lifetime hint: 420 (seconds)"), "{ticket}");
        let none = scene.ask(8085, "");
        assert!(none.contains("took\n") && !none.contains("TLS session ticket"), "{none}");
    });
}

/// The client shows the five bytes that begin each record: the last two are its length.
#[test]
fn records_are_as_long_as_the_buffer() {
    both(|scene| {
        scene.scratch.write("index.html", &"x".repeat(5000)).expect("it can be written");
        let longest = |port| {
            let seen = scene.ask(port, "-msg");
            assert!(seen.matches('x').count() >= 5000, "{seen}");
            let heads = seen.split("<<< TLS 1.2, RecordHeader [length 0005]\n").skip(1);
            let lengths = heads.filter_map(|head| head.trim_start().strip_prefix("17 03 03 ")?.get(..5));
            let length = |hex: &str| usize::from_str_radix(&hex.replace(' ', ""), 16).expect("two bytes");
            lengths.map(length).max().unwrap_or_else(|| panic!("no record in {seen}"))
        };
        // Number and tag of AES-GCM take 24 bytes.
        assert_eq!(longest(8087), 1024 + 24);
        assert!(longest(8088) > 4 * 1024);
    });
}

/// The last certificate of a kind is the one that counts.
#[test]
fn a_certificate_takes_the_place_of_one_of_its_kind() {
    both(|scene| {
        let shown = scene.ask(8080, "");
        assert!(shown.contains("CN = localhost") || shown.contains("CN=localhost"), "{shown}");
    });
}

/// With little room in the socket, every answer has to wait for the client.
#[test]
fn a_client_that_takes_its_answers_slowly_gets_them_all() {
    both(|scene| {
        let requests = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(300);
        let last = "GET / HTTP/1.0\r\n\r\n";
        let arguments = format!("s_client -connect 127.0.0.1:{} -quiet", scene.ports.real(8089));
        let answers = openssl(scene.scratch.path(), &arguments, &(requests + last));
        assert_eq!(answers.matches("\ntook\n").count(), 301, "{answers} {}", scene.log());
    });
}

/// Its client sends `R` as a wish for another handshake, and ends when it is told that there is none.
#[test]
fn a_second_handshake_is_refused() {
    both(|scene| {
        let arguments = format!("s_client -connect 127.0.0.1:{} -tls1_2", scene.ports.real(8080));
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(scene.scratch.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut client = command.spawn().expect("openssl is installed");
        let mut wish = client.stdin.take().expect("it has an input");
        wish.write_all(b"R\n").expect("it reads");
        until("the client's end", || client.try_wait().expect("it is ours").is_some());
        let said = client.wait_with_output().expect("it has ended");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("no renegotiation"), "{said}");
        drop(wish);
    });
}

/// A hello in pieces, and between them a record of another kind. Its first record is too short to tell a version.
#[test]
fn an_interrupted_hello_is_an_unexpected_message() {
    both(|scene| {
        let mut client = TcpStream::connect(("127.0.0.1", scene.ports.real(8080))).expect("it listens");
        let pieces = [22, 3, 1, 0, 2, 1, 0, 23, 3, 3, 0, 1, 0, 22, 3, 1, 0, 1, 0];
        client.write_all(&pieces).expect("it reads");
        let mut told = Vec::new();
        // The original leaves something unread, and so ends with a reset.
        drop(client.read_to_end(&mut told));
        assert!(matches!(told[..], [21, 3, _, 0, 2, 2, 10]), "{told:?} {}", scene.log());
    });
}

/// Data before the end of the handshake.
const EARLY: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    # nginx before 1.23.4 has TLS 1.3 only by name.
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate current.crt;
    ssl_certificate_key current.key;
    ssl_session_cache shared:sessions:1m;
    server { listen 127.0.0.1:8080 ssl; ssl_early_data on; return 200 "early '$ssl_early_data' $ssl_session_reused\n"; }
    server { listen 127.0.0.1:8081 ssl; return 200 "early '$ssl_early_data' $ssl_session_reused\n"; }
    server {
        listen 127.0.0.1:8082 ssl;
        ssl_early_data on;
        location / { proxy_pass http://127.0.0.1:8083; proxy_set_header Early-Data $ssl_early_data; }
    }
    server {
        listen 127.0.0.1:8083;
        if ($http_early_data) { return 425; }
        return 200 "late\n";
    }
}
"#;

impl Scene {
    /// What OpenSSL's client shows of a request that it sends before the end of its handshake, and of one behind that.
    fn ask_early(&self, port: u16, session: &str) -> String {
        self.scratch.write("request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it can be written");
        self.ask(port, &format!("-tls1_3 -sess_in {session} -early_data request"))
    }

    /// Makes a session, and keeps it.
    fn begin_session(&self, port: u16, name: &str) -> String {
        let first = self.ask(port, &format!("-tls1_3 -sess_out {name}"));
        assert!(first.contains("New, TLSv1.3"), "{first}");
        first
    }
}

#[test]
fn a_request_comes_before_the_end_of_its_handshake() {
    with_both(EARLY, 8080..=8083, |scene| {
        let first = scene.begin_session(8080, "session");
        assert!(first.contains("Max Early Data: 16384") && first.contains("\nearly '' .\n"), "{first}");
        // The original may know of the handshake's end before it looks at the request.
        until("a request that is early, and one that is not", || {
            scene.begin_session(8080, "session");
            let resumed = scene.ask_early(8080, "session");
            assert!(resumed.contains("Early data was accepted") && resumed.contains("Reused, TLSv1.3"), "{resumed}");
            resumed.lines().filter(|line| line.starts_with("early ")).eq(["early '1' r", "early '' r"])
        });
        let first = scene.begin_session(8081, "other");
        assert!(first.contains("Max Early Data: 0"), "{first}");
        until("a backend that is told of an early request, and of one that is not", || {
            scene.begin_session(8082, "proxied");
            let told = scene.ask_early(8082, "proxied");
            told.contains("HTTP/1.1 425 ") && told.contains("\nlate\n")
        });
    });
}

#[test]
fn early_data_is_not_taken_with_another_certificate() {
    with_both(EARLY, 8080..=8083, |scene| {
        scene.begin_session(8080, "session");
        scene_copy(scene.scratch.path(), "own", "current");
        scene.reload();
        // The old worker could still take a connection.
        until("the old worker's end", || scene.log().contains("exited with code 0"));
        until("the new certificate", || scene.ask(8080, "").replace(' ', "").contains("CN=own"));
        let refused = scene.ask_early(8080, "session");
        assert!(refused.contains("Early data was rejected"), "{refused}");
        let answers: Vec<&str> = refused.lines().filter(|line| line.starts_with("early ")).collect();
        assert_eq!(answers, ["early '' ."], "{refused}");
    });
}

/// nginx takes the same early data as often as it comes (`SSL_OP_NO_ANTI_REPLAY`).
#[test]
fn early_data_is_taken_once() {
    let scene = Scene::set_by(EARLY, &[8080]);
    scene.begin_session(8080, "session");
    let first = scene.ask_early(8080, "session");
    assert!(first.contains("Early data was accepted"), "{first}");
    let second = scene.ask_early(8080, "session");
    assert!(second.contains("Early data was rejected") && second.contains("\nearly '' .\n"), "{second}");
}
