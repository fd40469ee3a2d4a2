//! The values of nginx's `http_mirror` module.

use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table, duplicate};
use crate::ir::value::{List, Text};

layer! {
    /// Where copies of requests go.
    pub struct Mirror, own MirrorOwn {
        /// `mirror`; empty for `off`.
        uris: List<Text> = List::default(),
        /// `mirror_request_body`
        request_body: bool = true,
    }
}

/// The setters of `http_mirror`.
pub const SETTERS: Table = &[("mirror", mirror), ("mirror_request_body", own!(mirror.request_body, setter::flag))];

fn mirror(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let word = directive.args()[0].value;
    let uris = &mut reader.own().mirror.get_or_insert_default().uris;
    match uris {
        Some(list) if word == b"off" || list.is_empty() => Err(duplicate(directive)),
        None if word == b"off" => {
            *uris = Some(List::default());
            Ok(())
        }
        _ => {
            uris.get_or_insert_default().push(Text::from(word));
            Ok(())
        }
    }
}
