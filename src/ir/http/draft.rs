//! `http { }` while it is read: blocks with what they themselves say, before anything is inherited.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use grammar::Directive as Row;

use super::charset::Charsets;
use super::core::{Methods, ServerCoreOwn};
use super::log::Format;
use super::rewrite::{Condition, Return, Rule};
use super::ssl::SslOwn;
use super::try_files::TryFiles;
use super::v2::ServerV2Own;
use super::{Content, Matching, OwnSettings, geo, limit_conn, limit_req, map, split_clients};
use crate::conf::diagnostic::{Diagnostic, Place};
use crate::conf::tree::Directive;
use crate::ir::ids::VariableId;
use crate::ir::listen::ports::Ports;
use crate::ir::server_name::ServerName;
use crate::ir::upstream::draft::Upstreams;
use crate::ir::value::{Template, Text, Zone};
use crate::ir::variables::Registry;

/// `http { }`
#[derive(Default, Debug)]
pub struct HttpDraft {
    /// The blocks that are open, from `http` inwards: servers and locations alike.
    stack: Vec<LocationDraft>,
    /// The values of `http` that only whole servers have.
    pub server_core: ServerCoreOwn,
    /// What `http` says about TLS for all servers.
    pub server_ssl: SslOwn,
    /// What `http` says about HTTP/2 for all servers.
    pub server_v2: ServerV2Own,
    /// The server that is being read.
    pub server: Option<ServerDraft>,
    /// The servers that were read, each with its own location.
    pub servers: Vec<(ServerDraft, LocationDraft)>,
    /// The addresses of all `listen`.
    pub ports: Ports,
    /// The groups of servers.
    pub upstreams: Upstreams,
    /// The variables.
    pub variables: Registry,
    /// `log_format`
    pub formats: HashMap<Text, Rc<Format>>,
    /// `map { }`
    pub maps: Vec<map::Map>,
    /// All charsets that are named, and `charset_map { }`
    pub charsets: Charsets,
    /// `geo { }`
    pub geos: Vec<geo::Geo>,
    /// `split_clients { }`
    pub split_clients: Vec<split_clients::SplitClients>,
    /// `buffer`, `flush` and `gzip` of each `access_log` file that has a buffer.
    pub log_buffers: BTreeMap<Text, (usize, Option<u64>, Option<u8>)>,
    /// `limit_req_zone`
    pub limit_req_zones: Vec<limit_req::ReqZone>,
    /// `limit_conn_zone`
    pub limit_conn_zones: Vec<limit_conn::ConnZone>,
    /// Every piece of shared memory, with the module that uses it.
    zones: Vec<(Zone, &'static str)>,
}

/// `server { }`
#[derive(Debug)]
pub struct ServerDraft {
    /// The values that only whole servers have.
    pub core: ServerCoreOwn,
    /// What the server says about TLS.
    pub ssl: SslOwn,
    /// What the server says about HTTP/2.
    pub v2: ServerV2Own,
    /// `server_name`
    pub names: Vec<ServerName>,
    /// Whether a pattern among the names has groups.
    pub names_capture: bool,
    /// Whether there was a `listen`.
    pub listens: bool,
    /// Where the block begins.
    pub place: Place,
}

/// `location { }` and everything that acts like one: `http`, `server`, `if`, `limit_except`.
#[derive(Debug)]
pub struct LocationDraft {
    /// How it is chosen.
    pub matching: Matching,
    /// Its name.
    pub name: Text,
    /// Where its block begins.
    pub place: Place,
    /// What its directives say.
    pub own: OwnSettings,
    /// `internal`
    pub internal: Option<bool>,
    /// What answers.
    pub content: Option<Content>,
    /// A request for the name without its last slash is redirected.
    pub auto_redirect: bool,
    /// `rewrite`, `set`, `if` …
    pub rewrite: Vec<OperationDraft>,
    /// `try_files`
    pub try_files: Option<TryFiles>,
    /// `limit_except`: the methods, and its place among the children.
    pub limit_except: Option<(Methods, usize)>,
    /// The blocks in it.
    pub children: Vec<LocationDraft>,
    /// `access_log off`
    pub logs_off: bool,
    /// The directives without effect that were met, to find those that come twice.
    pub accepted: Vec<&'static Row>,
}

impl LocationDraft {
    /// An empty block.
    pub fn new(matching: Matching, name: Text, place: Place) -> Self {
        Self {
            matching,
            name,
            place,
            own: OwnSettings::default(),
            internal: None,
            content: None,
            auto_redirect: false,
            rewrite: Vec::new(),
            try_files: None,
            limit_except: None,
            children: Vec::new(),
            logs_off: false,
            accepted: Vec::new(),
        }
    }

    /// `if` or `limit_except`
    pub fn is_nameless(&self) -> bool {
        matches!(self.matching, Matching::Nameless)
    }
}

/// One operation; the location of an `if` is still a draft among the children.
#[derive(Debug)]
pub enum OperationDraft {
    /// `set`
    Set(VariableId, Template),
    /// `rewrite`
    Rewrite(Rule),
    /// `return`
    Return(Return),
    /// `break`
    Break,
    /// `if`
    If {
        /// When it holds.
        condition: Condition,
        /// Its place among the children; `None` inside `server`.
        child: Option<usize>,
        /// What stands in it.
        operations: Vec<OperationDraft>,
    },
}

impl HttpDraft {
    /// The innermost block that is open.
    pub fn block(&mut self) -> &mut LocationDraft {
        if self.stack.is_empty() {
            self.stack.push(LocationDraft::new(Matching::Nameless, Text::default(), Place::Nowhere));
        }
        self.stack.last_mut().expect("one was pushed if there was none")
    }

    /// Opens a block.
    pub fn open(&mut self, block: LocationDraft) {
        self.stack.push(block);
    }

    /// Closes the innermost block.
    pub fn close(&mut self) -> LocationDraft {
        self.block();
        self.stack.pop().expect("block() makes sure of one")
    }

    /// The values of the server that is being read, or of `http`.
    pub fn server_core(&mut self) -> &mut ServerCoreOwn {
        match &mut self.server {
            Some(server) => &mut server.core,
            None => &mut self.server_core,
        }
    }

    /// A piece of shared memory; several may name it if they agree on its use and size.
    pub fn add_zone(
        &mut self,
        directive: &Directive<'_>,
        zone: &Zone,
        used_by: &'static str,
    ) -> Result<(), Diagnostic> {
        let Some((known, user)) = self.zones.iter_mut().find(|(known, _)| known.name == zone.name) else {
            self.zones.push((zone.clone(), used_by));
            return Ok(());
        };
        if *user != used_by {
            let fault = format!("the shared memory zone \"{}\" is already declared for a different use", zone.name);
            return Err(directive.emerg(fault));
        }
        match (known.size, zone.size) {
            (_, 0) => {}
            (0, size) => known.size = size,
            (known_size, size) if known_size != size => {
                return Err(directive.emerg(format!(
                    "the size {size} of shared memory zone \"{}\" conflicts with already declared size {known_size}",
                    zone.name
                )));
            }
            _ => {}
        }
        Ok(())
    }

    /// A text with variables, as it would be written.
    pub fn written(&self, template: &Template) -> String {
        template.written(|id| self.variables.name(id))
    }

    /// Every piece of shared memory.
    pub fn take_zones(&mut self) -> Vec<Zone> {
        std::mem::take(&mut self.zones).into_iter().map(|(zone, _)| zone).collect()
    }
}
