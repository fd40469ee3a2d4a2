//! Requests that a request makes for parts of its body (`ngx_http_subrequest`): they run beside it, and their bodies take their
//! places in its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::filters::write;
use super::message::response::ContentType;
use super::request::family::{Family, Outlet, Turn};
use super::request::{Entry, Request, Sink};
use super::verdict::{CLIENT_CLOSED_REQUEST, ClientGone};
use crate::log::error_log::Level;

/// So many pieces of a body wait until it is their turn; then the request that sends them waits too.
const WAITING_PIECES: usize = 16;
/// nginx lets less than this wait for more (`postpone_output`).
const POSTPONED: usize = 1460;

/// The family of a request; its first member's head must have passed the charset filter.
pub fn family(request: &mut Request) -> Rc<Family> {
    let charset = request.response.said_charset();
    let new = || Rc::new(Family { charset: charset.map(<[u8]>::to_vec), ssi: RefCell::default() });
    Rc::clone(request.family.get_or_insert_with(new))
}

/// A request that runs beside the one that made it.
pub struct Running {
    pieces: mpsc::Receiver<Vec<u8>>,
    /// With an error, the status of a request that ended because its client is gone.
    task: JoinHandle<Result<(), u16>>,
    turn: Rc<Turn>,
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

/// A request inside another one that has its client, head and nothing else of it.
pub fn beside(parent: &Request, uri: &[u8], args: &[u8], sink: Sink) -> Request {
    let mut child = Request::inside(parent);
    child.set_uri(uri);
    child.set_args(args);
    child.sink = sink;
    child.contexts.limit_status = Rc::clone(parent.contexts.limit_status()).into();
    child.contexts.echo_counter.clone_from(&parent.contexts.echo_counter);
    child
}

/// Runs a request that this one waits for, or that nobody waits for.
pub async fn run(child: &mut Request) {
    (child.handlers.run)(child, Entry::NewUri).await;
}

/// A request for a part of the parent's body, not yet running.
pub fn prepare(parent: &mut Request, uri: &[u8], args: &[u8], sink: Sink) -> Result<Request, TooDeep> {
    let Some(depth_left) = parent.depth_left.checked_sub(1) else {
        let shown = String::from_utf8_lossy(uri).into_owned();
        parent.log(Level::Error, format_args!("subrequests cycle while processing \"{shown}\""));
        return Err(TooDeep);
    };
    let family = family(parent);
    let mut child = beside(parent, uri, args, sink);
    child.depth_left = depth_left;
    child.family = Some(family);
    child.body = parent.body.share();
    Ok(child)
}

/// Starts a request for a part of the parent's body.
pub fn start(parent: &mut Request, uri: &[u8], args: &[u8], stub: Option<Vec<u8>>) -> Result<Running, TooDeep> {
    let stub = stub.map(|stub| (stub, parent.response.content_type.clone()));
    start_with(parent, uri, args, stub, |_| {})
}

/// The same, for a request that differs in more than its path.
pub fn start_changed(
    parent: &mut Request,
    uri: &[u8],
    args: &[u8],
    change: impl FnOnce(&mut Request),
) -> Result<Running, TooDeep> {
    start_with(parent, uri, args, None, change)
}

fn start_with(
    parent: &mut Request,
    uri: &[u8],
    args: &[u8],
    stub: Option<(Vec<u8>, Option<ContentType>)>,
    change: impl FnOnce(&mut Request),
) -> Result<Running, TooDeep> {
    let (pieces, receiver) = mpsc::channel(WAITING_PIECES);
    let sink = Sink::Parent(Box::new(Outlet { pieces, stub, has_output: false }));
    let mut child = prepare(parent, uri, args, sink)?;
    change(&mut child);
    Ok(spawn(child, Entry::NewUri, receiver))
}

/// Starts a request for the same as the parent, in the same location (`NGX_HTTP_SUBREQUEST_CLONE`).
pub fn start_again(parent: &mut Request) -> Result<Running, TooDeep> {
    let (pieces, receiver) = mpsc::channel(WAITING_PIECES);
    let sink = Sink::Parent(Box::new(Outlet { pieces, stub: None, has_output: false }));
    let (uri, args) = (parent.uri.clone(), parent.args.clone());
    let mut child = prepare(parent, &uri, &args, sink)?;
    child.method = parent.method;
    child.method_name.clone_from(&parent.method_name);
    child.location = Rc::clone(&parent.location);
    child.content.clone_from(&parent.content);
    child.valid_location = parent.valid_location;
    child.valid_unparsed_uri = parent.valid_unparsed_uri;
    child.contexts.slices = parent.contexts.slices.clone();
    Ok(spawn(child, Entry::Content, receiver))
}

fn spawn(mut child: Request, entry: Entry, pieces: mpsc::Receiver<Vec<u8>>) -> Running {
    let turn = Turn::below(child.turn.take());
    child.turn = Some(Rc::clone(&turn));
    let task = tokio::task::spawn_local(async move {
        (child.handlers.run)(&mut child, entry).await;
        if child.client_gone { Err(child.response.status) } else { Ok(()) }
    });
    Running { pieces, task, turn }
}

/// Sends what a request inside this one answers, to its end.
pub async fn forward(request: &mut Request, mut running: Running) -> Result<(), ClientGone> {
    running.turn.begin();
    loop {
        let piece = match running.pieces.try_recv() {
            Ok(piece) => Some(piece),
            Err(_) => {
                if request.connection.gathered() >= POSTPONED {
                    write::flush(request).await?;
                }
                running.pieces.recv().await
            }
        };
        match piece {
            Some(piece) => write::encode(request, &piece).await?,
            None => break,
        }
    }
    match (&mut running.task).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(status @ (CLIENT_CLOSED_REQUEST | 408))) if request.connection.sent.get() == request.sent_before => {
            request.response.status = status;
            Err(ClientGone)
        }
        Ok(Err(_)) | Err(_) => Err(ClientGone),
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
                Part::Text(text) => write::encode(request, &text).await?,
                Part::Body(running) => forward(request, running).await?,
            }
        }
        Ok(())
    }
}
