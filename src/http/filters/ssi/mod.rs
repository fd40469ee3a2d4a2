//! `ssi`: commands in a body are carried out (`ngx_http_ssi_filter_module`).

mod carry_out;
mod commands;
mod expression;
mod parser;
pub mod shared;

use std::rc::Rc;

use self::commands::{Conditional, Kind, shown};
use self::parser::{Command, Parser, Step};
use super::gzip;
use crate::http::request::Request;
use crate::http::request::family::Family;
use crate::http::subrequest::{self, Queue};
use crate::http::verdict::ClientGone;
use crate::ir::http::ssi::Ssi;
use crate::log::error_log::Level;

/// How `echo` writes a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    None,
    Url,
    Entity,
}

/// Why a command was not carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failure {
    /// The text says so.
    Error,
    /// Nothing more can be said.
    Gone,
}

impl From<ClientGone> for Failure {
    fn from(_: ClientGone) -> Self {
        Self::Gone
    }
}

/// Carries out the commands of one body.
pub struct Interpreter {
    settings: Rc<Ssi>,
    family: Rc<Family>,
    parser: Parser,
    /// What is to be sent once the present piece has been read: until then all includes of it have been started.
    queue: Queue,
    error_message: Vec<u8>,
    encoding: Encoding,
    conditional: Conditional,
    /// Text goes out.
    output: bool,
    /// A branch of the present `if` was taken.
    output_chosen: bool,
    /// Text goes into a block.
    in_block: bool,
}

/// Decides whether commands are carried out.
pub fn head(request: &mut Request) -> Option<Box<Interpreter>> {
    let settings = Rc::clone(&request.location.settings.ssi);
    let response = &request.response;
    if !settings.enabled || response.content_length == Some(0) || !response.is_of(&settings.types) {
        return None;
    }
    let family = subrequest::family(request);
    if !request.is_subrequest {
        request.response.content_length = None;
        request.response.clear_accept_ranges();
        if settings.last_modified {
            gzip::weaken_etag(request);
        } else {
            request.response.clear_last_modified();
            request.response.headers.remove(b"ETag");
        }
    }
    Some(Box::new(Interpreter {
        parser: Parser::new(settings.value_length),
        settings,
        family,
        queue: Queue::default(),
        error_message: b"[an error occurred while processing the directive]".to_vec(),
        encoding: Encoding::Entity,
        conditional: Conditional::Outside,
        output: true,
        output_chosen: false,
        in_block: false,
    }))
}

impl Interpreter {
    /// Reads a piece of the body, and sends what comes of it.
    pub async fn write(&mut self, request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
        let mut position = 0;
        let mut text = Vec::new();
        loop {
            let step = self.parser.next(bytes, &mut position, &mut text);
            self.put(&text);
            text.clear();
            match step {
                Step::End => return self.queue.send(request).await,
                Step::Fault(reason) => request.log(Level::Error, reason),
                Step::FaultyCommand => self.put_error(),
                Step::Command(command) => match self.carry_out(request, &command).await {
                    Ok(()) => {}
                    Err(Failure::Error) => self.put_error(),
                    Err(Failure::Gone) => return Err(ClientGone),
                },
            }
        }
    }

    fn put(&mut self, text: &[u8]) {
        if self.output {
            self.queue.push_text(text);
        } else if self.in_block {
            self.put_in_block(text);
        }
    }

    fn put_in_block(&self, text: &[u8]) {
        if let Some((_, block)) = self.family.ssi.borrow_mut().blocks.last_mut() {
            block.extend_from_slice(text);
        }
    }

    fn put_error(&mut self) {
        if !self.settings.silent_errors {
            self.queue.push_text(&self.error_message);
        }
    }

    async fn carry_out(&mut self, request: &mut Request, command: &Command) -> Result<(), Failure> {
        let Some(kind) = Kind::of(&command.name) else {
            return match self.output {
                true => Err(fault(request, format!("invalid SSI command: \"{}\"", shown(&command.name)))),
                false => Ok(()),
            };
        };
        if !self.output && kind != Kind::EndBlock {
            if self.in_block {
                self.put_in_block(&written(command));
                return Ok(());
            }
            if kind.context() == Conditional::Outside {
                return Ok(());
            }
        }
        let context = kind.context();
        if context != Conditional::Outside && (self.conditional == Conditional::Outside || self.conditional > context) {
            return Err(fault(request, format!("invalid context of SSI command: \"{}\"", shown(&command.name))));
        }
        kind.check(command).map_err(|reason| fault(request, reason))?;
        self.run(request, kind, command).await
    }

    async fn run(&mut self, request: &mut Request, kind: Kind, command: &Command) -> Result<(), Failure> {
        match kind {
            Kind::Include => {
                self.queue.split();
                return self.include(request, command).await;
            }
            Kind::Echo => self.echo(request, command),
            Kind::Config => self.config(request, command),
            Kind::Set => {
                let value = self.evaluate(request, kind.value(command, b"value"), false)?;
                let name = kind.value(command, b"var").to_ascii_lowercase();
                self.family.ssi.borrow_mut().set(&name, value);
            }
            Kind::If if self.conditional != Conditional::Outside => {
                return Err(fault(request, "the \"if\" command inside the \"if\" command".to_owned()));
            }
            Kind::If | Kind::Elif if self.output_chosen => self.output = false,
            Kind::If | Kind::Elif => {
                self.output = self.holds(request, kind.value(command, b"expr"))?;
                self.output_chosen = self.output;
                self.conditional = Conditional::If;
            }
            Kind::Else => {
                self.output = !self.output_chosen;
                self.conditional = Conditional::Else;
            }
            Kind::Endif => {
                (self.output, self.output_chosen) = (true, false);
                self.conditional = Conditional::Outside;
            }
            Kind::Block => {
                let name = kind.value(command, b"name").to_vec();
                self.family.ssi.borrow_mut().blocks.push((name, Vec::new()));
                (self.output, self.in_block) = (false, true);
            }
            Kind::EndBlock => (self.output, self.in_block) = (true, false),
        }
        Ok(())
    }
}

/// A command as a block keeps it.
fn written(command: &Command) -> Vec<u8> {
    let mut text = [b"<!--#", command.name.as_slice()].concat();
    for (key, value) in &command.parameters {
        for part in [b" ", key.as_slice(), b"=\"", value, b"\""] {
            text.extend_from_slice(part);
        }
    }
    text.extend_from_slice(b" -->");
    text
}

fn fault(request: &Request, reason: String) -> Failure {
    request.log(Level::Error, reason);
    Failure::Error
}
