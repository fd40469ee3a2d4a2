//! The directives of nginx's `http_v2` module that newer versions only warn about.

use crate::conf::tree::Directive;
use crate::ir::lower::Reader;
use crate::ir::setter::{Set, Table};

/// The setters of `http_v2`.
pub const SETTERS: Table = &[
    ("http2_idle_timeout", |reader, directive| obsolete(reader, directive, "keepalive_timeout")),
    ("http2_max_concurrent_pushes", ignored),
    ("http2_max_field_size", |reader, directive| obsolete(reader, directive, "large_client_header_buffers")),
    ("http2_max_header_size", |reader, directive| obsolete(reader, directive, "large_client_header_buffers")),
    ("http2_max_requests", |reader, directive| obsolete(reader, directive, "keepalive_requests")),
    ("http2_push", ignored),
    ("http2_push_preload", ignored),
    ("http2_recv_timeout", |reader, directive| obsolete(reader, directive, "client_header_timeout")),
];

fn ignored(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let name = directive.name().text();
    reader.warn(directive.warn(format!("the \"{name}\" directive is obsolete, ignored")));
    Ok(())
}

fn obsolete(reader: &mut Reader<'_>, directive: &Directive<'_>, by: &str) -> Set {
    let name = directive.name().text();
    let warning = format!("the \"{name}\" directive is obsolete, use the \"{by}\" directive instead");
    reader.warn(directive.warn(warning));
    Ok(())
}
