//! The values of nginx's `http_realip` module.

pub mod setters;

use super::access::Clients;
use crate::ir::lookup::HostId;
use crate::ir::value::{List, Text};

layer! {
    /// Whose word is taken for the client's address.
    pub struct Realip, own RealipOwn {
        /// `set_real_ip_from`
        from: List<Trusted> = List::default(),
        /// `real_ip_header`
        header: Header = Header::XRealIp,
        /// `real_ip_recursive`
        recursive: bool = false,
    }
}

/// One `set_real_ip_from`.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Trusted {
    /// Addresses.
    Clients(Clients),
    /// A host name, resolved at start.
    Host(HostId),
}

/// `real_ip_header`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Header {
    /// `X-Real-IP`
    XRealIp,
    /// `X-Forwarded-For`
    XForwardedFor,
    /// `proxy_protocol`
    ProxyProtocol,
    /// Any other, in lower case.
    Named(Text),
}
