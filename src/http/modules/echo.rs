//! `echo`: what a location says by itself, command by command.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::rc::Rc;
use std::time::Duration;

use crate::http::body_file::BodyFile;
use crate::http::filters::{echo, order, write};
use crate::http::request::Request;
use crate::http::request::body::Body;
use crate::http::subrequest::{self, Running};
use crate::http::upstream::unsafe_uri;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, evaluate, map_uri, redirect, rewrite, variables};
use crate::ir::http::echo::{Command, Subrequest, Target};
use crate::ir::value::Template;
use crate::log::error_log::Level;
use crate::log::now;
use crate::wire::http1::request_line::Method;

/// Repeated text is made in pieces of about this size.
const LARGEST_PIECE: usize = 64 * 1024;

/// Runs the commands of the location.
pub async fn handle(request: &mut Request) -> Verdict {
    let echo = Rc::clone(&request.location.settings.echo);
    if !request.is_subrequest {
        request.contexts.echo_counter = Some(Rc::default());
    }
    if !echo.commands.iter().any(reads_body)
        && let Err(status) = body_reader::discard(request)
    {
        return Verdict::Finish(status);
    }
    request.response.content_type = Some(rewrite::content_type(request));
    let mut run = Run { commands: &echo.commands, status: echo.status, next: 0, each: None, running: VecDeque::new() };
    while let Some(command) = run.commands.get(run.next) {
        run.next += 1;
        if let Err(verdict) = run.step(request, command).await {
            return verdict;
        }
    }
    if let Err(verdict) = run.send_head(request).await {
        return verdict;
    }
    if run.send_running(request).await.is_err() {
        return Verdict::Close;
    }
    match order::finish(request).await {
        Ok(()) => Verdict::Done,
        Err(_) => Verdict::Close,
    }
}

fn asks_another(command: &Command) -> bool {
    use Command::{Location, LocationAsync, Subrequest, SubrequestAsync};
    matches!(command, Location(_) | LocationAsync(_) | Subrequest(_) | SubrequestAsync(_))
}

/// Other locations may want the body, so it is read before they are asked.
fn reads_body(command: &Command) -> bool {
    matches!(command, Command::ReadRequestBody) || asks_another(command)
}

/// How far the commands have come.
struct Run<'c> {
    commands: &'c [Command],
    status: u16,
    next: usize,
    /// The loop that is run, and its further pieces.
    each: Option<(usize, VecDeque<Vec<u8>>)>,
    /// Requests whose answers are to be sent before anything else is said.
    running: VecDeque<Running>,
}

impl Run<'_> {
    async fn step(&mut self, request: &mut Request, command: &Command) -> Result<(), Verdict> {
        if asks_another(command) {
            self.begin(request).await?;
        }
        if reads_body(command) {
            body_reader::read(request).await.map_err(|status| refuse(request, status))?;
        }
        match command {
            Command::Echo(line) => {
                let line = echo::text(request, line);
                self.say(request, &line).await
            }
            Command::Duplicate { count, text } => self.duplicate(request, count, text).await,
            Command::Sleep(seconds) => {
                let pause_ms = duration_ms(request, seconds)?;
                request.pause(pause_ms).await.map_err(|_| Verdict::Close)
            }
            Command::BlockingSleep(seconds) => {
                // Who asks for it wants to see what becomes of the others.
                std::thread::sleep(Duration::from_millis(duration_ms(request, seconds)?));
                Ok(())
            }
            Command::ResetTimer => {
                request.contexts.echo_timer_began = Some(now::since_epoch());
                Ok(())
            }
            // What the original says of its own command.
            Command::AbortParent => {
                request.log(Level::Error, "unknown opcode: 17");
                Err(refuse(request, 500))
            }
            Command::Flush => {
                self.say(request, b"").await?;
                write::flush(request).await.map_err(|_| Verdict::Close)
            }
            Command::ReadRequestBody => Ok(()),
            Command::RequestBody => self.request_body(request).await,
            Command::Exec(target) => Err(exec(request, target)),
            Command::Location(target) => {
                self.start(request, target)?;
                self.send_running(request).await
            }
            Command::LocationAsync(target) => self.start(request, target),
            Command::Subrequest(asked) => {
                self.start_subrequest(request, asked)?;
                self.send_running(request).await
            }
            Command::SubrequestAsync(asked) => self.start_subrequest(request, asked),
            Command::ForeachSplit { delimiter, text } => self.begin_each(request, delimiter, text),
            Command::End => self.end_each(request),
        }
    }

    async fn say(&mut self, request: &mut Request, text: &[u8]) -> Result<(), Verdict> {
        self.send_head(request).await?;
        self.send_running(request).await?;
        order::send_body(request, text).await.map_err(|_| Verdict::Close)
    }

    /// Until its head goes out an answer has no status.
    async fn send_head(&self, request: &mut Request) -> Result<(), Verdict> {
        if !request.header_sent {
            request.response.status = self.status;
        }
        Ok(order::send_head(request).await?)
    }

    /// What comes before other locations' answers.
    async fn begin(&self, request: &mut Request) -> Result<(), Verdict> {
        self.send_head(request).await?;
        order::begin_body(request).await.map_err(|_| Verdict::Close)
    }

    async fn send_running(&mut self, request: &mut Request) -> Result<(), Verdict> {
        while let Some(running) = self.running.pop_front() {
            subrequest::forward(request, running).await.map_err(|_| Verdict::Close)?;
        }
        Ok(())
    }

    /// One piece of text for all, as far as that is sensible: it may be the client who says how often.
    async fn duplicate(&mut self, request: &mut Request, count: &Template, text: &Template) -> Result<(), Verdict> {
        let written = evaluate::text(request, count);
        let Some(count) = number(&written) else {
            let written = String::from_utf8_lossy(&written);
            request.log(Level::Error, format_args!("invalid size specified: \"{written}\""));
            return Err(refuse(request, 500));
        };
        let text = evaluate::text(request, text).into_owned();
        let at_once = (LARGEST_PIECE / text.len().max(1)).max(1) as u64;
        let mut left = if text.is_empty() { 0 } else { count };
        while left > 0 {
            let now = left.min(at_once);
            self.say(request, &text.repeat(now as usize)).await?;
            left -= now;
        }
        Ok(())
    }

    async fn request_body(&mut self, request: &mut Request) -> Result<(), Verdict> {
        match &request.body {
            Body::Memory(bytes) => {
                let bytes = bytes.clone();
                self.say(request, &bytes).await
            }
            Body::File(body) => {
                let body = Rc::clone(body);
                self.say(request, b"").await?;
                let sent = match (body.in_memory(), body.file()) {
                    (Some(bytes), _) => order::send_body(request, bytes).await,
                    (None, Ok(file)) => order::send_file(request, file, 0, body.length).await,
                    (None, Err(_)) => return Err(Verdict::Close),
                };
                sent.map_err(|_| Verdict::Close)
            }
            Body::None | Body::Discarded => Ok(()),
        }
    }

    /// Begins a request for another location.
    fn start(&mut self, request: &mut Request, target: &Target) -> Result<(), Verdict> {
        let uri = evaluate::text(request, &target.uri).into_owned();
        let args = target.args.as_ref().map(|args| evaluate::text(request, args).into_owned());
        let Some((uri, own_args)) = unsafe_uri::parse(&uri) else { return Err(give_up(request)) };
        let started = subrequest::start_changed(request, &uri, &args.unwrap_or(own_args), forget_variables);
        self.running.push_back(started.map_err(|_| Verdict::Close)?);
        Ok(())
    }

    /// The same, with another method and a body of its own.
    fn start_subrequest(&mut self, request: &mut Request, asked: &Subrequest) -> Result<(), Verdict> {
        let method = evaluate::text(request, &asked.method).into_owned();
        let uri = evaluate::text(request, &asked.uri).into_owned();
        let options = options(request, &asked.options)?;
        let body = options.body(request)?;
        let Some((uri, own_args)) = unsafe_uri::parse(&uri) else { return Err(give_up(request)) };
        let args = options.args.unwrap_or(own_args);
        let started = subrequest::start_changed(request, &uri, &args, |child| {
            forget_variables(child);
            child.method = Method::from_name(&method);
            child.header_only = child.method == Method::Head;
            child.method_name = Some(method.into());
            if let Some(body) = body {
                give_body(child, body);
            }
        });
        self.running.push_back(started.map_err(|_| Verdict::Close)?);
        Ok(())
    }

    fn begin_each(&mut self, request: &mut Request, delimiter: &Template, text: &Template) -> Result<(), Verdict> {
        if self.each.is_some() {
            request.log(Level::Error, "Nested echo_foreach not supported yet.");
            return Err(refuse(request, 500));
        }
        let delimiter = evaluate::text(request, delimiter);
        if delimiter.is_empty() {
            // The original never comes to an end here.
            return Err(refuse(request, 500));
        }
        let mut pieces = split(&evaluate::text(request, text), &delimiter);
        match pieces.pop_front() {
            Some(piece) => {
                variables::assign_named(request, b"echo_it", Some(&piece));
                self.each = Some((self.next, pieces));
            }
            None => {
                let end = self.commands[self.next..].iter().position(|command| matches!(command, Command::End));
                self.next = end.map_or(self.commands.len(), |end| self.next + end + 1);
            }
        }
        Ok(())
    }

    fn end_each(&mut self, request: &Request) -> Result<(), Verdict> {
        let Some((begin, pieces)) = &mut self.each else {
            request.log(Level::Error, "Found a echo_end that has no corresponding echo_foreach before it.");
            return Err(give_up(request));
        };
        let piece = pieces.pop_front();
        variables::assign_named(request, b"echo_it", piece.as_deref());
        match piece {
            Some(_) => self.next = *begin,
            None => self.each = None,
        }
        Ok(())
    }
}

/// What stands behind the URI of an `echo_subrequest`.
#[derive(Default)]
struct Options {
    /// `-q`
    args: Option<Vec<u8>>,
    /// `-b`
    body: Vec<u8>,
    /// `-f`
    file: Vec<u8>,
}

fn options(request: &Request, words: &[Template]) -> Result<Options, Verdict> {
    let mut options = Options::default();
    let mut words = words.iter().map(|word| evaluate::text(request, word).into_owned());
    while let Some(name) = words.next() {
        if !matches!(name.as_slice(), b"-q" | b"-b" | b"-f") {
            let name = String::from_utf8_lossy(&name);
            request.log(Level::Error, format_args!("unknown option for echo_subrequest*: {name}"));
            return Err(give_up(request));
        }
        let Some(value) = words.next() else { break };
        match name[1] {
            b'q' => options.args = Some(value).filter(|args| !args.is_empty()),
            b'b' => options.body = value,
            _ => options.file = value,
        }
    }
    Ok(options)
}

impl Options {
    /// The body that takes the place of the one that this request has.
    fn body(&self, request: &Request) -> Result<Option<Body>, Verdict> {
        if !self.body.is_empty() {
            return Ok(Some(Body::Memory(self.body.clone())));
        }
        if self.file.is_empty() {
            return Ok(None);
        }
        let path = map_uri::full_path(request, Cow::Borrowed(&self.file));
        let shown = String::from_utf8_lossy(&path).into_owned();
        let opened = File::open(map_uri::path(&path)).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|error| {
            request.log_error(Level::Error, &error, format_args!("open() \"{shown}\" failed"));
            give_up(request)
        })?;
        Ok(Some(Body::File(Rc::new(BodyFile::existing(shown, file, length)))))
    }
}

/// Unlike the other modules, this one gives each request values of its own.
fn forget_variables(child: &mut Request) {
    child.variables = Rc::default();
}

fn give_body(child: &mut Request, body: Body) {
    let length = body.len();
    (child.content_length, child.chunked_body, child.body) = (Some(length), false, body);
    Rc::make_mut(&mut child.head).set_header(b"Content-Length", length.to_string().as_bytes(), true);
}

/// The pieces of a text; there are no empty ones.
fn split(text: &[u8], delimiter: &[u8]) -> VecDeque<Vec<u8>> {
    let mut pieces = VecDeque::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, delimiter).chain([text.len()]) {
        if from < at {
            pieces.push_back(text[from..at].to_vec());
        }
        from = at + delimiter.len();
    }
    pieces
}

fn duration_ms(request: &mut Request, seconds: &Template) -> Result<u64, Verdict> {
    let written = evaluate::text(request, seconds).into_owned();
    milliseconds(&written).ok_or_else(|| {
        let written = String::from_utf8_lossy(&written);
        request.log(Level::Error, format_args!("invalid sleep duration \"{written}\""));
        refuse(request, 400)
    })
}

/// `echo_exec`
fn exec(request: &mut Request, target: &Target) -> Verdict {
    let uri = evaluate::text(request, &target.uri).into_owned();
    let args = target.args.as_ref().map(|args| evaluate::text(request, args).into_owned());
    if request.header_sent {
        request.log(Level::Alert, "header already sent");
        return give_up(request);
    }
    request.response.clear();
    if uri.first() == Some(&b'@') {
        if let Some(args) = args {
            request.set_args(&args);
        }
        return redirect::named_location(request, &uri);
    }
    match unsafe_uri::parse(&uri) {
        Some((uri, own_args)) => redirect::internal_redirect(request, &uri, &args.unwrap_or(own_args)),
        None => give_up(request),
    }
}

/// nginx closes at once, and with that drops what it has held back until then.
fn give_up(request: &Request) -> Verdict {
    request.connection.discard_gathered();
    Verdict::Close
}

/// Behind a head that was sent, only the end of the connection can show a fault.
fn refuse(request: &Request, status: u16) -> Verdict {
    if request.header_sent { give_up(request) } else { Verdict::Finish(status) }
}

/// Digits, with underscores between them as one likes.
fn number(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'_').collect();
    digits_to_number(&digits)
}

fn digits_to_number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// Seconds with up to three decimals (`ngx_atofp`).
fn milliseconds(text: &[u8]) -> Option<u64> {
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let decimals = text.get(point + 1..).unwrap_or_default();
    if decimals.len() > 3 {
        return None;
    }
    let zeros = &b"000"[decimals.len()..];
    digits_to_number(&[&text[..point], decimals, zeros].concat())
        .filter(|_| text.len() > usize::from(point < text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!([number(b"1_000"), number(b"x"), number(b"")], [Some(1000), None, None]);
        let times = [b"1".as_slice(), b"0.25", b".5", b"1.", b"1.2345", b"1.2.3", b"x", b""].map(milliseconds);
        assert_eq!(times, [Some(1000), Some(250), Some(500), Some(1000), None, None, None, None]);
    }
}
