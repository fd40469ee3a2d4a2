//! Certificates and keys that stand in the configuration itself (`data:`), or in what a variable gives.

use compat_tests::mask::Mask;
use compat_tests::scratch::Scratch;
use compat_tests::{reference, subject};

use super::{Scene, openssl, until};

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    map $ssl_server_name $certificate { default "{certificate}"; none ""; broken "-----BEGIN CERTIFICATE-----\nAAAA"; }
    map $ssl_server_name $key { default "{key}"; half ""; }
    server {
        listen 127.0.0.1:8080 ssl;
        ssl_certificate "data:{certificate}";
        ssl_certificate_key "data:{key}";
        return 200 "took\n";
    }
    server { listen 127.0.0.1:8081 ssl; ssl_certificate data:$certificate; ssl_certificate_key data:$key; return 200 "took\n"; }
}
"#;

const HELLOS: &[(u16, &str)] = &[(8080, "any"), (8081, "any"), (8081, "none"), (8081, "half"), (8081, "broken")];

fn configuration() -> String {
    let scratch = Scratch::new().expect("there is room for a scratch directory");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout own.key";
    openssl(scratch.path(), &format!("req -x509 {key} -out own.crt -days 9 -subj /CN=written"), "");
    let read = |name: &str| std::fs::read_to_string(scratch.path().join(name)).expect("it was made");
    CONFIGURATION.replace("{certificate}", &read("own.crt")).replace("{key}", &read("own.key"))
}

/// Whom each client met, then what the server says of those that met nobody.
fn what_comes_of_it(scene: &Scene) -> Vec<String> {
    let mut met = Vec::new();
    for (port, name) in HELLOS {
        let said = scene.ask(*port, &format!("-servername {name}"));
        let shows = |word: &str| said.replace(' ', "").contains(word);
        met.push(format!("{port} {name}: {:?}", ["CN=written", "took\n", "alertinternalerror"].map(shows)));
    }
    until("the last fault", || scene.log().matches("cert cb error").count() == 3);
    let mut mask = Mask::default();
    mask.word(scene.ports.real(8081).to_string(), "{port}");
    let log = scene.log();
    met.extend(log.lines().filter(|line| line.contains("SSL handshaking")).map(|line| mask.apply(line)));
    met
}

#[test]
fn certificates_that_are_written_down_are_shown() {
    let configuration = configuration();
    let [theirs, ours] =
        [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
            .map(|program| what_comes_of_it(&Scene::set_with(&program.nginx, &configuration, &[8080, 8081])));
    assert_eq!(ours, theirs);
    assert_eq!(ours[1], "8081 any: [true, true, false]");
}
