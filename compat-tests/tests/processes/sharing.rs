//! Which worker takes a new connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::running::{Running, until};
use super::{SERVER, both, ours};

/// Connects again and again, and keeps the connections; which worker has each.
fn connect_and_ask_who(nginx: &Running, count: usize) -> (Vec<TcpStream>, Vec<i32>) {
    let connect = |_| {
        let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        client.write_all(b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
        let mut buffer = [0; 1000];
        let length = client.read(&mut buffer).expect("an answer");
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let (_, pid) = answer.split_once("\r\n\r\n").expect("a head");
        (client, pid.parse::<i32>().expect("a process id"))
    };
    (0..count).map(connect).unzip()
}

fn server_that_says_who(events: &str) -> String {
    let server = SERVER.replace("location / {", "location /who { return 200 $pid; } location / {");
    server.replace("events { }", &format!("events {{ {events} }}"))
}

/// The original leaves it to the kernel, which wakes the same worker again and again.
#[test]
fn all_workers_get_their_share_of_connections() {
    for events in ["", "multi_accept on;"] {
        let nginx = Running::start(&ours(), &server_that_says_who(events));
        let workers = nginx.await_workers(2);
        let (_clients, asked) = connect_and_ask_who(&nginx, 80);
        for worker in workers {
            let share = asked.iter().filter(|pid| **pid == worker).count();
            assert!(share >= 10, "{events}: {share} of {asked:?}");
        }
    }
}

/// Whoever has the mutex keeps it: the other worker asks again only after the delay, or when something happens to it.
#[test]
fn with_accept_mutex_one_worker_accepts_until_it_dies() {
    both(|program| {
        let nginx = Running::start(program, &server_that_says_who("accept_mutex on; accept_mutex_delay 60s;"));
        nginx.await_workers(2);
        let (clients, asked) = connect_and_ask_who(&nginx, 40);
        let holder = asked[39];
        // A worker asks when it starts, which may be late, and nginx's also when it hears of the other's start.
        let changes = asked.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes <= 2, "{program:?}: {asked:?}");
        drop(clients);
        nginx.signal(holder, "KILL");
        until("its end", || !nginx.workers().contains(&holder));
        let (_clients, asked) = connect_and_ask_who(&nginx, 1);
        assert!(asked[0] != holder, "{program:?}");
    });
}
