//! What a module says about a request.

/// What a module says about a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is none of the module's business: the next one of the phase is asked.
    Declined,
    /// The module is content; with `satisfy any` that opens the door.
    Passed,
    /// The answer is this status, with nginx's page or an `error_page`.
    Finish(u16),
    /// The request has a new URI (or named location): phases begin anew.
    Redirected,
    /// The answer has been sent.
    Done,
    /// The connection is of no use any more: closed without a word.
    Close,
}

/// `return 444`: nginx's number for closing the connection without an answer.
pub const CLOSE: u16 = 444;
/// The client went away first.
pub const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The client is gone; nothing more can be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientGone;

/// Why a head was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadFault {
    /// The conditions of the request ask for this status instead.
    Status(u16),
    /// The client is gone.
    Gone,
}

impl From<ClientGone> for HeadFault {
    fn from(_: ClientGone) -> Self {
        Self::Gone
    }
}

impl From<HeadFault> for Verdict {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Status(status) => Self::Finish(status),
            HeadFault::Gone => Self::Close,
        }
    }
}
