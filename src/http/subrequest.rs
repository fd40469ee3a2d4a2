//! Requests that a request makes for parts of its body (`ngx_http_subrequest`): they run beside it, and their bodies take their
//! places in its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::filters::order;
use super::filters::ssi::Shared;
use super::message::response::ContentType;
use super::phases::Entry;
use super::request::{Request, Sink};
use super::verdict::ClientGone;
use super::{access_log, finalize};
use crate::log::error_log::Level;

/// So many pieces of a body wait until it is their turn; then the request that sends them waits too.
const WAITING_PIECES: usize = 16;
/// How deep requests may be inside one another (`NGX_HTTP_MAX_SUBREQUESTS`).
pub const MAX_DEPTH: u8 = 51;
/// nginx lets less than this wait for more (`postpone_output`).
const POSTPONED: usize = 1460;

/// What all requests inside one another have together.
#[derive(Default)]
pub struct Family {
    /// The charset of the whole answer.
    pub charset: Option<Vec<u8>>,
    /// What `ssi` keeps.
    pub ssi: RefCell<Shared>,
}

/// The family of a request; its first member's head must have passed the charset filter.
pub fn family(request: &mut Request) -> Rc<Family> {
    let charset = &request.response.charset;
    let new = || Rc::new(Family { charset: charset.clone(), ssi: RefCell::default() });
    Rc::clone(request.family.get_or_insert_with(new))
}

/// Where the body of a request inside another one goes.
pub struct Outlet {
    pieces: mpsc::Sender<Vec<u8>>,
    /// What stands in the place of a body that is empty or cannot be had, and its type.
    stub: Option<(Vec<u8>, Option<ContentType>)>,
    has_output: bool,
}

impl Outlet {
    /// Hands a piece of the body over.
    pub async fn send(&mut self, piece: &[u8]) -> Result<(), ClientGone> {
        self.has_output = true;
        self.pieces.send(piece.to_vec()).await.map_err(|_| ClientGone)
    }

    /// Whether something stands ready for an answer that has no body so far.
    pub fn has_stub(&self) -> bool {
        self.stub.is_some() && !self.has_output
    }
}

/// A request that runs beside the one that made it.
pub struct Running {
    pieces: mpsc::Receiver<Vec<u8>>,
    task: JoinHandle<bool>,
}

impl Drop for Running {
    /// Nobody waits for the answer any more.
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// There are too many requests inside one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooDeep;

/// A request for a part of the parent's body, not yet running.
pub fn prepare(parent: &mut Request, uri: &[u8], args: &[u8], sink: Sink) -> Result<Request, TooDeep> {
    let Some(depth_left) = parent.depth_left.checked_sub(1) else {
        let shown = String::from_utf8_lossy(uri).into_owned();
        parent.log(Level::Error, format_args!("subrequests cycle while processing \"{shown}\""));
        return Err(TooDeep);
    };
    let family = family(parent);
    let mut child = finalize::prepare_subrequest(parent, uri, args, sink);
    child.depth_left = depth_left;
    child.family = Some(family);
    child.body = parent.body.share();
    Ok(child)
}

/// Starts a request for a part of the parent's body.
pub fn start(parent: &mut Request, uri: &[u8], args: &[u8], stub: Option<Vec<u8>>) -> Result<Running, TooDeep> {
    let (pieces, receiver) = mpsc::channel(WAITING_PIECES);
    let stub = stub.map(|stub| (stub, parent.response.content_type.clone()));
    let sink = Sink::Parent(Box::new(Outlet { pieces, stub, has_output: false }));
    let child = prepare(parent, uri, args, sink)?;
    Ok(spawn(parent, child, Entry::NewUri, receiver))
}

/// Starts a request for the same as the parent, in the same location (`NGX_HTTP_SUBREQUEST_CLONE`).
pub fn start_again(parent: &mut Request) -> Result<Running, TooDeep> {
    let (pieces, receiver) = mpsc::channel(WAITING_PIECES);
    let sink = Sink::Parent(Box::new(Outlet { pieces, stub: None, has_output: false }));
    let (uri, args) = (parent.uri.clone(), parent.args.clone());
    let mut child = prepare(parent, &uri, &args, sink)?;
    child.method = parent.method;
    child.method_name = parent.method_name;
    child.location = Rc::clone(&parent.location);
    child.content.clone_from(&parent.content);
    child.valid_location = parent.valid_location;
    child.valid_unparsed_uri = parent.valid_unparsed_uri;
    child.slices = parent.slices.clone();
    Ok(spawn(parent, child, Entry::Content, receiver))
}

fn spawn(parent: &Request, mut child: Request, entry: Entry, pieces: mpsc::Receiver<Vec<u8>>) -> Running {
    child.variables.borrow_mut().clone_from(&parent.variables.borrow());
    let task = tokio::task::spawn_local(async move { run(&mut child, entry).await });
    Running { pieces, task }
}

/// Runs a request inside another one; false if its answer broke off.
async fn run(child: &mut Request, entry: Entry) -> bool {
    finalize::conclude_subrequest(child, entry).await;
    let stub = match &mut child.sink {
        Sink::Parent(outlet) if outlet.has_stub() => outlet.stub.take(),
        _ => None,
    };
    if let Some((stub, content_type)) = stub {
        if !child.header_sent {
            child.response.content_type = content_type;
        }
        child.client_gone = false;
        order::answer_of_unknown_length(child, &stub).await;
    }
    if child.location.settings.core.log_subrequest {
        access_log::write(child);
    }
    !child.client_gone
}

/// Sends what a request inside this one answers, to its end.
pub async fn forward(request: &mut Request, mut running: Running) -> Result<(), ClientGone> {
    loop {
        let piece = match running.pieces.try_recv() {
            Ok(piece) => Some(piece),
            Err(_) => {
                if request.connection.gathered() >= POSTPONED {
                    order::flush(request).await?;
                }
                running.pieces.recv().await
            }
        };
        match piece {
            Some(piece) => order::encode(request, &piece).await?,
            None => break,
        }
    }
    match (&mut running.task).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(ClientGone),
    }
}

/// Text and bodies of other requests, in the order in which they make up a body.
#[derive(Default)]
pub struct Queue(VecDeque<Part>);

enum Part {
    Text(Vec<u8>),
    Body(Running),
}

impl Queue {
    /// Adds text at the end.
    pub fn push_text(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        match self.0.back_mut() {
            Some(Part::Text(before)) => before.extend_from_slice(text),
            _ => self.0.push_back(Part::Text(text.to_vec())),
        }
    }

    /// What is added from here on is sent apart from what stands before it, as nginx does at an `include`.
    pub fn split(&mut self) {
        if let Some(Part::Text(_)) = self.0.back() {
            self.0.push_back(Part::Text(Vec::new()));
        }
    }

    /// Adds the body of a request at the end.
    pub fn push_body(&mut self, running: Running) {
        self.0.push_back(Part::Body(running));
    }

    /// Sends all.
    pub async fn send(&mut self, request: &mut Request) -> Result<(), ClientGone> {
        while let Some(part) = self.0.pop_front() {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => order::encode(request, &text).await?,
                Part::Body(running) => forward(request, running).await?,
            }
        }
        Ok(())
    }
}
