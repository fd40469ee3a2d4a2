//! What a reload keeps: how servers do, sessions, counters, by name and size of their zone.

use crate::running::Running;
use crate::{SERVER, both, evenkeel, original, ours};

/// Two servers, of which the first one does not listen; as long as nothing is known of it, it is asked first.
const BACKEND: &str = "upstream backend {
        zone backend 64k;
        server 127.0.0.1:9 fail_timeout=60s;
        server 127.0.0.1:8080;
    }";

fn with_backend(backend: &str) -> String {
    let location = "location /asked { proxy_pass http://backend/; } location / {";
    SERVER.replace("http {", &format!("http {{ {backend}")).replace("location / {", location)
}

/// How many requests have been sent in vain to the server that does not listen.
fn failures(nginx: &Running) -> usize {
    nginx.log().matches("connect() failed (111: Connection refused)").count()
}

/// Asks once; whether the server that does not listen was tried.
fn is_tried(nginx: &Running) -> bool {
    let before = failures(nginx);
    assert_eq!(nginx.get_at("/asked"), "first\n");
    failures(nginx) > before
}

/// The original forgets what it knows of servers: the zone of an upstream is the only one that it makes anew.
#[test]
fn a_server_that_is_out_of_use_stays_so_over_a_reload() {
    both(|program| {
        let is_original = program == original();
        let nginx = Running::start(program, &with_backend(BACKEND));
        nginx.await_workers(2);
        assert!(is_tried(&nginx) && !is_tried(&nginx));
        nginx.reload();
        assert_eq!(is_tried(&nginx), is_original);
        if !is_original {
            let (text, _) = evenkeel(&["status"], &nginx.path("nginx.pid"));
            assert!(text.contains("out after 1 failure, for "), "{text}");
        }
        // What is written of a server counts at once: this one is never out of use.
        nginx.configure(&with_backend(&BACKEND.replace("fail_timeout=60s", "max_fails=0")));
        nginx.reload();
        assert!(is_tried(&nginx));
        // And what it did before is still known.
        nginx.configure(&with_backend(BACKEND));
        nginx.reload();
        assert_eq!(is_tried(&nginx), is_original);
        // Another place among the others, and another weight.
        let (first, second) = ("server 127.0.0.1:9 fail_timeout=60s;", "server 127.0.0.1:8080;");
        let turned = BACKEND.replace(first, "").replace(second, &format!("{second} server 127.0.0.1:9 weight=9;"));
        nginx.configure(&with_backend(&turned));
        nginx.reload();
        assert_eq!(is_tried(&nginx), is_original);
        for other in [BACKEND.replace("64k", "128k"), BACKEND.replace("zone backend", "zone other")] {
            nginx.configure(&with_backend(&other));
            nginx.reload();
            assert!(is_tried(&nginx), "another zone knows nothing");
        }
    });
}

/// nginx 1.22 has no `sticky`. Servers take turns from the first one on, and both are the same one by two addresses.
#[test]
fn learnt_sessions_lead_to_the_same_server_after_a_reload() {
    let sticky = |size: &str| {
        let group = format!(
            "http {{ upstream backend {{
                server 127.0.0.1:8080; server 127.0.0.2:8080;
                sticky learn create=$upstream_http_session lookup=$arg_session zone=sessions:{size};
            }}"
        );
        let who = "listen 127.0.0.1:8080; listen 127.0.0.2:8080;
            location /who { add_header Session $arg_session; return 200 $server_addr; }
            location /asked { proxy_pass http://backend/who?session=$arg_session; }";
        SERVER.replace("http {", &group).replace("listen 127.0.0.1:8080;", who)
    };
    // A worker of its own, since each one has its own turns.
    let one_worker = |text: String| text.replace("worker_processes 2", "worker_processes 1");
    let nginx = Running::start(&ours(), &one_worker(sticky("64k")));
    nginx.await_workers(1);
    let who = |session: &str| nginx.get_at(&format!("/asked?session={session}"));
    assert_eq!(["a", "b", "a", "b", "b"].map(who), ["127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.2", "127.0.0.2"]);
    nginx.reload();
    assert_eq!(["b", "a", "b"].map(who), ["127.0.0.2", "127.0.0.1", "127.0.0.2"]);
    nginx.configure(&one_worker(sticky("128k")));
    nginx.reload();
    assert_eq!(["b", "a", "b"].map(who), ["127.0.0.1", "127.0.0.2", "127.0.0.1"]);
}

/// Connections accepted and handled, and requests, as the page shows them.
fn counted(nginx: &Running) -> Vec<u64> {
    let page = nginx.get_at("/status");
    let numbers = page.lines().nth(2).unwrap_or_else(|| panic!("no numbers in {page}"));
    numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn stub_status_counts_on_over_a_reload() {
    both(|program| {
        let page = SERVER.replace("location / {", "location /status { stub_status; } location / {");
        let nginx = Running::start(program, &page);
        nginx.await_workers(2);
        for _ in 0..5 {
            nginx.get();
        }
        let before = counted(&nginx);
        nginx.reload();
        let expected: Vec<_> = before.iter().map(|number| number + 1).collect();
        assert_eq!(counted(&nginx), expected, "{}", program.display());
    });
}
