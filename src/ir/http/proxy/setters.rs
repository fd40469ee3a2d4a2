//! The setters of nginx's `http_proxy` module.

use std::net::SocketAddr;
use std::rc::Rc;

use super::{
    Bind, CookieFlags, CookieName, CookieRewrite, ProxyPass, ProxyTarget, Redirect, RedirectRule, SetHeader, Store,
};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::proxy::cache;
use crate::ir::http::proxy_ssl;
use crate::ir::http::{Content, Matching};
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table, duplicate};
use crate::ir::url::{Form, Host, Url};
use crate::ir::value::{List, Template, Text};

/// The setters of `http_proxy`.
pub const SETTERS: Table = &[
    ("proxy_bind", own_with!(proxy.bind, bind)),
    ("proxy_buffer_size", own!(proxy.buffer_size, setter::size)),
    ("proxy_buffering", own!(proxy.buffering, setter::flag)),
    ("proxy_buffers", own!(proxy.buffers, setter::buffers)),
    ("proxy_busy_buffers_size", own!(proxy.busy_buffers_size, |directive| setter::size(directive).map(Some))),
    ("proxy_cache", cache::once),
    ("proxy_cache_bypass", cache::predicates),
    ("proxy_cache_key", cache::key),
    ("proxy_cache_valid", cache::valid),
    ("proxy_connect_timeout", own!(proxy.connect_timeout_ms, setter::milliseconds)),
    ("proxy_cookie_domain", |reader, directive| cookie_rewrite(reader, directive, true)),
    ("proxy_cookie_flags", cookie_flags),
    ("proxy_cookie_path", |reader, directive| cookie_rewrite(reader, directive, false)),
    ("proxy_force_ranges", own!(proxy.force_ranges, setter::flag)),
    ("proxy_hide_header", own_push!(proxy.hide_headers, header_name)),
    ("proxy_http_version", own!(proxy.http_version, setter::word)),
    ("proxy_ignore_client_abort", own!(proxy.ignore_client_abort, setter::flag)),
    ("proxy_ignore_headers", own_bits!(proxy.ignore_headers)),
    ("proxy_intercept_errors", own!(proxy.intercept_errors, setter::flag)),
    ("proxy_limit_rate", own_with!(proxy.limit_rate, setter::template_size)),
    (
        "proxy_max_temp_file_size",
        own!(proxy.max_temp_file_size, |directive| { setter::size(directive).map(|size| size as u64) }),
    ),
    ("proxy_method", own_with!(proxy.method, setter::some_template)),
    ("proxy_next_upstream", own_bits!(proxy.next_upstream)),
    ("proxy_next_upstream_timeout", own!(proxy.next_upstream_timeout_ms, setter::milliseconds)),
    ("proxy_next_upstream_tries", own!(proxy.next_upstream_tries, setter::number)),
    ("proxy_no_cache", cache::predicates),
    ("proxy_pass", proxy_pass),
    ("proxy_pass_header", own_push!(proxy.pass_headers, header_name)),
    ("proxy_pass_request_body", own!(proxy.pass_request_body, setter::flag)),
    ("proxy_pass_request_headers", own!(proxy.pass_request_headers, setter::flag)),
    ("proxy_pass_trailers", own!(proxy.pass_trailers, setter::flag)),
    ("proxy_read_timeout", own!(proxy.read_timeout_ms, setter::milliseconds)),
    ("proxy_redirect", redirect),
    ("proxy_request_buffering", own!(proxy.request_buffering, setter::flag)),
    ("proxy_send_lowat", setter::send_lowat),
    ("proxy_send_timeout", own!(proxy.send_timeout_ms, setter::milliseconds)),
    ("proxy_set_body", own_with!(proxy.set_body, setter::some_template)),
    ("proxy_set_header", own_push!(proxy.set_headers, set_header)),
    ("proxy_socket_keepalive", own!(proxy.socket_keepalive, setter::flag)),
    ("proxy_socket_rcvbuf", own!(proxy.socket_receive_buffer, setter::size)),
    ("proxy_socket_sndbuf", own!(proxy.socket_send_buffer, setter::size)),
    ("proxy_ssl_certificate", own_with!(proxy_ssl.certificate, setter::some_template)),
    ("proxy_ssl_certificate_cache", own_with!(proxy_ssl.certificate_cache, proxy_ssl::setters::certificate_cache)),
    ("proxy_ssl_certificate_key", own_with!(proxy_ssl.certificate_key, setter::some_template)),
    ("proxy_ssl_ciphers", own_with!(proxy_ssl.ciphers, proxy_ssl::setters::named_ciphers)),
    ("proxy_ssl_conf_command", own_push!(proxy_ssl.conf_commands, proxy_ssl::setters::conf_command)),
    ("proxy_ssl_crl", own!(proxy_ssl.crl, setter::text)),
    ("proxy_ssl_name", own_with!(proxy_ssl.name, setter::some_template)),
    ("proxy_ssl_password_file", own_with!(proxy_ssl.password_file, proxy_ssl::setters::password_file)),
    ("proxy_ssl_protocols", own_bits!(proxy_ssl.protocols, proxy_ssl::setters::named_protocols)),
    ("proxy_ssl_server_name", own!(proxy_ssl.server_name, setter::flag)),
    ("proxy_ssl_session_reuse", own!(proxy_ssl.session_reuse, setter::flag)),
    ("proxy_ssl_trusted_certificate", own!(proxy_ssl.trusted_certificate, setter::text)),
    ("proxy_ssl_verify", own!(proxy_ssl.verify, setter::flag)),
    ("proxy_ssl_verify_depth", own!(proxy_ssl.verify_depth, setter::number)),
    ("proxy_store", own_with!(proxy.store, store)),
    ("proxy_store_access", own!(proxy.store_access, setter::access)),
    ("proxy_temp_file_write_size", own!(proxy.temp_file_write_size, |directive| setter::size(directive).map(Some))),
    ("proxy_temp_path", own_with!(proxy.temp_path, setter::temp_path)),
];

/// `proxy_hide_header`, `proxy_pass_header`
pub fn header_name(_: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Text, Diagnostic> {
    Ok(Text::from(directive.args()[0].value.to_ascii_lowercase()))
}

/// `proxy_set_header`
pub fn set_header(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<SetHeader, Diagnostic> {
    let [name, value] = directive.args() else { return Err(directive.fails("invalid value")) };
    Ok(SetHeader { name: Text::from(name.value), value: reader.template(directive, value.value)? })
}

fn proxy_pass(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    pass(reader, directive, false, target)
}

/// `proxy_pass` and `grpc_pass`: `target` reads a URL without variables.
pub fn pass(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    is_grpc: bool,
    target: fn(&mut Reader<'_>, &Directive<'_>, &[u8]) -> Result<ProxyTarget, Diagnostic>,
) -> Set {
    if matches!(&reader.location().content, Some(Content::Proxy(pass)) if pass.is_grpc == is_grpc) {
        return Err(duplicate(directive));
    }
    let url = directive.args()[0].value;
    let to = match reader.template(directive, url)? {
        template if !template.is_constant() => ProxyTarget::Template(template),
        _ => target(reader, directive, url)?,
    };
    let location = reader.location();
    let has_uri = matches!(&to, ProxyTarget::Upstream { uri: Some(_), .. });
    let by_prefix = matches!(location.matching, Matching::Exact | Matching::Prefix { .. });
    if has_uri && !by_prefix {
        return Err(directive.emerg(
            "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, \
             or inside \"if\" statement, or inside \"limit_except\" block",
        ));
    }
    let name = if by_prefix { location.name.clone() } else { Text::default() };
    location.auto_redirect |= location.name.ends_with(b"/");
    let pass = ProxyPass { to, url: Text::from(url), location: name, is_grpc };
    location.content = Some(Content::Proxy(Rc::new(pass)));
    Ok(())
}

/// What follows the scheme of a URL, if it is this one.
pub fn after_scheme<'a>(url: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (start, rest) = url.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme.as_bytes()).then_some(rest)
}

fn target(reader: &mut Reader<'_>, directive: &Directive<'_>, text: &[u8]) -> Result<ProxyTarget, Diagnostic> {
    let (tls, rest, default_port) = match (after_scheme(text, "http://"), after_scheme(text, "https://")) {
        (Some(rest), _) => (false, rest, 80),
        (None, Some(rest)) => (true, rest, 443),
        (None, None) => return Err(directive.emerg("invalid URL prefix")),
    };
    let url = Url::parse(rest, default_port, Form::WithUri)
        .map_err(|fault| directive.emerg(format!("{fault} in upstream \"{}\"", String::from_utf8_lossy(rest))))?;
    let upstream = reader.http.upstreams.refer(directive, &url)?;
    // A default port is not shown in `Host`.
    let is_unix = matches!(url.host, Host::Unix(_));
    let shows_port = url.port_text.is_some() && url.port != default_port;
    let host_header = match (is_unix, shows_port, url.port_text) {
        (true, ..) => Text::from("localhost"),
        (false, false, Some(port)) => Text::from(&url.host_port[..url.host_port.len() - port.len() - 1]),
        _ => Text::from(url.host_port),
    };
    let port = if is_unix { Text::default() } else { Text::from(url.port.to_string()) };
    let uri = (!url.uri.is_empty()).then(|| match url.uri {
        [b'?', ..] => Text::from([b"/", url.uri].concat()),
        uri => Text::from(uri),
    });
    Ok(ProxyTarget::Upstream { tls, upstream, host_header, port, uri })
}

fn redirect(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let now = reader.own().proxy.get_or_insert_default().redirect.clone();
    let rule = match (directive.args(), &now) {
        (_, Some(Redirect::Off)) => return Err(duplicate(directive)),
        ([off], Some(_)) if off.value == b"off" => return Err(duplicate(directive)),
        ([off], None) if off.value == b"off" => {
            reader.own().proxy.get_or_insert_default().redirect = Some(Redirect::Off);
            return Ok(());
        }
        ([word], _) if word.value == b"default" => default_redirect(reader, directive)?,
        ([word], _) => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
        ([from, to, ..], _) => {
            let rule = match pattern(reader, directive, from.value)? {
                Some(regex) => (Err(regex), to),
                None => (Ok(reader.template(directive, from.value)?), to),
            };
            let to = reader.template(directive, rule.1.value)?;
            match rule.0 {
                Ok(from) => RedirectRule::Prefix { from, to },
                Err(from) => RedirectRule::Regex { from, to },
            }
        }
        ([], _) => return Ok(()),
    };
    let mut rules = match now {
        Some(Redirect::Rules(rules)) => rules,
        _ => List::default(),
    };
    rules.push(rule);
    reader.own().proxy.get_or_insert_default().redirect = Some(Redirect::Rules(rules));
    Ok(())
}

/// `proxy_redirect default` in words: what `proxy_pass` put in front of a URI is taken away again.
fn default_redirect(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<RedirectRule, Diagnostic> {
    match &reader.location().content {
        Some(Content::Proxy(pass)) => pass.default_redirect().ok_or_else(|| {
            let fault = "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive with variables";
            directive.emerg(fault)
        }),
        _ => {
            let fault = "\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive";
            Err(directive.emerg(fault))
        }
    }
}

/// `~pattern` or `~*pattern`
fn pattern(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    text: &[u8],
) -> Result<Option<Rc<crate::ir::regex::Regex>>, Diagnostic> {
    match text {
        [b'~', b'*', pattern @ ..] => reader.regex(directive, pattern, true).map(Some),
        [b'~', pattern @ ..] => reader.regex(directive, pattern, false).map(Some),
        _ => Ok(None),
    }
}

impl ProxyPass {
    /// The rule that `proxy_redirect default` means; none if the URL has variables.
    pub fn default_redirect(&self) -> Option<RedirectRule> {
        match &self.to {
            ProxyTarget::Template(_) => None,
            ProxyTarget::Upstream { uri: Some(_), .. } => Some(RedirectRule::Prefix {
                from: Template::literal(self.url.clone()),
                to: Template::literal(self.location.clone()),
            }),
            ProxyTarget::Upstream { uri: None, .. } => Some(RedirectRule::Prefix {
                from: Template::literal([&self.url[..], b"/"].concat()),
                to: Template::literal("/"),
            }),
        }
    }
}

fn cookie_rewrite(reader: &mut Reader<'_>, directive: &Directive<'_>, domain: bool) -> Set {
    let slot = |reader: &mut Reader<'_>| {
        let proxy = reader.own().proxy.get_or_insert_default();
        if domain { proxy.cookie_domains.clone() } else { proxy.cookie_paths.clone() }
    };
    let now = slot(reader);
    let is_off = now.as_ref().is_some_and(|rules| rules.is_empty());
    let rules = match directive.args() {
        _ if is_off => return Err(duplicate(directive)),
        [off] if off.value == b"off" && now.is_some() => return Err(duplicate(directive)),
        [off] if off.value == b"off" => List::default(),
        [from, to, ..] => {
            let rule = cookie_rule(reader, directive, from.value, to.value, domain)?;
            let mut rules = now.unwrap_or_default();
            rules.push(rule);
            rules
        }
        [word] => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
        [] => return Ok(()),
    };
    let proxy = reader.own().proxy.get_or_insert_default();
    if domain {
        proxy.cookie_domains = Some(rules);
    } else {
        proxy.cookie_paths = Some(rules);
    }
    Ok(())
}

fn cookie_rule(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    from: &[u8],
    to: &[u8],
    domain: bool,
) -> Result<CookieRewrite, Diagnostic> {
    // Domains know no letter case; a path's pattern says so with `~*`.
    let regex = match from {
        [b'~', pattern @ ..] if domain => Some(reader.regex(directive, pattern, true)?),
        _ => pattern(reader, directive, from)?,
    };
    if let Some(from) = regex {
        return Ok(CookieRewrite::Regex { from, to: reader.template(directive, to)? });
    }
    let undotted = |text: &[u8]| Text::from(if domain { text.strip_prefix(b".").unwrap_or(text) } else { text });
    let from = reader.template(directive, &undotted(from))?;
    Ok(CookieRewrite::Text { from, to: reader.template(directive, &undotted(to))? })
}

fn cookie_flags(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let now = reader.own().proxy.get_or_insert_default().cookie_flags.clone();
    let is_off = now.as_ref().is_some_and(|rules| rules.is_empty());
    let rules = match directive.args() {
        _ if is_off => return Err(duplicate(directive)),
        [off] if off.value == b"off" && now.is_some() => return Err(duplicate(directive)),
        [off] if off.value == b"off" => List::default(),
        [word] => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
        [cookie, flags @ ..] => {
            let cookie = match cookie.value {
                [b'~', pattern @ ..] => CookieName::Regex(reader.regex(directive, pattern, true)?),
                name => CookieName::Name(reader.template(directive, name)?),
            };
            let flags = flags.iter().map(|flag| reader.template(directive, flag.value));
            let flags = flags.collect::<Result<Rc<[_]>, _>>()?;
            let mut rules = now.unwrap_or_default();
            rules.push(CookieFlags { cookie, flags });
            rules
        }
        [] => return Ok(()),
    };
    reader.own().proxy.get_or_insert_default().cookie_flags = Some(rules);
    Ok(())
}

/// `proxy_store`. An empty path, which newer versions refuse, stores nothing.
fn store(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Store, Diagnostic> {
    match directive.args()[0].value {
        b"off" => Ok(Store::Off),
        b"on" => Ok(Store::On),
        path => reader.template(directive, path).map(Store::Path),
    }
}

/// `proxy_bind`
pub fn bind(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Bind, Diagnostic> {
    let (word, option) = match directive.args() {
        [off] if off.value == b"off" => return Ok(Bind::Off),
        [word] => (word, None),
        [word, option, ..] => (word, Some(option)),
        [] => return Ok(Bind::Off),
    };
    let template = reader.template(directive, word.value)?;
    let address = match template.is_constant() {
        false => None,
        true => {
            let invalid = || directive.emerg(format!("invalid address \"{}\"", word.text()));
            Some(bind_address(word.value).ok_or_else(invalid)?)
        }
    };
    let transparent = match option {
        None => false,
        Some(option) if option.value == b"transparent" => true,
        Some(option) => return Err(directive.emerg(format!("invalid parameter \"{}\"", option.text()))),
    };
    reader.core.transparent |= transparent;
    Ok(match address {
        Some(address) => Bind::Address { address: address.ip(), port: address.port(), transparent },
        None => Bind::Template { address: template, transparent },
    })
}

/// An address, with or without a port; IPv6 in brackets if there is one.
fn bind_address(text: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(text).ok()?;
    match text.parse() {
        Ok(ip) => Some(SocketAddr::new(ip, 0)),
        Err(_) => text.parse().ok(),
    }
}
