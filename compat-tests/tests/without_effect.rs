//! What is not done: `evenkeel nginx -t` says all of it with its line. Of what TLS leaves out on purpose, `nginx -t` says nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use compat_tests::scratch::Scratch;
use compat_tests::subject;

/// The lines of a file, and what is said of each.
const LINES: &[(&str, &[&str])] = &[
    ("events {}", &[]),
    ("error_log memory:32k debug;", &["\"memory:32k\" of \"error_log\" has no effect: nginx's is for debuggers alone"]),
    (
        "error_log other.log debug_http debug_event;",
        &["\"debug_event\" of \"error_log\" has no effect: of this part no step is told"],
    ),
    ("http {", &[]),
    (
        "ssl_session_ticket_key ticket.key;",
        &[
            "\"ssl_session_ticket_key\" directive has no effect: with \"ssl_early_data\" a ticket is the name of a session that can be \
         resumed once, and no key seals it",
        ],
    ),
    ("ssl_certificate own.crt; ssl_certificate_key own.key; ssl_early_data on;", &[]),
    ("server { listen 127.0.0.1:8080 ssl;", &[]),
    ("ssl_protocols TLSv1.1 TLSv1.2;", &["\"TLSv1.1\" of \"ssl_protocols\" has no effect: VERSION"]),
    ("ssl_ciphers DEFAULT@SECLEVEL=0:!MD5;", &["\"@SECLEVEL=0\" of \"ssl_ciphers\" has no effect: CHOICE"]),
    ("ssl_ecdh_curve X448:prime256v1;", &["\"X448\" of \"ssl_ecdh_curve\" has no effect: GROUP"]),
    (
        "ssl_session_cache builtin:30000;",
        &["\"builtin:30000\" of \"ssl_session_cache\" has no effect: a worker remembers 20480 sessions at most"],
    ),
    (
        "ssl_dhparam dh.pem;",
        &["\"ssl_dhparam\" directive has no effect: finite-field Diffie-Hellman is never negotiated"],
    ),
    (
        "ssl_ech_file ech.pem;",
        &["\"ssl_ech_file\" directive has no effect: rustls has Encrypted Client Hello for clients alone"],
    ),
    (
        "ssl_conf_command Options KTLS,PrioritizeChaCha,ServerPreference;",
        &[
            "\"KTLS\" of \"ssl_conf_command\" has no effect: CHOICE",
            "\"PrioritizeChaCha\" of \"ssl_conf_command\" has no effect: CHOICE",
        ],
    ),
    ("ssl_conf_command NumTickets 4;", &["\"NumTickets\" of \"ssl_conf_command\" has no effect: CHOICE"]),
    ("ssl_conf_command Groups X25519:ffdhe2048;", &["\"ffdhe2048\" of \"ssl_conf_command\" has no effect: GROUP"]),
    ("ssl_conf_command MinProtocol TLSv1;", &["\"TLSv1\" of \"ssl_conf_command\" has no effect: VERSION"]),
    (
        "ssl_conf_command Protocol -TLSv1,TLSv1.1,TLSv1.3;",
        &["\"TLSv1.1\" of \"ssl_conf_command\" has no effect: VERSION"],
    ),
    (
        "ssl_conf_command Ciphersuites TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384;",
        &["\"TLS_AES_128_CCM_SHA256\" of \"ssl_conf_command\" has no effect: SUITE"],
    ),
    ("ssl_conf_command CipherString kRSA:HIGH;", &["\"kRSA\" of \"ssl_conf_command\" has no effect: SUITE"]),
    ("location / {", &[]),
    ("proxy_ssl_protocols TLSv1 TLSv1.3;", &["\"TLSv1\" of \"proxy_ssl_protocols\" has no effect: VERSION"]),
    ("proxy_ssl_ciphers AES128-SHA:HIGH;", &["\"AES128-SHA\" of \"proxy_ssl_ciphers\" has no effect: SUITE"]),
    (
        "proxy_ssl_conf_command RecordPadding 9;",
        &["\"RecordPadding\" of \"proxy_ssl_conf_command\" has no effect: CHOICE"],
    ),
    ("grpc_ssl_protocols TLSv1 TLSv1.3;", &["\"TLSv1\" of \"grpc_ssl_protocols\" has no effect: VERSION"]),
    ("grpc_ssl_ciphers DHE:HIGH;", &["\"DHE\" of \"grpc_ssl_ciphers\" has no effect: SUITE"]),
    ("grpc_ssl_conf_command Curves X25519:X448;", &["\"X448\" of \"grpc_ssl_conf_command\" has no effect: GROUP"]),
    ("} }", &[]),
    // What is inherited is said once.
    ("server { listen 127.0.0.1:8081 ssl; }", &[]),
    ("}", &[]),
];

/// The reasons that stand often.
const REASONS: [(&str, &str); 4] = [
    ("VERSION", "versions before TLS 1.2 are not negotiated"),
    ("SUITE", "only forward secret suites with authenticated encryption are negotiated"),
    ("GROUP", "rustls has no such group"),
    ("CHOICE", "rustls has no such choice"),
];

fn make_files(folder: &Path) {
    for (name, contents) in [("ticket.key", "x".repeat(48)), ("ech.pem", String::new())] {
        fs::write(folder.join(name), contents).expect("there is room");
    }
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=a -keyout own.key -out own.crt",
        folder,
    );
    openssl("genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dh.pem", folder);
}

fn openssl(arguments: &str, folder: &Path) {
    let made = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("it runs");
    assert!(made.status.success(), "{made:?}");
}

/// The text of the messages of `-t` that stand at lines, in the order of the lines.
fn said(program: &Path, arguments: &[&str], folder: &Path) -> Vec<(usize, String)> {
    let output =
        Command::new(program).args(arguments).args(["-p", ".", "-c", "nginx.conf"]).current_dir(folder).output();
    let output = output.expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    let mut said: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let (text, number) = line.split_once("[warn] ")?.1.rsplit_once(" in ./nginx.conf:")?;
            // Behind the numbers of process and thread.
            let text = text.split_once(": ")?.1;
            Some((number.parse().expect("it is a line"), text.to_owned()))
        })
        .collect();
    said.sort();
    said
}

#[test]
fn what_has_no_effect_is_said_with_its_line_and_reason() {
    let scratch = Scratch::new().expect("there is room for a scratch directory");
    let folder = scratch.path();
    make_files(folder);
    fs::create_dir_all(folder.join("logs")).expect("there is room");
    fs::write(folder.join("nginx.conf"), LINES.iter().map(|(line, _)| format!("{line}\n")).collect::<String>())
        .expect("there is room");
    let expected = LINES.iter().enumerate().flat_map(|(index, (_, texts))| {
        texts.iter().map(move |text| {
            let text = REASONS.iter().fold((*text).to_owned(), |text, (short, reason)| text.replace(short, reason));
            (index + 1, text)
        })
    });
    let nginx = subject::ours().expect("evenkeel builds").nginx;
    let evenkeel = fs::canonicalize(&nginx).expect("the link leads to the program");
    assert_eq!(said(&evenkeel, &["nginx", "-t"], folder), expected.collect::<Vec<_>>());
    assert_eq!(said(&nginx, &["-t"], folder), [], "there the terminal is nginx's");
}

#[test]
fn all_that_is_not_served_is_said_at_once() {
    let scratch = Scratch::new().expect("there is room for a scratch directory");
    let lines = [
        "events {}",
        "http { proxy_cache_path cache keys_zone=a:1m;",
        "server { listen 127.0.0.1:8080; location / { fastcgi_pass 127.0.0.1:8081; proxy_cache a; }",
        "location /again { fastcgi_pass 127.0.0.1:8082; try_files $fastcgi_script_name =404; } } }",
        "stream { server { listen 127.0.0.1:8083; } }",
    ];
    fs::write(scratch.path().join("nginx.conf"), lines.join("\n")).expect("there is room");
    let nginx = subject::ours().expect("evenkeel builds").nginx;
    let evenkeel = fs::canonicalize(&nginx).expect("the link leads to the program");
    let said = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        let command = command.args(arguments).args(["-p", ".", "-c", "nginx.conf"]).current_dir(scratch.path());
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let faults =
            text.lines().filter_map(|line| Some(line.split_once("[emerg] ")?.1.split_once(": ")?.1.to_owned()));
        faults.collect::<Vec<_>>()
    };
    let expected = [
        ("\"proxy_cache_path\" directive", 2),
        ("\"fastcgi_pass\" directive", 3),
        ("\"proxy_cache\" directive", 3),
        ("the \"fastcgi_script_name\" variable", 4),
        ("\"stream\" directive", 5),
    ]
    .map(|(what, line)| format!("{what} is not served yet by evenkeel in ./nginx.conf:{line}"));
    assert_eq!(said(&evenkeel, &["nginx", "-t"]), expected);
    assert_eq!(said(&nginx, &["-t"]), expected[..1], "nginx stops at the first fault");
}
