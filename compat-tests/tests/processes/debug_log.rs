//! What the error log tells at debug: evenkeel has a part of nginx's lines, which for each connection are nginx's, in its order.

use std::collections::BTreeMap;
use std::path::Path;

use crate::running::{Running, until};
use crate::{original, ours};

const SERVER: &str = "
    error_log @PREFIX@/error.log LEVEL;
    pid nginx.pid;
    events { debug_connection CLIENT; }
    http {
        access_log off;
        server_tokens off;
        server {
            listen 127.0.0.1:8080;
            listen [::1]:8080;
            root html;
            rewrite ^/old(.*)$ /proxied$1?more=1 last;
            error_page 404 = @missing;
            location / { }
            location = /here { return 204; }
            location /tried/ { try_files $uri $uri/ /index.html; }
            location /refused/ { try_files $uri/ =403; }
            location /proxied/ {
                proxy_http_version 1.1;
                proxy_set_header Connection close;
                proxy_set_header X-Added yes;
                proxy_pass http://127.0.0.1:8080/here?;
            }
            location @missing { return 200 \"first\\n\"; }
        }
    }
";

const PATHS: [&str; 6] = ["/", "/tried/nowhere", "/refused/a", "/nowhere?a=b", "/old/x", "/here"];

/// A client that never comes.
const NOBODY: &str = "192.0.2.1";

/// How the lines begin that evenkeel has, behind the number of their connection.
const SHARED: [&str; 19] = [
    "accept: ",
    "http request line: ",
    "http uri: ",
    "http args: ",
    "http exten: ",
    "http header: ",
    "http header done",
    "using configuration ",
    "using location: ",
    "http cl:",
    "open index ",
    "internal redirect: ",
    "http filename: ",
    "trying to use ",
    "http proxy header",
    "http proxy status ",
    "connect to ",
    "HTTP/1.1 ",
    "close http connection: ",
];

/// What a server says of each connection, in the order in which they came.
fn play(program: &Path, level: &str, client: &str, ask: impl Fn(&Running)) -> Vec<Vec<String>> {
    let nginx = Running::prepare(program, &SERVER.replace("LEVEL", level).replace("CLIENT", client));
    std::fs::create_dir(nginx.path("html")).expect("a folder");
    std::fs::write(nginx.path("html/index.html"), "first\n").expect("a page");
    nginx.begin();
    ask(&nginx);
    nginx.stop();
    told(&nginx)
}

fn told(nginx: &Running) -> Vec<Vec<String>> {
    let log = nginx.log().replace(&nginx.path("").display().to_string(), "PREFIX/");
    let log = log.replace(&nginx.port().to_string(), "PORT");
    let mut connections: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in log.lines() {
        let Some((_, text)) = line.split_once("[debug] ") else { continue };
        let Some((number, text)) = text.split_once(": *").and_then(|(_, text)| text.split_once(' ')) else { continue };
        // When it was is chance, and where `Host` stands among headers that are set depends on nginx's version.
        if text.contains("header: \"Date: ") || text.contains("header: \"Host: ") {
            continue;
        }
        if SHARED.iter().any(|beginning| text.starts_with(beginning)) {
            let number = number.parse().expect("a connection has a number");
            connections.entry(number).or_default().push(without_numbers(text));
        }
    }
    connections.into_values().collect()
}

/// Descriptors, clients' ports and the numbers of backends' connections are left to the kernel and to chance.
fn without_numbers(text: &str) -> String {
    let words = text.split(' ').map(|word| match word {
        _ if word.starts_with("fd:") || word.starts_with('#') || text.starts_with("close ") => "N",
        _ if text.starts_with("accept: ") => word.rsplit_once(':').map_or(word, |(address, _)| address),
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn at_debug_each_step_is_told_as_nginx_tells_it() {
    let ask_all = |nginx: &Running| {
        for path in PATHS {
            // A status of 204 is no answer to `ask`.
            drop(nginx.answer_at(path));
        }
    };
    let expected = play(&original(), "debug", NOBODY, ask_all);
    assert!(expected.iter().any(|lines| lines.iter().any(|line| line.starts_with("http proxy status 204"))));
    assert_eq!(play(&ours(), "debug", NOBODY, ask_all), expected);
    assert_eq!(play(&ours(), "debug_http", NOBODY, ask_all), expected);
    assert!(play(&ours(), "debug_mail", NOBODY, ask_all).is_empty());
}

#[test]
fn of_some_clients_everything_is_told() {
    let ask_twice = |nginx: &Running| {
        assert_eq!(nginx.answer_at("/nowhere").as_deref(), Ok("first\n"));
        let mut client = std::net::TcpStream::connect(("::1", nginx.port())).expect("it listens there, too");
        std::io::Write::write_all(&mut client, b"GET /?six HTTP/1.0\r\n\r\n").expect("it is taken");
        std::io::Read::read_to_string(&mut client, &mut String::new()).expect("it is answered");
        until("the end of its connection", || nginx.log().contains("close http connection"));
    };
    let expected = play(&original(), "alert", "::1", ask_twice);
    assert_eq!(expected.len(), 1, "{expected:?}");
    assert_eq!(play(&ours(), "alert", "::1", ask_twice), expected);
    assert!(play(&ours(), "alert", NOBODY, |nginx| drop(nginx.answer_at("/"))).is_empty());
}
