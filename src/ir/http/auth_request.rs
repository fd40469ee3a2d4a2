//! The values of nginx's `http_auth_request` module.

use super::rewrite::setters::{not_changeable, variable_name};
use crate::conf::tree::Directive;
use crate::ir::ids::VariableId;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table, duplicate};
use crate::ir::value::{List, Template, Text};

layer! {
    /// Whom to ask whether a request may pass.
    pub struct AuthRequest, own AuthRequestOwn {
        /// `auth_request`: the URI that is asked; `None` for `off`.
        uri: Option<Text> = None,
        /// `auth_request_set`: what variables become by the answer.
        variables: List<(VariableId, Template)> = List::default(),
    }
}

/// The setters of `http_auth_request`.
pub const SETTERS: Table = &[("auth_request", auth_request), ("auth_request_set", auth_request_set)];

fn auth_request(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let word = directive.args()[0].value;
    let uri = &mut reader.own().auth_request.get_or_insert_default().uri;
    if uri.is_some() {
        return Err(duplicate(directive));
    }
    *uri = Some((word != b"off").then(|| Text::from(word)));
    Ok(())
}

fn auth_request_set(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [name, value] = directive.args() else { return Ok(()) };
    let name = variable_name(directive, name.value)?;
    let variable = reader.http.variables.assign(name).map_err(not_changeable(directive, name))?;
    let value = reader.template(directive, value.value)?;
    reader.own().auth_request.get_or_insert_default().variables.get_or_insert_default().push((variable, value));
    Ok(())
}
