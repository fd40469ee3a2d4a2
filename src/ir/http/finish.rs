//! Closing `http { }`: inheritance, the checks over several values, location trees, sockets.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::charset::Charsets;
use super::core::ServerCore;
use super::draft::{LocationDraft, OperationDraft, ServerDraft};
use super::grpc;
use super::proxy_ssl::ProxySsl;
use super::referer::Fault;
use super::rewrite::{If, Operation};
use super::ssl::Ssl;
use super::v2::ServerV2;
use super::{Content, Http, LimitExcept, Location, Locations, Matching, Server, Settings, checks};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::ir::event::Event;
use crate::ir::ids::ServerId;
use crate::ir::listen::Listener;
use crate::ir::reader::Reader;
use crate::ir::server_name::ServerName;
use crate::ir::tls::VerifyClient;
use crate::ir::upstream;
use crate::ir::value::{Template, Text};

/// Turns what was read into what holds. `close` is the place of the `}`: nginx finds most of this out there.
pub fn finish(reader: &mut Reader<'_>, close: &Place) -> Result<Http, Diagnostic> {
    let main = reader.http.close();
    let outer = Settings {
        core: Rc::new(super::core::Core::at(reader.environment)),
        log: super::log::setters::default_log(reader),
        ..Settings::default()
    };
    let outer = main.own.over(&outer);
    let main_core = std::mem::take(&mut reader.http.server_core).over(&ServerCore::default());
    let charsets = std::mem::take(&mut reader.http.charsets);
    let mut merging = Merging {
        close: close.clone(),
        faults: Vec::new(),
        secure_proxies: Vec::new(),
        charsets,
        missing_map: None,
        names: Vec::new(),
    };
    upstream::draft::setters::complete(reader, &outer.core)?;
    let mut servers = Vec::new();
    let mut names = Vec::new();
    let mut secured = Vec::new();
    let main_v2 = std::mem::take(&mut reader.http.server_v2).over(&ServerV2::default());
    let main_ssl = std::mem::take(&mut reader.http.server_ssl).over(&Ssl::default());
    for (mut server, location) in std::mem::take(&mut reader.http.servers) {
        names.push((server_names(&server), server.names_capture));
        secured.push((std::mem::take(&mut server.ssl).over(&main_ssl), location.place.clone()));
        let v2 = std::mem::take(&mut server.v2).over(&main_v2);
        servers.push(Server { v2, ..merging.server(server, location, &main_core, &outer) });
    }
    merging.faults_before(checks::Order::SSL)?;
    make_tls(reader, &mut servers, &secured, close)?;
    make_client_tls(reader, &merging.secure_proxies)?;
    merging.result()?;
    if let Some(text) = merging.missing_map.take() {
        return Err(Diagnostic { level: Level::Emerg, text, place: Place::Nowhere });
    }
    let mut warnings = Vec::new();
    let ports = std::mem::take(&mut reader.http.ports);
    let names = |server: ServerId| names[server.0 as usize].clone();
    let listeners = ports.into_listeners(&names, &mut |warning| warnings.push(warning));
    let mut listeners = listeners?;
    for address in listeners.iter_mut().flat_map(|listener| &mut listener.addresses) {
        // What a server said before `listen … ssl` was there.
        address.ssl |= secured[address.default_server.0 as usize].0.enabled;
    }
    for listener in &listeners {
        check_certificates(listener, &servers, &secured)?;
    }
    let nowhere = |text| Diagnostic { level: Level::Emerg, text, place: Place::Nowhere };
    let resolved = std::mem::take(&mut reader.http.variables).resolve();
    let variables = resolved.map_err(|fault| nowhere(fault.to_string()))?;
    warnings.into_iter().for_each(|warning| reader.warn(warning));
    Ok(Http {
        servers,
        listeners,
        upstreams: std::mem::take(&mut reader.http.upstreams).into_groups(),
        variables,
        maps: std::mem::take(&mut reader.http.maps),
        charsets: merging.charsets,
        geos: std::mem::take(&mut reader.http.geos),
        split_clients: std::mem::take(&mut reader.http.split_clients),
        limit_req_zones: std::mem::take(&mut reader.http.limit_req_zones),
        limit_conn_zones: std::mem::take(&mut reader.http.limit_conn_zones),
        zones: reader.http.take_zones(),
    })
}

/// Gives each server its TLS. The files are read here, in this order, by whoever follows the events.
fn make_tls(
    reader: &mut Reader<'_>,
    servers: &mut [Server],
    secured: &[(Ssl, Place)],
    close: &Place,
) -> Result<(), Diagnostic> {
    for (index, (ssl, _)) in secured.iter().enumerate() {
        servers[index].verify_client = ssl.verify_client;
        let variables = &mut reader.http.variables;
        let compile = |text: &[u8]| Template::compile(text, |name| variables.use_name(name));
        if let Some(tls) = ssl.resolve(&reader.environment.conf_prefix, compile)? {
            servers[index].tls = Some(Rc::clone(&tls));
            for warning in ssl.without_effect().map(Event::WithoutEffect) {
                // Servers inherit it from `http`.
                if !reader.events.contains(&warning) {
                    reader.events.push(warning);
                }
            }
            reader.events.push(Event::MakeTls { server: ServerId(index as u32), tls, close: close.clone() });
        }
    }
    Ok(())
}

/// Makes the TLS of locations towards their backends, once for those that share their values.
fn make_client_tls(reader: &mut Reader<'_>, proxies: &[(Rc<ProxySsl>, &str)]) -> Result<(), Diagnostic> {
    let mut made = BTreeSet::new();
    for (ssl, module) in proxies.iter().filter(|(ssl, _)| made.insert(Rc::as_ptr(ssl))) {
        let tls = ssl.resolve(&reader.environment.conf_prefix, module, |template| reader.http.written(template))?;
        reader.events.push(Event::MakeClientTls { ssl: Rc::clone(ssl), tls: Rc::new(tls) });
    }
    Ok(())
}

/// An address with `ssl` needs a certificate in its default server.
fn check_certificates(listener: &Listener, servers: &[Server], secured: &[(Ssl, Place)]) -> Result<(), Diagnostic> {
    for address in listener.addresses.iter().filter(|address| address.ssl) {
        let server = address.default_server.0 as usize;
        if servers[server].tls.is_none() {
            return Err(super::ssl::no_certificate(&secured[server].1));
        }
    }
    Ok(())
}

fn server_names(server: &ServerDraft) -> Vec<ServerName> {
    match server.names.as_slice() {
        [] => vec![ServerName::Name(Text::default())],
        names => names.to_vec(),
    }
}

/// What `$server_name` shows: the first name, without the dot of `.example.com`; a pattern with its `~`.
fn shown_name(names: &[ServerName]) -> Text {
    match names.first() {
        Some(ServerName::Pattern(regex)) => Text::from([b"~", regex.pattern.as_bytes()].concat()),
        Some(ServerName::Name(name)) => match name.as_bytes() {
            [b'.', rest @ ..] => Text::from(rest),
            _ => name.clone(),
        },
        None => Text::default(),
    }
}

/// The walk over all blocks that inherits values. nginx merges module by module, so that of several faults the one
/// of the earliest module is reported.
struct Merging {
    close: Place,
    faults: Vec<(checks::Order, Diagnostic)>,
    /// The TLS of the locations that may need one towards their backends, with the module whose directives say so.
    secure_proxies: Vec<(Rc<ProxySsl>, &'static str)>,
    charsets: Charsets,
    missing_map: Option<String>,
    /// The names of the server whose blocks are merged.
    names: Vec<ServerName>,
}

/// What an inner block takes from the block around it, besides settings.
#[derive(Clone, Copy)]
struct Outer<'o> {
    settings: &'o Settings,
    content: Option<&'o Content>,
    internal: bool,
}

impl Outer<'_> {
    /// In `limit_except` only what goes on to other servers answers as it does outside; all else is files there.
    fn of_limit_except(self) -> Self {
        let content = self.content.filter(|content| matches!(content, Content::Proxy(_) | Content::Tunnel(_)));
        Self { content, ..self }
    }
}

impl Merging {
    fn result(&self) -> Result<(), Diagnostic> {
        match self.faults.iter().min_by_key(|(order, _)| *order) {
            Some((_, fault)) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// The faults of the modules whose turn comes before one's own.
    fn faults_before(&self, order: checks::Order) -> Result<(), Diagnostic> {
        match self.faults.iter().filter(|(at, _)| *at < order).min_by_key(|(at, _)| *at) {
            Some((_, fault)) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    fn fault(&mut self, order: checks::Order, text: impl Into<String>) {
        let fault = Diagnostic { level: Level::Emerg, text: text.into(), place: self.close.clone() };
        self.faults.push((order, fault));
    }

    fn server(&mut self, draft: ServerDraft, location: LocationDraft, main: &ServerCore, outer: &Settings) -> Server {
        let names = server_names(&draft);
        self.names.clone_from(&names);
        let core = draft.core.over(main);
        for (order, fault) in checks::server(&core) {
            self.fault(order, fault);
        }
        let outer = Outer { settings: outer, content: None, internal: false };
        let location = self.location(location, &outer);
        let (core, location) = (Rc::new(core), Rc::new(location));
        let (tls, verify_client) = (None, VerifyClient::Off);
        Server { name: shown_name(&names), names, core, tls, verify_client, v2: ServerV2::default(), location }
    }

    fn location(&mut self, mut draft: LocationDraft, outer: &Outer<'_>) -> Location {
        if outer.settings.headers.stay_outside() {
            draft.own.headers.get_or_insert_default();
        }
        match draft.own.referer.as_ref().and_then(|referer| referer.fault(&self.names)) {
            None => {}
            Some(Fault::Conflict(text)) => self.fault(checks::Order::REFERER, text),
            Some(Fault::NoReferer(text)) => {
                let fault = Diagnostic { level: Level::Emerg, text: text.to_owned(), place: Place::Nowhere };
                self.faults.push((checks::Order::REFERER, fault));
            }
        }
        let mut settings = draft.own.over(outer.settings);
        if let Some((order, fault)) = checks::location(&settings) {
            self.fault(order, fault);
        }
        if self.missing_map.is_none() {
            self.missing_map = self.charsets.missing_map(&settings.charset);
        }
        let nameless = draft.matching == Matching::Nameless;
        let content = draft.content.or_else(|| outer.content.filter(|_| nameless).cloned());
        if let Some(Content::Proxy(pass)) = &content {
            if pass.is_grpc {
                settings.grpc = Rc::new(grpc::with_fixed_values(&settings.grpc));
            }
            if pass.may_be_secure() {
                let ssl = if pass.is_grpc { (&settings.grpc_ssl, "grpc") } else { (&settings.proxy_ssl, "proxy") };
                self.secure_proxies.push((Rc::clone(ssl.0), ssl.1));
            }
        }
        let internal = draft.internal.unwrap_or(outer.internal);
        let inner = Outer { settings: &settings, content: content.as_ref(), internal };
        let children: Vec<(Place, Rc<Location>)> = draft
            .children
            .into_iter()
            .enumerate()
            .map(|(index, child)| {
                let is_limit_except = draft.limit_except.as_ref().is_some_and(|(_, place)| *place == index);
                let outer = if is_limit_except { inner.of_limit_except() } else { inner };
                (child.place.clone(), Rc::new(self.location(child, &outer)))
            })
            .collect();
        let rewrite = operations(draft.rewrite, &children);
        let limit_except = draft
            .limit_except
            .map(|(methods, child)| Rc::new(LimitExcept { methods, location: Rc::clone(&children[child].1) }));
        let locations = self.tree(children);
        Location {
            matching: draft.matching,
            name: draft.name,
            internal,
            auto_redirect: draft.auto_redirect,
            content,
            rewrite,
            try_files: draft.try_files.map(Rc::new),
            limit_except,
            settings,
            locations,
        }
    }

    fn tree(&mut self, mut children: Vec<(Place, Rc<Location>)>) -> Locations {
        let mut locations = Locations::default();
        children.retain(|(_, location)| location.matching != Matching::Nameless);
        // Stable, so that of two equal names the later one is the duplicate.
        children.sort_by(|(_, a), (_, b)| match (&a.matching, &b.matching) {
            (Matching::Regex(_), Matching::Regex(_)) => std::cmp::Ordering::Equal,
            _ => rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)),
        });
        for (place, location) in children {
            let list = match location.matching {
                Matching::Exact => &mut locations.exact,
                Matching::Prefix { .. } => &mut locations.prefix,
                Matching::Regex(_) => &mut locations.regex,
                Matching::Named => &mut locations.named,
                Matching::Nameless => continue,
            };
            let is_static = matches!(location.matching, Matching::Exact | Matching::Prefix { .. });
            if is_static && list.last().is_some_and(|last| last.name == location.name) {
                let text = format!("duplicate location \"{}\"", location.name);
                self.faults.push((checks::Order::LOCATIONS, Diagnostic { level: Level::Emerg, text, place }));
            }
            list.push(location);
        }
        locations
    }
}

/// Exact and prefix locations are sorted by name; patterns keep their order.
fn rank(location: &Location) -> u8 {
    match location.matching {
        Matching::Exact => 0,
        Matching::Prefix { .. } => 1,
        Matching::Regex(_) => 2,
        Matching::Named => 3,
        Matching::Nameless => 4,
    }
}

fn operations(drafts: Vec<OperationDraft>, children: &[(Place, Rc<Location>)]) -> Rc<[Operation]> {
    drafts
        .into_iter()
        .map(|draft| match draft {
            OperationDraft::Set(variable, value) => Operation::Set { variable, value },
            OperationDraft::Rewrite(rule) => Operation::Rewrite(Rc::new(rule)),
            OperationDraft::Return(what) => Operation::Return(what),
            OperationDraft::Break => Operation::Break,
            OperationDraft::If { condition, child, operations: inner } => Operation::If(Rc::new(If {
                condition,
                location: child.map(|child| Rc::clone(&children[child].1)),
                operations: operations(inner, &[]),
            })),
        })
        .collect()
}
