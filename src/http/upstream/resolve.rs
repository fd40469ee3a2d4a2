//! The servers behind a URL with variables: a group of the configuration, or what `resolver` finds for its host.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::group::Group;
use crate::http::request::Request;
use crate::http::verdict::CLIENT_CLOSED_REQUEST;
use crate::ir::http::proxy::Proxy;
use crate::log::error_log::Level;
use crate::net::connect::Target;

/// Where a URL leads.
pub enum Servers {
    /// To these servers.
    Group(Rc<Group>),
    /// To the addresses of a name.
    Name {
        /// The name.
        host: Box<[u8]>,
        /// All addresses get it.
        port: u16,
    },
}

/// The servers, resolved if they have to be; or the status for the client.
pub async fn group(request: &Request, proxy: &Proxy, servers: Servers) -> Result<Rc<Group>, u16> {
    let (host, port) = match servers {
        Servers::Group(group) => return Ok(group),
        Servers::Name { host, port } => (host, port),
    };
    let engine = &request.connection.engine;
    let shown = String::from_utf8_lossy(&host);
    let Some(resolver) = engine.resolver(&request.location) else {
        request.log(Level::Error, format_args!("no resolver defined to resolve {shown}"));
        return Err(502);
    };
    let timeout_ms = request.location.settings.core.resolver_timeout_ms;
    let found = resolver.addresses(&host, timeout_ms);
    match unless_client_goes(request, !proxy.ignore_client_abort, found).await {
        Ok(Ok((addresses, _))) => {
            let target = |address| Target::Inet(SocketAddr::new(address, port));
            Ok(Rc::new(Group::of_addresses(&host, addresses.iter().copied().map(target).collect())))
        }
        Ok(Err(failure)) => {
            // As nginx asked for it: without a dot at the end, in small letters.
            let shown = shown.strip_suffix('.').unwrap_or(&shown).to_ascii_lowercase();
            request.log(Level::Error, format_args!("{shown} could not be resolved ({failure})"));
            Err(502)
        }
        Err(error) => {
            request.log_gone(error.as_ref(), false);
            Err(CLIENT_CLOSED_REQUEST)
        }
    }
}

async fn unless_client_goes<F: Future>(
    request: &Request,
    is_watched: bool,
    future: F,
) -> Result<F::Output, Option<io::Error>> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending if is_watched => request.connection.poll_gone(context).map(Err),
        Poll::Pending => Poll::Pending,
    })
    .await
}
