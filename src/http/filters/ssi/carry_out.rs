//! The commands that write or fetch text, and what expressions and variables in them are.

use super::commands::{find, shown};
use super::parser::Command;
use super::{Encoding, Failure, Interpreter, fault};
use crate::http::request::{Request, Sink};
use crate::http::upstream::unsafe_uri;
use crate::http::{subrequest, variables};
use crate::primitives::escape::{self, Escape};

impl Interpreter {
    /// `echo`
    pub(super) fn echo(&mut self, request: &Request, command: &Command) {
        let name = find(command, b"var").unwrap_or_default().to_ascii_lowercase();
        let value = self.variable(request, &name);
        let value = value.as_deref().or_else(|| find(command, b"default")).unwrap_or(b"(none)");
        if value.is_empty() {
            return;
        }
        match find(command, b"encoding") {
            None => {}
            Some(b"none") => self.encoding = Encoding::None,
            Some(b"url") => self.encoding = Encoding::Url,
            Some(b"entity") => self.encoding = Encoding::Entity,
            Some(other) => {
                fault(request, format!("unknown encoding \"{}\" in the \"echo\" command", shown(other)));
            }
        }
        let mut text = Vec::new();
        match self.encoding {
            Encoding::None => text.extend_from_slice(value),
            Encoding::Url => escape::write(value, Escape::Html, &mut text),
            Encoding::Entity => escape::write_html(value, &mut text),
        }
        self.queue.push_text(&text);
    }

    /// A variable of `set`, else one of nginx's.
    pub(super) fn variable(&self, request: &Request, name: &[u8]) -> Option<Vec<u8>> {
        if let Some(value) = self.family.ssi.borrow().find(name) {
            return Some(value.to_vec());
        }
        let mut value = Vec::new();
        variables::write_named(request, name, &mut value).then_some(value)
    }

    /// `config`
    pub(super) fn config(&mut self, request: &mut Request, command: &Command) {
        if let Some(format) = find(command, b"timefmt") {
            request.filters.time_format = Some(format.into());
        }
        if let Some(message) = find(command, b"errmsg") {
            self.error_message = message.to_vec();
        }
    }

    /// `include`
    pub(super) async fn include(&mut self, request: &mut Request, command: &Command) -> Result<(), Failure> {
        let waits = waits(command).map_err(|reason| fault(request, reason))?;
        let uri = find(command, b"virtual").or_else(|| find(command, b"file")).unwrap_or_default();
        let uri = self.evaluate(request, uri, true)?;
        let Some((path, args)) = unsafe_uri::parse(&uri) else {
            return Err(fault(request, format!("unsafe URI \"{}\" was detected", shown(&uri))));
        };
        if let Some(name) = find(command, b"set") {
            return self.include_into(request, &path, &args, &name.to_ascii_lowercase()).await;
        }
        let stub = match find(command, b"stub") {
            None => None,
            Some(name) => Some(
                self.block(name)
                    .ok_or_else(|| fault(request, format!("\"stub\"=\"{}\" for \"include\" not found", shown(name))))?,
            ),
        };
        let running = subrequest::start(request, &path, &args, stub).map_err(|_| Failure::Error)?;
        self.queue.push_body(running);
        if waits {
            self.queue.send(request).await?;
        }
        Ok(())
    }

    fn block(&self, name: &[u8]) -> Option<Vec<u8>> {
        let shared = self.family.ssi.borrow();
        shared.blocks.iter().find(|(known, _)| known == name).map(|(_, block)| block.clone())
    }

    /// `include set=`: the body becomes a variable.
    async fn include_into(
        &mut self,
        request: &mut Request,
        path: &[u8],
        args: &[u8],
        name: &[u8],
    ) -> Result<(), Failure> {
        let sink = Sink::Memory(Vec::new());
        let mut child = subrequest::prepare(request, path, args, sink).map_err(|_| Failure::Error)?;
        Box::pin(subrequest::run(&mut child)).await;
        if child.client_gone {
            return Err(Failure::Gone);
        }
        let body = match child.sink {
            Sink::Memory(body) if child.response.status < 300 => body,
            _ => Vec::new(),
        };
        let mut shared = self.family.ssi.borrow_mut();
        if !body.is_empty() || shared.find(name).is_none() {
            shared.set(name, body);
        }
        Ok(())
    }
}

/// Whether the text behind an `include` waits for it; or what is wrong with its parameters.
fn waits(command: &Command) -> Result<bool, String> {
    let (uri, file) = (find(command, b"virtual"), find(command, b"file"));
    match (uri, file) {
        (Some(uri), Some(file)) => {
            let (uri, file) = (shown(uri), shown(file));
            return Err(format!("inclusion may be either virtual=\"{uri}\" or file=\"{file}\""));
        }
        (None, None) => return Err("no parameter in \"include\" SSI command".to_owned()),
        _ => {}
    }
    if find(command, b"set").is_some() && find(command, b"stub").is_some() {
        return Err("\"set\" and \"stub\" cannot be used together in \"include\" SSI command".to_owned());
    }
    match (find(command, b"wait"), file) {
        (Some(_), Some(file)) => Err(format!("\"wait\" cannot be used with file=\"{}\"", shown(file))),
        (None, file) => Ok(file.is_some()),
        (Some(value), None) if value.eq_ignore_ascii_case(b"no") => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"yes") => Ok(true),
        (Some(value), None) => Err(format!("invalid value \"{}\" in the \"wait\" parameter", shown(value))),
    }
}
