//! One address of an `upstream`, with its parameters.

/// One address of a `server` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The server as written: consistent hashing takes its points from it.
    pub server: Box<[u8]>,
    /// `weight=`
    pub weight: i64,
    /// `max_conns=`, 0 for no limit.
    pub max_conns: i64,
    /// `max_fails=`, 0 for "never out of use".
    pub max_fails: i64,
    /// `fail_timeout=`
    pub fail_timeout_s: i64,
    /// `down`
    pub down: bool,
    /// `drain`: only requests that are bound to it still go there.
    pub draining: bool,
    /// What binds requests to it: `route`, or a digest of its address.
    pub sid: Box<[u8]>,
}

impl Peer {
    /// A peer with the defaults of `server`.
    pub fn new(server: &[u8]) -> Self {
        Peer {
            server: server.into(),
            weight: 1,
            max_conns: 0,
            max_fails: 1,
            fail_timeout_s: 10,
            down: false,
            draining: false,
            sid: Box::default(),
        }
    }
}
