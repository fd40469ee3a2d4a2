//! Keys of every kind: what variables say of clients that show them, how they are locked, and how they sign.

use std::path::Path;

use compat_tests::{reference, subject};

use super::{Scene, openssl, show};

/// What a client's certificate and handshake look like to the server.
const SHOWN: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    ssl_verify_client optional;
    ssl_client_certificate ca.crt;
    server {
        listen 127.0.0.1:8080 ssl;
        http2 on;
        ssl_certificate server.crt;
        ssl_certificate_key open.key;
        return 200 "protocol $ssl_protocol|cipher $ssl_cipher|ciphers $ssl_ciphers|curve $ssl_curve|curves $ssl_curves\n\
|sigalg $ssl_sigalg|sigalgs $ssl_sigalgs|alpn $ssl_alpn_protocol|name $ssl_server_name|reused $ssl_session_reused\n\
|early $ssl_early_data|ech $ssl_ech_status|outer $ssl_ech_outer_server_name|of the client $ssl_client_sigalg\n\
|verify $ssl_client_verify|serial $ssl_client_serial|fingerprint $ssl_client_fingerprint\n\
|s_dn $ssl_client_s_dn|i_dn $ssl_client_i_dn|s_dn_legacy $ssl_client_s_dn_legacy|i_dn_legacy $ssl_client_i_dn_legacy\n\
|start $ssl_client_v_start|end $ssl_client_v_end|cert $ssl_client_cert\n\
|raw $ssl_client_raw_cert|escaped $ssl_client_escaped_cert|\n";
    }
}
"#;

/// Keys of every kind, each locked in another way.
const KEYS: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_password_file passwords;
    server { listen 127.0.0.1:8080 ssl; ssl_certificate server.crt; ssl_certificate_key aes.pem; return 200 "took\n"; }
    server { listen 127.0.0.1:8081 ssl; ssl_certificate server.crt; ssl_certificate_key des3.pem; return 200 "took\n"; }
    server { listen 127.0.0.1:8082 ssl; ssl_certificate server.crt; ssl_certificate_key aes.p8; return 200 "took\n"; }
    server { listen 127.0.0.1:8083 ssl; ssl_certificate server.crt; ssl_certificate_key des3.p8; return 200 "took\n"; }
    server { listen 127.0.0.1:8084 ssl; ssl_certificate rsa.crt; ssl_certificate_key rsa.pem; return 200 "took\n"; }
    server { listen 127.0.0.1:8085 ssl; ssl_certificate p521.crt; ssl_certificate_key p521.key; return 200 "took\n"; }
    server { listen 127.0.0.1:8086 ssl; ssl_certificate ed25519.crt; ssl_certificate_key ed25519.key; return 200 "took\n"; }
    server {
        listen 127.0.0.1:8087 ssl;
        ssl_certificate server.crt;
        ssl_certificate_key open.key;
        ssl_ecdh_curve secp521r1;
        return 200 "took $ssl_curve\n";
    }
}
"#;

/// Certificates of every kind of key, signed by the authority, and the server's own key locked in ways that OpenSSL knows.
fn make_all_kinds(folder: &Path) {
    let kinds = [
        ("rsa", "rsa:2048"),
        ("p384", "ec -pkeyopt ec_paramgen_curve:secp384r1"),
        ("p521", "ec -pkeyopt ec_paramgen_curve:secp521r1"),
        ("ed25519", "ed25519"),
    ];
    for (name, key) in kinds {
        let request = format!("req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /O=Häuser/CN={name}");
        openssl(folder, &format!("{request} -utf8"), "");
        let sign = format!("x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -set_serial 0x1234567890 -days 9");
        openssl(folder, &format!("{sign} -out {name}.crt"), "");
    }
    openssl(folder, "ec -in open.key -aes128 -passout pass:right -out aes.pem", "");
    openssl(folder, "ec -in open.key -des3 -passout pass:right -out des3.pem", "");
    openssl(
        folder,
        "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -in open.key -passout pass:right -out aes.p8",
        "",
    );
    openssl(folder, "pkcs8 -topk8 -v2 des3 -in open.key -passout pass:right -out des3.p8", "");
    openssl(folder, "rsa -in rsa.key -aes256 -passout pass:right -traditional -out rsa.pem", "");
}

/// Beside an nginx that knows the newest variables.
#[test]
fn every_variable_says_what_the_originals_says() {
    let original = reference::originals().expect("the original is installed");
    let is_new = !original.versions.iter().any(|version| version == "1.22");
    let ours = subject::ours().expect("evenkeel builds").nginx;
    let scene = Scene::made_with(&ours, SHOWN, &[8080], make_all_kinds);
    let shown = what_variables_show(&scene);
    if is_new {
        let scene = scene.again_with(&original.nginx, SHOWN, &[8080]);
        assert_eq!(what_variables_show(&scene), shown);
    }
}

fn what_variables_show(scene: &Scene) -> Vec<String> {
    let mut all = Vec::new();
    for client in ["good", "rsa", "p384", "p521", "ed25519"] {
        for version in ["-tls1_2", "-tls1_3"] {
            let options = format!("{version} -servername localhost -alpn http/1.1 {}", show(client));
            let answer = scene.ask(8080, &options);
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or(&answer);
            let shown = body.split("|\n").next().unwrap_or_default();
            assert!(shown.contains("|verify SUCCESS|"), "{answer} {}", scene.log());
            all.push(format!("{client} {version} {shown}"));
        }
    }
    all
}

#[test]
fn keys_of_all_kinds_are_used_and_unlocked() {
    for program in
        [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
    {
        let listening: Vec<u16> = (8080..=8087).collect();
        let scene = Scene::made_with(&program.nginx, KEYS, &listening, make_all_kinds);
        for port in 8080..=8086 {
            let took = scene.ask(port, "");
            assert!(took.contains("took\n"), "{port}: {took} {}", scene.log());
        }
        let curve = scene.ask(8087, "-groups P-521");
        assert!(curve.contains("took secp521r1\n"), "{curve} {}", scene.log());
        for (offer, digest) in [("-tls1_2", "SHA256"), ("-tls1_3", "SHA256"), ("-tls1_2 -sigalgs RSA+SHA384", "SHA384")]
        {
            let signed = scene.ask(8084, offer);
            assert!(signed.contains(&format!("Peer signing digest: {digest}\n")), "{offer}: {signed}");
        }
    }
}
