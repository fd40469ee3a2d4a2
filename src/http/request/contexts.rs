//! What modules keep of a request for themselves (nginx's `ctx`).

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::identity::Identity;
use super::slices::Slices;
use crate::http::limit_zones::Held;
use crate::ir::http::core::BodyInFile;

/// What limits did to a request; they are asked once.
#[derive(Default, Debug)]
pub struct LimitStatus {
    /// `$limit_req_status`
    pub req: Cell<Option<&'static str>>,
    /// `$limit_conn_status`
    pub conn: Cell<Option<&'static str>>,
}

/// The copies of a request that `mirror` made.
#[derive(Default, Debug)]
pub struct Mirrors {
    /// Those that are not over; each gives its path.
    pub running: JoinSet<Vec<u8>>,
    /// The path of the last one, if the request had to wait for it: lines in the log are then about it.
    pub last: Option<Vec<u8>>,
}

/// What modules keep of a request.
#[derive(Default)]
pub struct Contexts {
    /// Where a location that it came through wants the body, if not in memory (`client_body_in_file_only`).
    pub body_in_file: Option<BodyInFile>,
    /// The body ends beyond the buffer of the head, and nginx reads no further than to its end: the next request does not come along.
    pub ends_apart: bool,
    /// Its line in the log is written.
    pub is_logged: bool,
    /// Zones that count this request until it ends.
    pub limit_conn_held: Vec<Held>,
    /// What `limit_req` and `limit_conn` did to this request, or to one inside it: it is counted once, with all that it asks for.
    pub limit_status: OnceCell<Rc<LimitStatus>>,
    /// Until when the link holds, for `$secure_link_expires`.
    pub secure_link_expires: RefCell<Option<Vec<u8>>>,
    /// Who the client is by its cookie, once `userid` has asked.
    pub userid: RefCell<Option<Box<Identity>>>,
    /// When `echo_reset_timer` set the clock of `$echo_timer_elapsed` back.
    pub echo_timer_began: Option<Duration>,
    /// What `$echo_incr` counts, once `echo` has had to do with the request that all others are inside of.
    pub echo_counter: Option<Rc<Cell<u64>>>,
    /// Copies of this request.
    pub mirrors: Option<Box<Mirrors>>,
    /// An answer that is made up of slices.
    pub slices: OnceCell<Rc<Slices>>,
}

impl Contexts {
    /// What limits did.
    pub fn limit_status(&self) -> &Rc<LimitStatus> {
        self.limit_status.get_or_init(Rc::default)
    }
}
