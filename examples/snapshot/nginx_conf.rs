//! A test to copy into a package of your own: it fails when nginx.conf comes to mean something else than what was reviewed.
//!
//! The package needs `evenkeel` and `insta` (with its feature `yaml`). `cargo insta review` shows what has changed and
//! takes it over.

/// Your file, from the folder of your package.
const FILE: &str = "examples/reverse-proxy.conf";

#[test]
fn requests_go_where_they_were_meant_to_go() {
    let nginx = evenkeel::parse_nginx(FILE).expect("the file passes nginx -t");
    let http = nginx.http.expect("the file has an http block");
    // Take `nginx` itself to watch everything, or a part like this one to watch what you care for.
    insta::assert_yaml_snapshot!("upstreams", http.upstreams);
    let names: Vec<_> = http.servers.iter().map(|server| &server.names).collect();
    insta::assert_yaml_snapshot!("names", names);
}
