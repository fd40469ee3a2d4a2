//! Clients that speak plainly where TLS is wanted, or show no certificate, or one that nobody knows: pages, logs, `error_page`.

use std::io::{Read, Write};
use std::net::TcpStream;

use compat_tests::mask::Mask;
use compat_tests::{reference, subject};

use super::{Scene, openssl, show, until};

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    log_format short "$status $body_bytes_sent $ssl_client_verify '$request'";
    access_log access.log short;
    server_tokens off;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    ssl_verify_client on;
    ssl_client_certificate ca.crt;
    server { listen 127.0.0.1:8080 ssl; server_name plain; return 200 "said\n"; }
    server {
        listen 127.0.0.1:8081 ssl;
        server_name told;
        error_page 495 496 497 /told;
        location /told { return 200 "$status of $request_uri, $ssl_client_verify\n"; }
    }
    server {
        listen 127.0.0.1:8082 ssl;
        server_name sent;
        error_page 497 301 =307 https://secure.example$request_uri;
        error_page 495 =403 /page;
        error_page 496 =401 @page;
        location /page { return 410; }
        location @page { return 200 "named\n"; }
    }
    server { listen 127.0.0.1:8083 ssl; server_name both; listen 127.0.0.1:8084; ssl_verify_client optional; return 200 "$scheme\n"; }
}
"#;

const PLAIN: &[&str] = &[
    "GET / HTTP/1.0\r\n\r\n",
    "GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcGET /behind HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /\r\n",
    "no request\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
];

/// The lines of both logs but for those that tell each client's end.
fn logs(scene: &Scene) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(scene.scratch.path().join(name)).unwrap_or_default();
    let accesses = PORTS.len() * (PLAIN.len() + CERTIFICATES.len()) - 1;
    until("all accesses", || read("access.log").lines().count() >= accesses);
    let refusals = read("error.log");
    let refusals = refusals.lines().filter(|line| [" client s", " client SSL "].iter().any(|word| line.contains(word)));
    let mut mask = Mask::default();
    for port in PORTS {
        mask.word(scene.ports.real(*port).to_string(), "{port}");
    }
    read("access.log").lines().chain(refusals).map(|line| mask.apply(line)).collect()
}

const PORTS: &[u16] = &[8080, 8081, 8082, 8083];
const CERTIFICATES: &[&str] = &["", "own", "good"];

fn plainly(scene: &Scene, port: u16, request: &str) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", scene.ports.real(port))).expect("it listens");
    client.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    // What was not read may make the end a reset.
    drop(client.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn with_certificate(scene: &Scene, port: u16, name: &str) -> String {
    let shown = if name.is_empty() { String::new() } else { show(name) };
    let arguments = format!("s_client -connect 127.0.0.1:{} -quiet {shown}", scene.ports.real(port));
    let said = openssl(scene.scratch.path(), &arguments, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answer = said.find("HTTP/1.1").map(|start| &said[start..]).unwrap_or(&said);
    // What OpenSSL's client says of the handshake comes behind.
    let end = ["depth=", "Can't use", "Connecting to"].iter().filter_map(|word| answer.find(word)).min();
    answer[..end.unwrap_or(answer.len())].to_owned()
}

fn what_clients_get(scene: &Scene) -> Vec<String> {
    let mut told = Vec::new();
    for port in PORTS {
        for request in PLAIN {
            told.push(format!("{port} {request:?}: {}", plainly(scene, *port, request)));
        }
        for name in CERTIFICATES {
            told.push(format!("{port} shows '{name}': {}", with_certificate(scene, *port, name)));
        }
    }
    told.extend(logs(scene));
    told.iter().map(|text| Mask::default().apply(text)).collect()
}

#[test]
fn pages_and_logs_of_refused_clients_are_the_originals() {
    let [theirs, ours] =
        [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
            .map(|program| what_clients_get(&Scene::set_with(&program.nginx, CONFIGURATION, PORTS)));
    assert!(ours.iter().any(|told| told.contains("The plain HTTP request was sent to HTTPS port")), "{ours:#?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}
