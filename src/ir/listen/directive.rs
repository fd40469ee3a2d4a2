//! Reading one `listen`.

use std::net::{IpAddr, SocketAddr};

use super::ports::{Listen, Protocols, is_wildcard};
use super::{Keepalive, ListenAddress, SocketOptions};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::{Directive, Word};
use crate::ir::ids::ServerId;
use crate::ir::lookup::AskedBy;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, parameter_not_yet};
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::Text;
use crate::primitives::{duration, size};

/// The setter of `listen`.
pub fn listen(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if let Some(server) = &mut reader.http.server {
        server.listens = true;
    }
    let written = directive.args()[0];
    let url = Url::parse(written.value, 80, Form::Listen)
        .map_err(|fault| directive.emerg(format!("{fault} in \"{}\" of the \"listen\" directive", written.text())))?;
    let host = match url.host {
        Host::Name(name) => {
            let asked_by = AskedBy::Listen { written: Text::from(written.value) };
            Some(reader.resolve(name, url.port, asked_by, directive.place()))
        }
        _ => None,
    };
    let mut words = Parameters::default();
    for word in &directive.args()[1..] {
        words.read(reader, directive, word)?;
    }
    words.check_quic(directive)?;
    words.check_served(directive)?;
    for port in url.port..=url.last_port.unwrap_or(url.port) {
        let (address, text, wildcard) = match (&url.host, host) {
            (Host::Address(ip), _) => {
                let address = SocketAddr::new(*ip, port);
                (ListenAddress::Inet(address), Text::from(address.to_string()), is_wildcard(*ip))
            }
            (Host::Unix(path), _) => (ListenAddress::Unix(Text::from(*path)), Text::from(written.value), false),
            (Host::Name(_), Some(host)) => (ListenAddress::Host(host), Text::from(written.value), false),
            (Host::Name(_), None) => continue,
        };
        words.add(reader, directive, address, text, wildcard)?;
    }
    Ok(())
}

/// What nginx listens on when a server says nothing: port 80, or 8000 for those who may not have that.
pub fn default_listen(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let port = if reader.environment.is_root { 80 } else { 8000 };
    let address = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), port);
    let text = Text::from(address.to_string());
    Parameters::default().add(reader, directive, ListenAddress::Inet(address), text, true)
}

#[derive(Default)]
struct Parameters {
    options: SocketOptions,
    sets_options: bool,
    sets_backlog: bool,
    default_server: bool,
    protocols: Protocols,
}

impl Parameters {
    fn add(
        &self,
        reader: &mut Reader<'_>,
        directive: &Directive<'_>,
        address: ListenAddress,
        text: Text,
        wildcard: bool,
    ) -> Set {
        let listen = Listen {
            address,
            text,
            wildcard,
            options: self.options.clone(),
            sets_options: self.sets_options,
            default_server: self.default_server,
            protocols: self.protocols,
        };
        let server = ServerId(reader.http.servers.len() as u32);
        let mut warnings = Vec::new();
        let result = reader.http.ports.add(directive, server, listen, &mut |warning| warnings.push(warning));
        warnings.into_iter().for_each(|warning| reader.warn(warning));
        result
    }

    fn read(&mut self, reader: &mut Reader<'_>, directive: &Directive<'_>, word: &Word<'_>) -> Set {
        match word.value {
            b"default_server" | b"default" => self.default_server = true,
            b"ssl" => self.protocols.ssl = true,
            b"http2" => {
                reader.warn(
                    directive
                        .warn("the \"listen ... http2\" directive is deprecated, use the \"http2\" directive instead"),
                );
                self.protocols.http2 = true;
            }
            filter if filter.starts_with(b"accept_filter=") => {
                let text = format!("accept filters \"{}\" are not supported on this platform, ignored", word.text());
                reader.warn(directive.emerg(text));
            }
            b"quic" => {
                self.protocols.quic = true;
                self.options.datagram = true;
            }
            b"proxy_protocol" => self.protocols.proxy_protocol = true,
            _ => {
                self.read_option(directive, word)?;
                self.sets_options = true;
                self.options.bind = true;
            }
        }
        Ok(())
    }

    fn read_option(&mut self, directive: &Directive<'_>, word: &Word<'_>) -> Set {
        let invalid = |what: &str| directive.emerg(format!("invalid {what} \"{}\"", word.text()));
        let options = &mut self.options;
        let (key, value) = match word.value.iter().position(|byte| *byte == b'=') {
            Some(equals) => (&word.value[..equals], &word.value[equals + 1..]),
            None => (word.value, &b""[..]),
        };
        let has_value = key.len() < word.value.len();
        match key {
            b"bind" if !has_value => {}
            b"deferred" if !has_value => options.deferred = true,
            b"reuseport" if !has_value => options.reuseport = true,
            b"multipath" if !has_value => options.multipath = true,
            b"setfib" => return Err(invalid("parameter")),
            b"fastopen" if has_value => {
                let length = size::parse_number(value).and_then(|value| u32::try_from(value).ok());
                options.fastopen = Some(length.ok_or_else(|| invalid("fastopen"))?);
            }
            b"backlog" if has_value => {
                let length = size::parse_number(value).and_then(|value| i32::try_from(value).ok());
                options.backlog = length.filter(|length| *length != 0).ok_or_else(|| invalid("backlog"))?;
                self.sets_backlog = true;
            }
            b"rcvbuf" if has_value => {
                options.receive_buffer = Some(size::parse_size(value).ok_or_else(|| invalid("rcvbuf"))? as usize);
            }
            b"sndbuf" if has_value => {
                options.send_buffer = Some(size::parse_size(value).ok_or_else(|| invalid("sndbuf"))? as usize);
            }
            b"ipv6only" if value.starts_with(b"o") => {
                options.ipv6only = match value {
                    b"on" => true,
                    b"off" => false,
                    _ => {
                        let value = String::from_utf8_lossy(value);
                        return Err(directive.emerg(format!("invalid ipv6only flags \"{value}\"")));
                    }
                };
            }
            b"so_keepalive" if has_value => {
                let wrong = || {
                    let value = String::from_utf8_lossy(value);
                    directive.emerg(format!("invalid so_keepalive value: \"{value}\""))
                };
                options.keepalive = Some(keepalive(value).ok_or_else(wrong)?);
            }
            _ => return Err(invalid("parameter")),
        }
        Ok(())
    }

    /// QUIC comes later.
    fn check_served(&self, directive: &Directive<'_>) -> Result<(), Diagnostic> {
        match self.protocols.quic {
            true => Err(parameter_not_yet(directive, "quic")),
            false => Ok(()),
        }
    }

    fn check_quic(&self, directive: &Directive<'_>) -> Result<(), Diagnostic> {
        let conflicts = [
            (self.options.fastopen.is_some(), "fastopen"),
            (self.sets_backlog, "backlog"),
            (self.options.deferred, "deferred"),
            (self.options.multipath, "multipath"),
            (self.protocols.ssl, "ssl"),
            (self.protocols.http2, "http2"),
            (self.options.keepalive.is_some(), "so_keepalive"),
            (self.protocols.proxy_protocol, "proxy_protocol"),
        ];
        match conflicts.iter().find(|(given, _)| *given && self.protocols.quic) {
            Some((_, name)) => Err(directive.fails(&format!("\"{name}\" parameter is incompatible with \"quic\""))),
            None => Ok(()),
        }
    }
}

/// `on`, `off`, or `IDLE:INTERVAL:COUNT` with at least one of them.
fn keepalive(value: &[u8]) -> Option<Keepalive> {
    match value {
        b"on" => return Some(Keepalive::On { idle_seconds: None, interval_seconds: None, count: None }),
        b"off" => return Some(Keepalive::Off),
        _ => {}
    }
    let mut parts = value.splitn(3, |byte| *byte == b':').map(|part| (!part.is_empty()).then_some(part));
    let mut next = || parts.next().flatten();
    let seconds = |text: Option<&[u8]>| match text {
        None => Some(None),
        Some(text) => duration::parse_seconds(text).and_then(|value| u32::try_from(value).ok()).map(Some),
    };
    let idle_seconds = seconds(next())?.filter(|value| *value > 0);
    let interval_seconds = seconds(next())?.filter(|value| *value > 0);
    let count = match next() {
        None => None,
        Some(text) => Some(u32::try_from(size::parse_number(text)?).ok()?).filter(|value| *value > 0),
    };
    let nothing = idle_seconds.is_none() && interval_seconds.is_none() && count.is_none();
    (!nothing).then_some(Keepalive::On { idle_seconds, interval_seconds, count })
}
