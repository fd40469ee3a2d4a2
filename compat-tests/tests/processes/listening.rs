//! Listening sockets over a reload: kept, added and closed, and no connection is refused meanwhile.

use std::net::TcpStream;

use crate::both;
use crate::running::{Load, Running, until};

/// Every other generation listens on an address and on a file more.
fn configuration(round: usize) -> String {
    let further = if round % 2 == 1 { "listen 127.0.0.2:8080; listen unix:@PREFIX@/socket;" } else { "" };
    format!(
        "daemon on; error_log error.log notice; pid nginx.pid; worker_processes 2; events {{ }}
         http {{
             access_log off;
             server {{ listen 127.0.0.1:8080 reuseport; {further} location / {{ return 200 \"{round}\\n\"; }} }}
         }}"
    )
}

/// With `reuseport` each worker has a socket of its own: who waits in the queue of one that is closed is lost.
#[test]
fn reloads_add_and_close_sockets_and_keep_those_of_each_worker() {
    both(|program| {
        let nginx = Running::start(program, &configuration(0));
        nginx.await_workers(2);
        let own = nginx.listening_inodes(nginx.master());
        assert_eq!(own.len(), 2, "one for each worker");
        let load = Load::start(nginx.port());
        for round in 1..=10 {
            nginx.configure(&configuration(round));
            nginx.reload();
            assert_eq!(nginx.get(), format!("{round}\n"));
            let is_there = round % 2 == 1;
            let further = || TcpStream::connect(("127.0.0.2", nginx.port())).is_ok();
            until("the address", || further() == is_there);
            until("the file", || nginx.path("socket").exists() == is_there);
            let now = nginx.listening_inodes(nginx.master());
            assert!(now.is_superset(&own) && now.len() == 2 + usize::from(is_there), "{own:?} {now:?}");
        }
        let (answered, failed) = load.stop();
        assert!(answered > 10 && failed.is_empty(), "{}: {answered} answered, failed: {failed:?}", program.display());
    });
}
