//! What systemd sees and gives: its socket is taken over, and it hears of every change. A test in its place.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::running::{Running, until};
use crate::{SERVER, ours};

/// The service manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn hears(&self) -> String {
        let mut buffer = [0; 1000];
        let length = self.0.recv(&mut buffer).expect("a word in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

#[test]
fn a_service_takes_the_socket_of_its_unit_and_tells_how_it_stands() {
    let nginx = Running::prepare(&ours(), &SERVER.replace("daemon on", "daemon off"));
    let path = nginx.path("manager");
    let manager = Manager(UnixDatagram::bind(&path).expect("a socket"));
    manager.0.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
    // The unit's own socket: a second one could not be bound.
    let socket = TcpListener::bind(("127.0.0.1", nginx.port())).expect("the port is free");
    // systemd names the process itself, which a shell can only do once it is that process; the socket comes as input.
    let start = "export LISTEN_PID=$$; exec \"$@\" 3<&0 </dev/null";
    let mut service = Command::new("/bin/sh")
        .args(["-c", start, "sh"])
        .arg(nginx.program())
        .args(nginx.arguments())
        .env("LISTEN_FDS", "1")
        .env("NOTIFY_SOCKET", &path)
        .stdin(Stdio::from(OwnedFd::from(socket.try_clone().expect("a second descriptor"))))
        .spawn()
        .expect("it starts");
    let old = service.id() as i32;
    assert_eq!(manager.hears(), format!("READY=1\nMAINPID={old}"));
    nginx.await_workers(2);
    assert_eq!(nginx.get(), "first\n");
    nginx.signal(old, "HUP");
    let told = manager.hears();
    let time = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|time| time.parse::<u64>().ok());
    assert!(time.is_some(), "{told}");
    assert_eq!(manager.hears(), format!("READY=1\nMAINPID={old}"));

    nginx.signal(old, "USR2");
    let told = manager.hears();
    until("the new master", || nginx.pid_file().is_some_and(|pid| pid != old));
    let new = nginx.master();
    assert_eq!(told, format!("READY=1\nMAINPID={new}"));
    nginx.signal(old, "QUIT");
    assert!(service.wait().expect("it ends").success(), "{}", nginx.log());
    assert_eq!(nginx.get(), "first\n");
    nginx.signal(new, "TERM");
    assert_eq!(manager.hears(), "STOPPING=1");
    nginx.await_end();
}
