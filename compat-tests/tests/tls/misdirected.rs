//! A client that asks for another server than its hello named, where that one wants certificates.

use super::with_both;

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    log_format short "$status of $server_name for $host";
    access_log access.log short;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    server { listen 127.0.0.1:8080 ssl; server_name one; return 200 "one\n"; }
    server {
        listen 127.0.0.1:8080 ssl;
        server_name two;
        ssl_verify_client optional;
        ssl_client_certificate ca.crt;
        return 200 "two\n";
    }
}
"#;

#[test]
fn a_request_for_another_server_than_the_hello_named_is_misdirected() {
    with_both(CONFIGURATION, 8080..=8080, |scene| {
        let misdirected = scene.ask_host("two", 8080, "-servername one");
        assert!(misdirected.contains("HTTP/1.1 421 Misdirected Request"), "{misdirected}");
        scene.has_logged("from the one that was negotiated while reading client request headers", 1);
        // The connection is still that server's.
        scene.has_logged("server: one, request: \"GET / HTTP/1.0\", host: \"two\"", 1);
        // A name that no server goes by is none: the handshake was the default server's, and so was nobody's choice.
        let unknown = scene.ask_host("two", 8080, "-servername unknown");
        assert!(unknown.contains("\r\n\r\ntwo\n"), "{unknown}");
        // Who asks for what it named is served.
        let named = scene.ask_host("two", 8080, "-servername two");
        assert!(named.contains("\r\n\r\ntwo\n"), "{named}");
        let other = scene.ask_host("one", 8080, "-servername two");
        assert!(other.contains("\r\n\r\none\n"), "{other}");
        scene.has_accessed("421 of one for one\n200 of two for two\n200 of two for two\n200 of one for one\n");
    });
}
