//! How a connection begins: the header of a balancer in front of it, the TLS handshake.

use std::rc::Rc;

use super::hello::server_of;
use super::{Connection, proxied, secure};

impl Connection {
    /// What comes before the first request: the header of a balancer in front, the TLS handshake; `None` if it ended there.
    pub(super) async fn begin(mut self) -> Option<Self> {
        let engine = Rc::clone(&self.engine);
        let servers = &engine.http.listeners[self.listener as usize].addresses[self.address as usize];
        let mut stream = self.stream.take()?;
        if servers.proxy_protocol {
            let header = proxied::begin(&self, servers, &mut stream).await?;
            self.extra.get_or_insert_default().proxied = header.addresses.map(Rc::new);
        }
        if servers.ssl {
            let begun = secure::begin(&self, servers, stream).await?;
            let extra = self.extra.get_or_insert_default();
            (extra.hello, extra.client_fault) = (begun.hello, begun.client_fault);
            extra.named = begun.stream.tls().and_then(|tls| server_of(servers, tls.server_name()?));
            stream = begun.stream;
        }
        self.stream.replace(Some(stream));
        Some(self)
    }
}
