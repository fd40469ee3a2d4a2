//! Listening sockets opened, shared and inherited, on free ports of this machine.

use std::net::{TcpListener, TcpStream};

use super::*;
use crate::log::error_log::ErrorLog;

fn wanted(address: Address) -> Wanted {
    Wanted { address, options: SocketOptions::default(), listener: 0, worker: None }
}

fn free_address() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    Address::Inet(listener.local_addr().expect("an address"))
}

fn open(wanted: Vec<Wanted>, available: Vec<Available>) -> Result<Vec<Listening>, NotOpened> {
    Opener { log: &ErrorLog::new(Vec::new()), testing: false }.open(wanted, available)
}

#[test]
fn a_socket_listens_and_is_taken_over() {
    let address = free_address();
    let old = open(vec![wanted(address.clone())], Vec::new()).expect("it opens");
    let Address::Inet(inet) = address else { panic!("an inet address") };
    TcpStream::connect(inet).expect("it listens");
    let available = old.iter().map(Available::from).collect();
    let other = free_address();
    let new = open(vec![wanted(other), wanted(Address::Inet(inet))], available).expect("it opens");
    assert!(!Rc::ptr_eq(&new[0].descriptor, &old[0].descriptor));
    assert!(Rc::ptr_eq(&new[1].descriptor, &old[0].descriptor));
}

#[test]
fn an_inherited_socket_says_where_it_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let inet = listener.local_addr().expect("an address");
    let inherited = Inherited::identify(listener.into()).expect("a listening socket");
    assert_eq!(inherited.address, Address::Inet(inet));
    assert!(!inherited.reuseport && !inherited.deferred);
    let opened = open(vec![wanted(Address::Inet(inet))], vec![inherited.into()]).expect("it is taken");
    assert!(opened[0].inherited);
}

#[test]
fn testing_beside_a_running_server_succeeds() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = Address::Inet(listener.local_addr().expect("an address"));
    let log = ErrorLog::new(Vec::new());
    let opened = Opener { log: &log, testing: true }.open(vec![wanted(address)], Vec::new());
    assert!(opened.expect("no fault").is_empty());
}

#[test]
fn a_unix_socket_is_open_to_all_and_goes_away() {
    let path = std::env::temp_dir().join(format!("evenkeel-listener-{}.sock", std::process::id()));
    let path = path.to_str().expect("an ASCII path").to_owned();
    let address = Address::Unix(path.clone());
    let opened = open(vec![wanted(address.clone())], Vec::new()).expect("it opens");
    let mode = fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    assert_eq!(listening::local_address(&opened[0].descriptor).ok(), Some(listening::LocalAddress::Unix(path.clone())));
    remove_unix_socket(&address, &ErrorLog::new(Vec::new()));
    assert!(fs::metadata(&path).is_err());
}
