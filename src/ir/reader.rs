//! A configuration that is being read: the drafts of all blocks, and the walk over the directives.
//!
//! What a directive does stands in the setters above; a reader is given them, and knows none.

use std::collections::BTreeSet;
use std::rc::Rc;

use grammar::nginx::{Found, find};
use grammar::{Context, Directive as Row, Status};

use super::core::{CoreDraft, EventsDraft};
use super::event::Event;
use super::http::core::ServerCoreOwn;
use super::http::draft::{HttpDraft, LocationDraft};
use super::http::{Http, OwnSettings};
use super::ids::VariableId;
use super::lookup::{AskedBy, Host, HostId};
use super::regex::{BadPattern, Regex};
use super::upstream::draft::UpstreamDraft;
use super::value::{Template, Text, below};
use super::variables;
use crate::conf::diagnostic::{Diagnostic, Place};
use crate::conf::tree::Directive;
use crate::conf::{check, value as common};

/// What a setter gives back.
pub type Set = Result<(), Diagnostic>;

/// What a directive does to the configuration that is being read.
pub type Setter = fn(&mut Reader<'_>, &Directive<'_>) -> Set;

/// What the values depend on besides the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Environment {
    /// Where relative paths begin (`-p`), with a slash at its end.
    pub prefix: String,
    /// The directory of the configuration file, with a slash at its end: where certificates and password files begin.
    pub conf_prefix: String,
    /// Whether the process is root: decides the default port and whether `user` means anything.
    pub is_root: bool,
    /// The machine's name, for `server_name $hostname`.
    pub hostname: String,
}

impl Default for Environment {
    /// Debian's places.
    fn default() -> Self {
        Self {
            prefix: "/usr/share/nginx/".into(),
            conf_prefix: "/etc/nginx/".into(),
            is_root: true,
            hostname: "localhost".into(),
        }
    }
}

/// A configuration that is being read.
pub struct Reader<'e> {
    /// What the values depend on besides the text.
    pub environment: &'e Environment,
    /// What nginx says and asks on the way.
    pub events: Vec<Event>,
    /// The host names met so far.
    pub hosts: Vec<Host>,
    /// The block that is being read.
    pub context: Context,
    /// The directives outside all blocks.
    pub core: CoreDraft,
    /// `events { }`, once it was met.
    pub events_block: Option<EventsDraft>,
    /// `http { }`, while it is read.
    pub http: HttpDraft,
    /// `http { }`, once it was read.
    pub http_done: Option<Http>,
    /// `upstream { }`, while it is read.
    pub upstream: Option<UpstreamDraft>,
    /// The files of logs, as nginx opens them: each that is named, whether a location writes to it or not.
    pub log_files: Vec<Text>,
    /// The directives without effect that were met.
    without_effect: BTreeSet<&'static str>,
    /// What is not served, with the number of events before the first one.
    pub unserved: Vec<(usize, Diagnostic)>,
    /// What a row does.
    setter: fn(&Row) -> Option<Setter>,
}

impl<'e> Reader<'e> {
    /// Before the first directive; `setter` says what a row does.
    pub fn new(environment: &'e Environment, setter: fn(&Row) -> Option<Setter>) -> Self {
        Self {
            environment,
            events: Vec::new(),
            hosts: Vec::new(),
            context: Context::MAIN,
            core: CoreDraft::default(),
            events_block: None,
            http: HttpDraft::default(),
            http_done: None,
            upstream: None,
            log_files: Vec::new(),
            without_effect: BTreeSet::new(),
            unserved: Vec::new(),
            setter,
        }
    }

    /// Acts on the directives of a block.
    pub fn walk<'s>(&mut self, context: Context, directives: impl Iterator<Item = &'s Directive<'s>>) -> Set {
        let outer = std::mem::replace(&mut self.context, context);
        for directive in directives {
            self.act(directive)?;
        }
        self.context = outer;
        Ok(())
    }

    fn act(&mut self, directive: &Directive<'_>) -> Set {
        let row = check::directive(self.context, directive)?;
        match (self.setter)(row) {
            Some(setter) => setter(self, directive)?,
            None => self.accept(row, directive)?,
        }
        match row.status {
            // What would be so without it needs no serving.
            Status::NotYet if asks_for_default(row, directive) => Ok(()),
            // The original's own words about the value come first.
            Status::NotYet => {
                self.note_unserved(check::not_yet(directive));
                Ok(())
            }
            Status::Accepted(reason) => {
                self.note_without_effect(row.name, reason, directive);
                Ok(())
            }
            Status::Done => Ok(()),
        }
    }

    /// Notes a directive without effect once, where it first stands.
    fn note_without_effect(&mut self, name: &'static str, reason: &str, directive: &Directive<'_>) {
        if self.without_effect.insert(name) {
            let text = format!("\"{name}\" directive has no effect: {reason}");
            self.events.push(Event::WithoutEffect(directive.warn(text)));
        }
    }

    /// Notes once what is not served, where it first stands. The reading goes on: who moves here wants to know all of it.
    pub fn note_unserved(&mut self, fault: Diagnostic) {
        if self.unserved.iter().all(|(_, known)| known.text != fault.text) {
            self.unserved.push((self.events.len(), fault));
        }
    }

    /// Notes words of a directive that have no effect on purpose.
    pub fn note_words_without_effect<'w>(
        &mut self,
        directive: &Directive<'_>,
        words: impl IntoIterator<Item = &'w str>,
        reason: &str,
    ) {
        for word in words {
            let text = format!("\"{word}\" of \"{}\" has no effect: {reason}", directive.name().text());
            self.events.push(Event::WithoutEffect(directive.warn(text)));
        }
    }

    /// A directive that has no effect on purpose; its value is still checked.
    fn accept(&mut self, row: &'static Row, directive: &Directive<'_>) -> Set {
        if matches!(row.status, Status::Accepted(_)) && common::is_single(row) {
            self.accept_once(directive)?;
        }
        if let grammar::Value::Bitmask(words) = row.value {
            let mut warnings = Vec::new();
            let checked = common::bitmask(directive, words, 0, &mut warnings).map(drop);
            warnings.into_iter().for_each(|warning| self.warn(warning));
            return checked;
        }
        common::check(row, directive)
    }

    /// Takes a directive without effect that may stand only once in a block.
    pub fn accept_once(&mut self, directive: &Directive<'_>) -> Set {
        let Found::Row(row) = find(self.context, directive.name().value) else { return Ok(()) };
        let accepted = &mut self.http.block().accepted;
        if accepted.iter().any(|seen| std::ptr::eq(*seen, row)) {
            return Err(directive.fails("is duplicate"));
        }
        accepted.push(row);
        Ok(())
    }

    /// Takes directives without effect for given: nginx has used their values by now, and refuses them afterwards.
    pub fn settle(&mut self, names: &[&str]) {
        for name in names {
            if let Found::Row(row) = find(self.context, name.as_bytes()) {
                self.http.block().accepted.push(row);
            }
        }
    }

    /// The values of the location (or server, or `http`) that is being read.
    pub fn own(&mut self) -> &mut OwnSettings {
        &mut self.http.block().own
    }

    /// The location (or server, or `http`) that is being read.
    pub fn location(&mut self) -> &mut LocationDraft {
        self.http.block()
    }

    /// The values of the server that is being read; in `http`, those of all servers.
    pub fn server_core(&mut self) -> &mut ServerCoreOwn {
        self.http.server_core()
    }

    /// Something to say that stops nothing.
    pub fn warn(&mut self, message: Diagnostic) {
        self.events.push(Event::Message(message));
    }

    /// A word with variables.
    pub fn template(&mut self, directive: &Directive<'_>, text: &[u8]) -> Result<Template, Diagnostic> {
        Template::compile(text, |name| self.variable(directive, name)).map_err(|fault| directive.emerg(fault))
    }

    /// A variable that a directive uses, given without `$`.
    pub fn variable(&mut self, directive: &Directive<'_>, name: &[u8]) -> VariableId {
        let (id, is_new) = self.http.variables.meet(name);
        if is_new && variables::is_unserved(name) {
            self.note_unserved(directive.emerg(variables::unserved(name)));
        }
        id
    }

    /// A pattern; its named groups become variables.
    pub fn regex(
        &mut self,
        directive: &Directive<'_>,
        pattern: &[u8],
        caseless: bool,
    ) -> Result<Rc<Regex>, Diagnostic> {
        let variables = &mut self.http.variables;
        let mut refused = None;
        let regex = Regex::compile(pattern, caseless, |name| match variables.assign(name) {
            Ok(id) => id,
            Err(_) => {
                refused.get_or_insert_with(|| String::from_utf8_lossy(name).into_owned());
                variables.use_name(name)
            }
        })
        .map_err(|BadPattern(text)| directive.emerg(text))?;
        match refused {
            Some(name) => Err(directive.emerg(format!("the duplicate \"{name}\" variable"))),
            None => Ok(Rc::new(regex)),
        }
    }

    /// A host name that nginx resolves at this moment.
    pub fn resolve(&mut self, name: &[u8], port: u16, asked_by: AskedBy, place: Place) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        self.hosts.push(Host { name: Text::from(name), port, asked_by, place });
        self.events.push(Event::Resolve(id));
        id
    }

    /// A path that begins at the prefix unless it is absolute.
    pub fn full_path(&self, path: &[u8]) -> Text {
        below(&self.environment.prefix, path)
    }

    /// A path that begins at the configuration's directory unless it is absolute.
    pub fn conf_path(&self, path: &[u8]) -> Text {
        below(&self.environment.conf_prefix, path)
    }
}

/// Whether a directive asks for what holds without it, as `proxy_cache off` does.
fn asks_for_default(row: &Row, directive: &Directive<'_>) -> bool {
    matches!(directive.args(), [word] if word.value == row.default.as_bytes())
}
