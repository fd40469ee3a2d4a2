//! Whole configurations: what comes out of them, and what nginx would say about wrong ones.

use std::rc::Rc;

use grammar::Status;

use super::*;
use crate::conf::include::MemoryFiles;
use crate::conf::nginx::parse;
use crate::conf::source::Sources;

fn read(text: &str) -> Lowered {
    let sources = Sources::default();
    let files = MemoryFiles::of([("/etc/nginx/nginx.conf", text)]);
    let tree = parse(&sources, &files, "/etc/nginx/", b"", "/etc/nginx/nginx.conf");
    lower(&tree, &Environment::default())
}

/// What nginx would say first: warnings, then the fault if there is one.
fn messages(text: &str) -> Vec<String> {
    let lowered = read(text);
    let said = lowered.events.iter().filter_map(|event| match event {
        Event::Message(message) => Some(message),
        _ => None,
    });
    let fault = lowered.result.as_ref().err();
    let place = |message: &Diagnostic| match &message.place {
        Place::Line { line, .. } => format!("{line}"),
        _ => "-".to_owned(),
    };
    said.chain(fault)
        .map(|message| format!("[{}] {} @{}", message.level.name(), message.text, place(message)))
        .collect()
}

/// The same for what stands in a `server`, on its second line.
fn in_server(text: &str) -> Vec<String> {
    messages(&format!("events {{}} http {{ server {{\n{text}\n}}}}"))
}

fn http(text: &str) -> http::Http {
    let nginx = read(&format!("events {{}}\nhttp {{\n{text}\n}}")).result.expect("a right configuration");
    nginx.http.expect("it has http")
}

#[test]
fn every_row_that_is_served_has_a_setter() {
    let mut wrong = Vec::new();
    for row in grammar::nginx::directives() {
        let has_setter = setter(row).is_some();
        let is_include = row.module == "conf";
        match row.status {
            Status::Done if !has_setter && !is_include => wrong.push(format!("{}: no setter", row.name)),
            _ => {}
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_module_that_sets_nothing_is_shared() {
    let http = http(
        "proxy_read_timeout 5s; server { location /a { proxy_pass http://127.0.0.1; } location /b { proxy_read_timeout 7s; } }",
    );
    let [a, b] = http.servers[0].location.locations.prefix.as_slice() else { panic!("two locations") };
    assert!(Rc::ptr_eq(&a.settings.proxy, &http.servers[0].location.settings.proxy));
    assert_eq!(a.settings.proxy.read_timeout_ms, 5000);
    assert_eq!(b.settings.proxy.read_timeout_ms, 7000);
}

#[test]
fn directives_after_a_block_hold_in_it_too() {
    let http = http("server { location / { } } gzip on;");
    assert!(http.servers[0].location.locations.prefix[0].settings.gzip.enabled);
}

#[test]
fn lists_replace_each_other_whole() {
    let http = http(
        "add_header A 1; add_header B 2; server { location /a { } location /b { add_header C 3 always; } \
         location /c { add_header_inherit merge; add_header C 3; } }",
    );
    let names: Vec<Vec<String>> = http.servers[0]
        .location
        .locations
        .prefix
        .iter()
        .map(|location| location.settings.headers.add_headers.iter().map(|header| header.name.to_string()).collect())
        .collect();
    assert_eq!(names, [vec!["A", "B"], vec!["C"], vec!["C", "A", "B"]]);
}

#[test]
fn an_if_takes_over_what_answers() {
    let http = http("server { location / { proxy_pass http://127.0.0.1; if ($arg_a) { add_header A 1; } } }");
    let location = &http.servers[0].location.locations.prefix[0];
    let [http::rewrite::Operation::If(block)] = &location.rewrite[..] else { panic!("one if") };
    let inner = block.location.as_ref().expect("it has a location");
    assert_eq!(inner.content, location.content);
    assert_eq!(inner.settings.headers.add_headers.len(), 1);
}

#[test]
fn faults_come_in_source_order() {
    assert_eq!(in_server("root a; root b;"), ["[emerg] \"root\" directive is duplicate @2"]);
    assert_eq!(in_server("root a; alias b;"), ["[emerg] \"alias\" directive is not allowed here @2"]);
    assert_eq!(
        in_server("location /a { root a; alias b; }"),
        ["[emerg] \"alias\" directive is duplicate, \"root\" directive was specified earlier @2"]
    );
    assert_eq!(
        in_server("etag maybe; }"),
        ["[emerg] invalid value \"maybe\" in \"etag\" directive, it must be \"on\" or \"off\" @2"]
    );
    assert_eq!(messages("events {} http { server { listen 80 fast; }"), ["[emerg] invalid parameter \"fast\" @1"]);
}

#[test]
fn faults_of_the_whole_come_at_its_end() {
    assert_eq!(in_server("location /b/ {}\nlocation /a {}\nlocation /a {}"), ["[emerg] duplicate location \"/a\" @4"]);
    assert_eq!(in_server("set $a $b$c;"), ["[emerg] unknown \"b\" variable @-"]);
    assert_eq!(
        in_server("proxy_busy_buffers_size 1m;"),
        ["[emerg] \"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus one buffer @3"]
    );
    assert_eq!(messages("http { }"), ["[emerg] no \"events\" section in configuration @-"]);
}

#[test]
fn names_that_conflict_are_told_of() {
    let said = messages(
        "events {} http { server { server_name a b; } server { server_name B; } server { listen 81; server_name a; } }",
    );
    assert_eq!(said, ["[warn] conflicting server name \"b\" on 0.0.0.0:80, ignored @-"]);
}

#[test]
fn listen_options() {
    assert_eq!(in_server("listen 80; listen 80;"), ["[emerg] a duplicate listen 0.0.0.0:80 @2"]);
    assert_eq!(
        messages("events {} http { server { listen 80 default; }\nserver { listen 80 default_server; } }"),
        ["[emerg] a duplicate default server for 0.0.0.0:80 @2"]
    );
    assert_eq!(
        messages("events {} http { server { listen 80 backlog=9; }\nserver { listen *:80 backlog=9; } }"),
        ["[emerg] duplicate listen options for 0.0.0.0:80 @2"]
    );
    assert_eq!(in_server("listen [::]:80 ipv6only=o;"), ["[emerg] invalid ipv6only flags \"o\" @2"]);
}

#[test]
fn a_wildcard_address_serves_the_others_of_its_port() {
    let http = http(
        "server { listen 127.0.0.1:80; } server { listen 80; } server { listen 127.0.0.2:80 backlog=5; } \
         server { listen 127.0.0.1:81; }",
    );
    let shapes: Vec<Vec<String>> = http
        .listeners
        .iter()
        .map(|listener| listener.addresses.iter().map(|address| format!("{:?}", address.address)).collect())
        .collect();
    assert_eq!(
        shapes,
        [vec!["Inet(127.0.0.2:80)"], vec!["Inet(127.0.0.1:80)", "Inet(0.0.0.0:80)"], vec!["Inet(127.0.0.1:81)"],]
    );
}

#[test]
fn upstreams() {
    let said = |text: &str| messages(&format!("events {{}} http {{ {text} }}"));
    assert_eq!(said("upstream a {\n}"), ["[emerg] no servers are inside upstream @2"]);
    assert_eq!(
        said("upstream a { server 127.0.0.1; }\nupstream A { server 127.0.0.1; }"),
        ["[emerg] duplicate upstream \"A\" @2"]
    );
    assert_eq!(
        said("upstream a { ip_hash;\nserver 127.0.0.1 backup; }"),
        ["[emerg] balancing method does not support parameter \"backup\" @2"]
    );
    assert_eq!(
        said("upstream a { server 127.0.0.1; hash $uri;\nip_hash; }"),
        ["[warn] load balancing method redefined @2"]
    );
    assert_eq!(
        said("upstream a { server 127.0.0.1; } server { location / {\nproxy_pass http://a:81; } }"),
        ["[emerg] upstream \"a\" may not have port 81 @2"]
    );
}

#[test]
fn hosts_are_asked_for_where_nginx_resolves_them() {
    let lowered = read(
        "events {}\nhttp { server { location / { proxy_pass http://later; } location /x { proxy_pass http://never:81/y; } }\n\
         upstream later {\nserver one.example weight=2; } }",
    );
    let nginx = lowered.result.expect("a right configuration");
    let told: Vec<String> = nginx.hosts.iter().map(|host| host.not_found().to_string()).collect();
    assert_eq!(
        told,
        [
            "host not found in upstream \"one.example\" in /etc/nginx/nginx.conf:4",
            "host not found in upstream \"never\" in /etc/nginx/nginx.conf:2",
        ]
    );
}

#[test]
fn the_pair_of_load_balancers() {
    let text = "
user www-data;
worker_processes auto;
events { worker_connections 1024; }
http {
    upstream group {
        server 127.0.0.1:8001 weight=2;
        server 127.0.0.1:8002 down;
        server 127.0.0.1:8003 backup;
        server 127.0.0.1:8004;
    }
    upstream sticky { ip_hash; server 127.0.0.1:8001; }
    upstream session { hash $cookie_jsessionid; server 127.0.0.1:8001; }
    server {
        listen 8080;
        root /srv/www;
        location /group { proxy_pass http://group/; }
        location / { if (!-f $request_filename) { return 503; } }
    }
}";
    let nginx = read(text).result.expect("a right configuration");
    insta::assert_yaml_snapshot!(nginx);
}
