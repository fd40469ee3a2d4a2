//! The setters of nginx's `http_core` module.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::resolver::resolver;
use super::{Alias, Core, DisableSymlinks, ErrorPage, GzipDisable, OpenFileCache, Overwrite, Root};
use crate::conf::check;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::error_log::error_log;
use crate::ir::http::{Matching, blocks};
use crate::ir::listen::directive::listen;
use crate::ir::reader::{Environment, Reader};
use crate::ir::regex::{BadPattern, Regex};
use crate::ir::setter::{self, Set, Table, duplicate};
use crate::ir::value::{Template, Text};
use crate::primitives::{duration, size};

/// The setters of `http_core`.
pub const SETTERS: Table = &[
    ("absolute_redirect", own!(core.absolute_redirect, setter::flag)),
    ("aio", own_with!(core.aio, aio)),
    ("alias", root),
    ("auth_delay", own!(core.auth_delay_ms, setter::milliseconds)),
    ("chunked_transfer_encoding", own!(core.chunked_transfer_encoding, setter::flag)),
    ("client_body_buffer_size", own!(core.client_body_buffer_size, setter::size)),
    ("client_body_early_read", |reader, directive| {
        let conditions = setter::predicates(reader, directive)?;
        let slot = reader.server_core().client_body_early_read.get_or_insert_default();
        conditions.into_iter().for_each(|condition| slot.push(condition));
        Ok(())
    }),
    ("client_body_in_file_only", own!(core.client_body_in_file_only, setter::word)),
    ("client_body_in_single_buffer", own!(core.client_body_in_single_buffer, setter::flag)),
    ("client_body_temp_path", own_with!(core.client_body_temp_path, setter::temp_path)),
    ("client_body_timeout", own!(core.client_body_timeout_ms, setter::milliseconds)),
    ("client_header_buffer_size", server!(client_header_buffer_size, setter::size)),
    ("client_header_timeout", server!(client_header_timeout_ms, setter::milliseconds)),
    ("client_max_body_size", own!(core.client_max_body_size, setter::offset)),
    ("connection_pool_size", server!(connection_pool_size, pool_size)),
    ("default_type", own!(core.default_type, setter::text)),
    ("directio", own!(core.directio, directio)),
    ("disable_symlinks", own_with!(core.disable_symlinks, disable_symlinks)),
    ("early_hints", |reader, directive| {
        let conditions = setter::predicates(reader, directive)?;
        let slot = reader.own().core.get_or_insert_default().early_hints.get_or_insert_default();
        conditions.into_iter().for_each(|condition| slot.push(condition));
        Ok(())
    }),
    ("error_log", own_push!(core.error_log, error_log)),
    ("error_page", error_page),
    ("etag", own!(core.etag, setter::flag)),
    ("gzip_disable", gzip_disable),
    ("gzip_http_version", own!(core.gzip_http_version, setter::word)),
    ("gzip_proxied", own_bits!(core.gzip_proxied)),
    ("gzip_vary", own!(core.gzip_vary, setter::flag)),
    ("if_modified_since", own!(core.if_modified_since, setter::word)),
    ("ignore_invalid_headers", server!(ignore_invalid_headers, setter::flag)),
    ("internal", |reader, directive| setter::once(&mut reader.location().internal, directive, |_| Ok(true))),
    ("keepalive_disable", own_bits!(core.keepalive_disable)),
    ("keepalive_min_timeout", own!(core.keepalive_min_timeout_ms, setter::milliseconds)),
    ("keepalive_requests", own!(core.keepalive_requests, setter::number)),
    ("keepalive_time", own!(core.keepalive_time_ms, setter::milliseconds)),
    ("keepalive_timeout", keepalive_timeout),
    ("large_client_header_buffers", server!(large_client_header_buffers, setter::buffers)),
    ("limit_except", blocks::limit_except),
    ("limit_rate", own_with!(core.limit_rate, setter::template_size)),
    ("limit_rate_after", own_with!(core.limit_rate_after, setter::template_size)),
    ("lingering_close", own!(core.lingering_close, setter::word)),
    ("lingering_time", own!(core.lingering_time_ms, setter::milliseconds)),
    ("lingering_timeout", own!(core.lingering_timeout_ms, setter::milliseconds)),
    ("listen", listen),
    ("location", blocks::location),
    ("log_not_found", own!(core.log_not_found, setter::flag)),
    ("log_subrequest", own!(core.log_subrequest, setter::flag)),
    ("max_headers", server!(max_headers, setter::number)),
    ("max_ranges", own!(core.max_ranges, setter::number)),
    ("merge_slashes", server!(merge_slashes, setter::flag)),
    ("msie_padding", own!(core.msie_padding, setter::flag)),
    ("msie_refresh", own!(core.msie_refresh, setter::flag)),
    ("open_file_cache", own!(core.open_file_cache, open_file_cache)),
    ("open_file_cache_errors", own!(core.open_file_cache_errors, setter::flag)),
    ("open_file_cache_min_uses", own!(core.open_file_cache_min_uses, setter::number)),
    ("open_file_cache_valid", own!(core.open_file_cache_valid_seconds, setter::seconds)),
    ("port_in_redirect", own!(core.port_in_redirect, setter::flag)),
    ("post_action", own!(core.post_action, setter::some_text)),
    ("postpone_output", own!(core.postpone_output, setter::size)),
    ("recursive_error_pages", own!(core.recursive_error_pages, setter::flag)),
    ("request_pool_size", server!(request_pool_size, pool_size)),
    ("reset_timedout_connection", own!(core.reset_timedout_connection, setter::flag)),
    ("resolver", own_with!(core.resolver, resolver)),
    ("resolver_timeout", own!(core.resolver_timeout_ms, setter::milliseconds)),
    ("root", root),
    ("satisfy", own!(core.satisfy, setter::word)),
    ("send_lowat", setter::send_lowat),
    ("send_timeout", own!(core.send_timeout_ms, setter::milliseconds)),
    ("sendfile", own!(core.sendfile, setter::flag)),
    ("sendfile_max_chunk", own!(core.sendfile_max_chunk, setter::size)),
    ("server", blocks::server),
    ("server_name", blocks::server_name),
    ("server_name_in_redirect", own!(core.server_name_in_redirect, setter::flag)),
    ("server_tokens", own!(core.server_tokens, setter::word)),
    ("subrequest_output_buffer_size", own!(core.subrequest_output_buffer_size, setter::size)),
    ("tcp_nodelay", own!(core.tcp_nodelay, setter::flag)),
    ("tcp_nopush", own!(core.tcp_nopush, setter::flag)),
    ("types", types),
    ("underscores_in_headers", server!(underscores_in_headers, setter::flag)),
];

impl Core {
    /// The defaults, with paths that depend on the prefix.
    pub fn at(environment: &Environment) -> Self {
        let root = Template::literal(format!("{}html", environment.prefix));
        Self { root: Root { path: root, alias: None }, ..Self::default() }
    }
}

fn pool_size(directive: &Directive<'_>) -> Result<usize, Diagnostic> {
    // What nginx's own pools need; ours have no such limits, but a file that was wrong stays wrong.
    const LEAST: usize = 112;
    const ALIGNMENT: usize = 16;
    let size = setter::size(directive)?;
    if size < LEAST {
        return Err(directive.emerg(format!("the pool size must be no less than {LEAST}")));
    }
    if size % ALIGNMENT != 0 {
        return Err(directive.emerg(format!("the pool size must be a multiple of {ALIGNMENT}")));
    }
    Ok(size)
}

fn root(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let name = directive.name().text();
    let is_alias = name == "alias";
    let location = reader.location();
    if let Some(earlier) = location.own.core.as_ref().and_then(|core| core.root.as_ref()) {
        if earlier.alias.is_some() == is_alias {
            return Err(duplicate(directive));
        }
        let earlier = if earlier.alias.is_some() { "alias" } else { "root" };
        let fault = format!("\"{name}\" directive is duplicate, \"{earlier}\" directive was specified earlier");
        return Err(directive.emerg(fault));
    }
    if is_alias && location.matching == Matching::Named {
        return Err(directive.emerg("the \"alias\" directive cannot be used inside the named location"));
    }
    let path = directive.args()[0].value;
    let text = directive.args()[0].text();
    for variable in ["document_root", "realpath_root"] {
        if text.contains(&format!("${variable}")) || text.contains(&format!("${{{variable}}}")) {
            let fault = format!("the ${variable} variable cannot be used in the \"{name}\" directive");
            return Err(directive.emerg(fault));
        }
    }
    let alias = match &location.matching {
        _ if !is_alias => None,
        Matching::Regex(_) => Some(Alias::Whole),
        _ => Some(Alias::Prefix(location.name.len())),
    };
    let path = if is_alias { path } else { path.strip_suffix(b"/").unwrap_or(path) };
    let path = match path.first() {
        Some(b'$') => Text::from(path),
        _ => reader.full_path(path),
    };
    let path = reader.template(directive, &path)?;
    reader.own().core.get_or_insert_default().root = Some(Root { path, alias });
    Ok(())
}

fn keepalive_timeout(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let core = reader.own().core.get_or_insert_default();
    if core.keepalive_timeout_ms.is_some() {
        return Err(duplicate(directive));
    }
    let invalid = || directive.fails("invalid value");
    let [timeout, header @ ..] = directive.args() else { return Err(invalid()) };
    core.keepalive_timeout_ms = Some(duration::parse_milliseconds(timeout.value).ok_or_else(invalid)?);
    if let [header, ..] = header {
        core.keepalive_header_seconds = Some(duration::parse_seconds(header.value).ok_or_else(invalid)?);
    }
    Ok(())
}

/// Whatever is right in nginx is right: files are never read in the loop that serves connections.
fn aio(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<(), Diagnostic> {
    match directive.args()[0].value {
        b"on" | b"off" | b"threads" => Ok(()),
        pool => match pool.strip_prefix(b"threads=") {
            Some(name) => {
                if reader.template(directive, name)?.constant().is_some() {
                    reader.core.use_thread_pool(name, directive);
                }
                Ok(())
            }
            None => Err(directive.fails("invalid value")),
        },
    }
}

/// The page cache is always used; a size has to be a size all the same.
fn directio(directive: &Directive<'_>) -> Result<(), Diagnostic> {
    match directive.args()[0].value {
        b"off" => Ok(()),
        _ => setter::offset(directive).map(drop),
    }
}

fn error_page(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let invalid = |word: &crate::conf::tree::Word<'_>| directive.emerg(format!("invalid value \"{}\"", word.text()));
    let Some(([codes @ .., before], uri)) = directive.args().split_last().map(|(uri, codes)| (codes, uri)) else {
        return Ok(());
    };
    let (codes, overwrite) = match before.value.strip_prefix(b"=") {
        None => (&directive.args()[..directive.args().len() - 1], Overwrite::Keep),
        Some(_) if codes.is_empty() => return Err(invalid(before)),
        Some(b"") => (codes, Overwrite::FromPage),
        Some(code) => {
            let code = size::parse_number(code).and_then(|code| u16::try_from(code).ok());
            (codes, code.map(Overwrite::Status).ok_or_else(|| invalid(before))?)
        }
    };
    let target = reader.template(directive, uri.value)?;
    let (target, arguments) = match (target.constant(), uri.value.iter().position(|byte| *byte == b'?')) {
        (Some([b'/', ..]), Some(mark)) => {
            (Template::literal(&uri.value[..mark]), Some(Text::from(&uri.value[mark + 1..])))
        }
        _ => (target, None),
    };
    for word in codes {
        let status = match size::parse_number(word.value) {
            None | Some(499) => return Err(invalid(word)),
            Some(status @ 300..=599) => status as u16,
            Some(_) => {
                let fault = format!("value \"{}\" must be between 300 and 599", word.text());
                return Err(directive.emerg(fault));
            }
        };
        // These four are inner codes: the client sees 400.
        let overwrite = match (overwrite, status) {
            (Overwrite::Keep, 494..=497) => Overwrite::Status(400),
            (overwrite, _) => overwrite,
        };
        let page = ErrorPage { status, overwrite, target: target.clone(), arguments: arguments.clone() };
        reader.own().core.get_or_insert_default().error_pages.get_or_insert_default().push(page);
    }
    Ok(())
}

fn open_file_cache(directive: &Directive<'_>) -> Result<Option<OpenFileCache>, Diagnostic> {
    let (mut max, mut inactive_seconds, mut off) = (None, 60, false);
    for word in directive.args() {
        let failed = || directive.emerg(format!("invalid \"open_file_cache\" parameter \"{}\"", word.text()));
        if let Some(text) = word.value.strip_prefix(b"max=") {
            let number = size::parse_number(text).filter(|number| *number > 0);
            max = Some(number.ok_or_else(failed)? as usize);
        } else if let Some(text) = word.value.strip_prefix(b"inactive=") {
            inactive_seconds = duration::parse_seconds(text).ok_or_else(failed)?;
        } else if word.value == b"off" {
            off = true;
        } else {
            return Err(failed());
        }
    }
    match max {
        _ if off => Ok(None),
        Some(max) => Ok(Some(OpenFileCache { max, inactive_seconds })),
        None => Err(directive.emerg("\"open_file_cache\" must have the \"max\" parameter")),
    }
}

fn disable_symlinks(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<DisableSymlinks, Diagnostic> {
    let (mut mode, mut from) = (None, None);
    for word in directive.args() {
        match word.value {
            b"off" | b"on" | b"if_not_owner" => mode = Some(word.value),
            _ => match word.value.strip_prefix(b"from=") {
                Some(path) => from = Some(reader.template(directive, path)?),
                None => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
            },
        }
    }
    let args = directive.args();
    match (mode, from) {
        (None, _) => {
            let fault = "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter";
            Err(directive.emerg(fault))
        }
        (Some(_), None) if args.len() > 1 => {
            let fault = format!("duplicate parameters \"{} {}\"", args[0].text(), args[1].text());
            Err(directive.emerg(fault))
        }
        (Some(b"off"), Some(_)) => Err(directive.emerg("\"from=\" cannot be used with \"off\" parameter")),
        (Some(b"off"), None) => Ok(DisableSymlinks::Off),
        (Some(b"on"), from) => Ok(DisableSymlinks::On(from)),
        (Some(_), from) => Ok(DisableSymlinks::IfNotOwner(from)),
    }
}

fn gzip_disable(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    for word in directive.args() {
        let agent = match word.value {
            b"msie6" | b"degradation" => None,
            pattern => {
                // A bare pattern: its named groups mean nothing, unlike elsewhere.
                let variables = &mut reader.http.variables;
                let regex = Regex::compile(pattern, true, |name| variables.use_name(name));
                Some(regex.map_err(|BadPattern(fault)| directive.emerg(fault))?)
            }
        };
        let disable: &mut GzipDisable = reader.own().core.get_or_insert_default().gzip_disable.get_or_insert_default();
        match agent {
            Some(regex) => disable.agents.push(regex),
            None => disable.msie6 |= word.value == b"msie6",
        }
    }
    Ok(())
}

fn types(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let mut types: BTreeMap<Text, Text> = match &reader.own().core.get_or_insert_default().types {
        Some(types) => (**types).clone(),
        None => BTreeMap::new(),
    };
    for line in directive.children() {
        let [mime, extensions @ ..] = check::free_words(line)? else { continue };
        let mime_text = Text::from(mime.value);
        for extension in extensions {
            let key = Text::from(extension.value.to_ascii_lowercase());
            if let Some(old) = types.insert(key.clone(), mime_text.clone()) {
                reader.warn(line.warn(format!(
                    "duplicate extension \"{key}\", content type: \"{mime_text}\", previous content type: \"{old}\""
                )));
            }
        }
    }
    reader.own().core.get_or_insert_default().types = Some(Rc::new(types));
    Ok(())
}
