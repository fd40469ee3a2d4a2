//! `ssl_key_log`: the server writes down the same secrets as its client. NGINX Plus has it alone, so there is none to ask.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Scene, until};

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
user root root;
error_log error.log notice;
events {}
http {
    access_log off;
    ssl_certificate server.crt;
    ssl_certificate_key open.key;
    ssl_key_log keys.log;
    server { listen 127.0.0.1:8080 ssl; return 200 "said\n"; }
    server { listen 127.0.0.1:8081 ssl; ssl_key_log other.log; return 200 "said\n"; }
}
"#;

fn lines(scene: &Scene, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(scene.scratch.path().join(name)).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Both write down the same, whatever the order.
fn write_the_same(scene: &Scene, port: u16, version: &str, server: &str) {
    let client = format!("client{version}-{server}");
    let said = scene.ask(port, &format!("{version} -keylogfile {client}"));
    assert!(said.contains("\nsaid\n"), "{said}");
    until("all secrets", || lines(scene, server) == lines(scene, &client));
    assert!(!lines(scene, server).is_empty());
}

#[test]
fn the_secrets_of_handshakes_are_written_down_on_demand() {
    let scene = Scene::set_by(CONFIGURATION, &[8080, 8081]);
    write_the_same(&scene, 8080, "-tls1_2", "keys.log");
    write_the_same(&scene, 8081, "-tls1_3", "other.log");
    let file = scene.scratch.path().join("keys.log");
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    // As all logs are rotated: renamed, then opened anew.
    fs::rename(&file, scene.scratch.path().join("keys.log.1")).expect("it is ours");
    scene.signal("USR1");
    until("a new file", || file.exists() && scene.log().matches(": reopening logs").count() == 2);
    write_the_same(&scene, 8080, "-tls1_3", "keys.log");
}
