//! What each process may do: the kernel says it in `/proc/PID/status`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use crate::running::Running;
use crate::workers::line;
use crate::{SERVER, both, ours};

/// One value of `/proc/PID/status`.
fn right(pid: i32, name: &str) -> String {
    line(pid, "status", name).join(" ")
}

/// What a compromised worker could do: nothing as root, not even by a set-uid program. Keys and logs are open already. The master
/// keeps what it was started with, because the next configuration may need it; nobody has a filter of system calls.
#[test]
fn masters_keep_their_rights_and_workers_have_none() {
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: only root has rights to give up");
    }
    let nginx = Running::start(&ours(), &format!("user nobody nogroup;\n{SERVER}"));
    let (workers, master, own) = (nginx.await_workers(2), nginx.master(), std::process::id().cast_signed());
    let kinds = [("master", master), ("worker", workers[0]), ("worker", workers[1])];
    for name in ["Uid:", "Gid:", "Groups:", "CapPrm:", "CapEff:", "CapAmb:", "NoNewPrivs:", "Seccomp:"] {
        let values = kinds.map(|(kind, pid)| (kind, right(pid, name)));
        println!("{name} {values:?}");
        for (kind, value) in values {
            let expected = match (kind, name) {
                ("worker", "Uid:" | "Gid:") => "65534 65534 65534 65534".to_owned(),
                ("worker", "Groups:") => "65534".to_owned(),
                ("worker", "CapPrm:" | "CapEff:" | "CapAmb:") => "0000000000000000".to_owned(),
                ("worker", "NoNewPrivs:") => "1".to_owned(),
                _ => right(own, name),
            };
            assert_eq!(value, expected, "{name} of the {kind}");
        }
    }
}

/// A key that only root may read serves all workers, after a reload too, and none of them has its file.
#[test]
fn keys_are_read_by_the_master_alone() {
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: only root has a file that its workers may not read");
    }
    let tls = "listen 127.0.0.1:8080 ssl; ssl_certificate @PREFIX@/crt.pem; ssl_certificate_key @PREFIX@/key.pem;";
    both(|program| {
        let server = SERVER.replace("listen 127.0.0.1:8080;", tls);
        let nginx = Running::prepare(program, &format!("user nobody nogroup;\n{server}"));
        let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 9 -subj /CN=a -keyout key.pem -out crt.pem";
        let mut openssl = Command::new("openssl");
        let made = openssl.args(words.split(' ')).current_dir(nginx.path("")).stderr(Stdio::null()).status();
        assert!(made.expect("openssl is installed").success());
        let key = nginx.path("key.pem");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("it is ours");
        assert_eq!(fs::metadata(&key).expect("it is there").uid(), 0);
        nginx.begin();
        nginx.await_workers(2);
        nginx.reload();
        let address = format!("127.0.0.1:{}", nginx.port());
        let request = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect";
        let asked =
            Command::new("sh").arg("-c").arg(format!("{request} {address}")).output().expect("a shell is there");
        let answer = String::from_utf8_lossy(&asked.stdout);
        assert!(answer.ends_with("first\n"), "{}: {answer}", program.display());
        for worker in nginx.await_workers(2) {
            let held = fs::read_dir(format!("/proc/{worker}/fd")).expect("the descriptors").flatten();
            assert!(!held.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|target| target == key));
        }
    });
}

/// `proxy_bind … transparent` needs one right of root, and workers then keep that one alone.
#[test]
fn a_worker_takes_a_foreign_address_with_one_right_of_root() {
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: only root has rights to keep");
    }
    both(|program| {
        let nginx = Running::start(
            program,
            "user nobody nogroup; daemon on; error_log error.log; pid nginx.pid; worker_processes 1;
             events { }
             http {
                 access_log off;
                 server {
                     listen 127.0.0.1:8080;
                     location / { proxy_bind 127.0.0.2 transparent; proxy_pass http://127.0.0.1:8080/seen; }
                     location /variable { proxy_bind $arg_from transparent; proxy_pass http://127.0.0.1:8080/seen; }
                     location /seen { return 200 $remote_addr; }
                 }
             }",
        );
        assert!(nginx.get_at("/").ends_with("127.0.0.2"), "{}", nginx.log());
        assert!(nginx.get_at("/variable?from=127.0.0.3").ends_with("127.0.0.3"), "{}", nginx.log());
        let worker = nginx.await_workers(1)[0];
        assert_eq!(
            [right(worker, "CapEff:"), right(worker, "CapPrm:")],
            ["0000000000002000"; 2],
            "{}",
            program.display()
        );
    });
}
