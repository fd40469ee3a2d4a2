//! Reading `resolver`, of `http` and of a single `upstream`.

use std::rc::Rc;

use super::{NameServer, Resolver};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::lookup::AskedBy;
use crate::ir::reader::Reader;
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::Text;
use crate::primitives::duration;

/// `resolver`: name servers and how they are asked.
pub fn resolver(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Option<Rc<Resolver>>, Diagnostic> {
    let mut resolver = Resolver { servers: Vec::new(), valid_seconds: None, ipv4: true, ipv6: true };
    for word in directive.args() {
        let invalid = || directive.emerg(format!("invalid parameter: {}", word.text()));
        if let Some(text) = word.value.strip_prefix(b"valid=") {
            resolver.valid_seconds = Some(duration::parse_seconds(text).ok_or_else(invalid)?);
            continue;
        }
        let switch = |text: &[u8]| match text {
            b"on" => Ok(true),
            b"off" => Ok(false),
            _ => Err(invalid()),
        };
        if let Some(text) = word.value.strip_prefix(b"ipv6=") {
            resolver.ipv6 = switch(text)?;
        } else if let Some(text) = word.value.strip_prefix(b"ipv4=") {
            resolver.ipv4 = switch(text)?;
        } else if word.value.starts_with(b"status_zone=") {
            // NGINX Plus: names a zone for statistics alone.
        } else {
            let fault = |fault| directive.emerg(format!("{fault} in resolver \"{}\"", word.text()));
            let url = Url::parse(word.value, 53, Form::Peer).map_err(fault)?;
            resolver.servers.push(match url.host {
                Host::Address(ip) => NameServer::Inet((ip, url.port).into()),
                Host::Name(name) => {
                    let asked_by = AskedBy::Resolver { written: Text::from(word.value) };
                    NameServer::Host(reader.resolve(name, url.port, asked_by, directive.place()))
                }
                Host::Unix(_) => return Err(fault("invalid host")),
            });
        }
    }
    if !resolver.ipv4 && !resolver.ipv6 {
        return Err(directive.emerg("\"ipv4\" and \"ipv6\" cannot both be \"off\""));
    }
    if resolver.servers.is_empty() {
        return Err(directive.emerg("no name servers defined"));
    }
    Ok(Some(Rc::new(resolver)))
}
