//! TLS as its clients see it: certificates of clients, locked keys, stapled answers, keys for tickets. OpenSSL's client asks.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use compat_tests::ports::Ports;
use compat_tests::program::Server;
use compat_tests::scratch::Scratch;
use compat_tests::subject;

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

const AUTHORITY: &str = "\
[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n\
certificate = ca.crt\nprivate_key = ca.key\n";

struct Scene {
    scratch: Scratch,
    ports: Ports,
    _server: Server,
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

impl Scene {
    fn set() -> Self {
        Self::set_by(CONFIGURATION, &[8080, 8081, 8082])
    }

    fn set_by(configuration: &str, listening: &[u16]) -> Self {
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
        let answer = "ocsp -index index.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -issuer ca.crt -cert good.crt";
        openssl(folder, &format!("{answer} -ndays 1 -respout answer.der"), "");
        let mut ports = Ports::default();
        let text = ports.fill_in(configuration).expect("ports are free");
        scratch.write("nginx.conf", &text).expect("it can be written");
        let prefix = format!("{}/", folder.display());
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-e", "error.log"].map(str::to_owned);
        let listening: Vec<u16> = listening.iter().map(|&port| ports.real(port)).collect();
        let program = subject::ours().expect("evenkeel builds").nginx;
        let server = Server::start(&program, &arguments, folder, &listening).expect("it starts");
        Self { scratch, ports, _server: server }
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
