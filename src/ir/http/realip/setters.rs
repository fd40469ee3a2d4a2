//! Reading `set_real_ip_from`, `real_ip_header` and `real_ip_recursive`.

use super::{Header, Trusted};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::access::Clients;
use crate::ir::http::access::setters::network;
use crate::ir::lookup::AskedBy;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::Text;

/// The setters of `http_realip`.
pub const SETTERS: Table = &[
    ("real_ip_header", own!(realip.header, header)),
    ("real_ip_recursive", own!(realip.recursive, setter::flag)),
    ("set_real_ip_from", own_push!(realip.from, from)),
];

fn header(directive: &Directive<'_>) -> Result<Header, Diagnostic> {
    Ok(match directive.args()[0].value {
        b"X-Real-IP" => Header::XRealIp,
        b"X-Forwarded-For" => Header::XForwardedFor,
        b"proxy_protocol" => Header::ProxyProtocol,
        name => Header::Named(Text::from(name.to_ascii_lowercase())),
    })
}

fn from(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Trusted, Diagnostic> {
    let text = directive.args()[0].value;
    if text == b"unix:" {
        return Ok(Trusted::Clients(Clients::Unix));
    }
    Ok(match network(reader, directive, text) {
        Some(network) => Trusted::Clients(Clients::Network(network)),
        None => {
            let asked_by = AskedBy::SetRealIpFrom { written: Text::from(text) };
            Trusted::Host(reader.resolve(text, 0, asked_by, directive.place()))
        }
    })
}
