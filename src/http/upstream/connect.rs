//! A new connection to a chosen server, with nginx's words when there is none to be had.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;

use super::answer::Faulty;
use super::http2::Session;
use super::job::Job;
use super::keepalive::{BackendConnection, Wire};
use super::layout::Server;
use super::retry::Failure;
use super::secure;
use super::waiting::{Waited, log_timeout, wait_for};
use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::http::proxy::Bind;
use crate::log::error_log::Level;
use crate::net::connect::{self, Fault, Local, Options, Target};
use crate::net::stream::Stream;
use crate::net::timers::now_ms;

const ENETUNREACH: i32 = 101;
const ECONNREFUSED: i32 = 111;

/// Opens a connection within `proxy_connect_timeout`.
pub async fn open(
    request: &mut Request,
    job: &Job,
    server: &Server,
    local: Option<Local>,
) -> Result<Box<BackendConnection>, Faulty> {
    let engine = Rc::clone(&request.connection.engine);
    let place = engine.connections.take(&engine.log).await.map_err(|lack| {
        request.log(Level::Alert, lack);
        Faulty::Request(500)
    })?;
    let number = engine.connections.next_number();
    let options = options(job, local);
    let began_ms = now_ms();
    let opened = wait_for(request, job, job.proxy.connect_timeout_ms, connect::connect(&server.target, options)).await;
    match opened {
        Waited::Done(Ok(stream)) => {
            let descriptor = stream.as_fd().as_raw_fd();
            request
                .debug(|line| line.push_display(format_args!("connect to {}, fd:{descriptor} #{number}", server.name)));
            let stream = match &job.tls {
                None => stream,
                Some(tls) => secure::begin(request, job, tls, server, (stream, began_ms)).await?,
            };
            Ok(BackendConnection::new(begin(job, stream), place))
        }
        Waited::Done(Err(fault)) => Err(explain(request, server, fault)),
        Waited::TimedOut => {
            log_timeout(request, Level::Error);
            Err(Faulty::Server(Failure::Timeout))
        }
        Waited::ClientGone => Err(Faulty::ClientGone),
    }
}

/// Begins to speak what the location says.
fn begin(job: &Job, stream: Stream) -> Wire {
    match job.http2 {
        None => Wire::Http1(stream),
        Some(_) => Wire::Http2(Box::new(Session::new(stream))),
    }
}

fn options(job: &Job, local: Option<Local>) -> Options {
    let proxy = &job.proxy;
    Options {
        bind: local,
        keepalive: proxy.socket_keepalive,
        receive_buffer: proxy.socket_receive_buffer,
        send_buffer: proxy.socket_send_buffer,
        nodelay: job.passes_body_through,
    }
}

/// `proxy_bind`, as a request has it.
pub fn bind(request: &Request, bind: &Bind) -> Option<Local> {
    match bind {
        Bind::Off => None,
        Bind::Address { address, port, transparent } => {
            Some(Local { address: *address, port: *port, transparent: *transparent })
        }
        Bind::Template { address, transparent } => {
            let (address, port) = parse_local(request, &evaluate::text(request, address))?;
            Some(Local { address, port, transparent: *transparent })
        }
    }
}

/// An address with or without a port; nothing for an empty text, and for what is no address.
fn parse_local(request: &Request, text: &[u8]) -> Option<(IpAddr, u16)> {
    if text.is_empty() {
        return None;
    }
    let shown = String::from_utf8_lossy(text);
    let parsed = shown.parse().map(|address: std::net::SocketAddr| (address.ip(), address.port()));
    let parsed = parsed.or_else(|_| shown.trim_matches(['[', ']']).parse().map(|address| (address, 0)));
    if parsed.is_err() {
        request.log(Level::Error, format_args!("invalid local address \"{shown}\""));
    }
    parsed.ok()
}

fn explain(request: &Request, server: &Server, fault: Fault) -> Faulty {
    match fault {
        Fault::Socket(error) => {
            request.log_error(Level::Alert, &error, "socket() failed");
            Faulty::Request(500)
        }
        Fault::Option(name, error) => {
            request.log_error(Level::Alert, &error, format_args!("setsockopt({name}) failed"));
            Faulty::Request(500)
        }
        Fault::Bind(address, error) => {
            request.log_error(Level::Crit, &error, format_args!("bind({address}) failed"));
            Faulty::Request(500)
        }
        Fault::Connect(error) => {
            let refused = error.kind() == io::ErrorKind::ConnectionRefused;
            let known = refused || matches!(error.raw_os_error(), Some(ENETUNREACH..=ECONNREFUSED | 113));
            let level = if known { Level::Error } else { Level::Crit };
            // What connect() itself says names the address; what the network says later does not.
            let is_late = matches!(error.raw_os_error(), Some(104 | 110 | ECONNREFUSED | 113));
            if matches!(server.target, Target::Inet(_)) && is_late {
                request.log_error(Level::Error, &error, "connect() failed");
            } else {
                request.log_error(level, &error, format_args!("connect() to {} failed", server.name));
            }
            Faulty::Server(Failure::Error)
        }
    }
}
