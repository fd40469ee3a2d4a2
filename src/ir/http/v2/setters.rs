//! Reading `http2` and what goes with it.

use super::ServerV2Own;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::draft::HttpDraft;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};

/// The largest frame and window that the protocol knows (RFC 9113 sections 4.2 and 6.9.1).
const LARGEST_FRAME: usize = (1 << 24) - 1;

const LARGEST_WINDOW: usize = (1 << 31) - 1;

/// nginx keeps so much room for the rest of a frame behind its buffer.
const STATE_BUFFER: usize = 16;

/// What nginx asks of the size of its pools.
const LEAST_POOL: usize = 112;

const POOL_ALIGNMENT: usize = 16;

/// A setter for one value of the server that is being read (or, in `http`, of all servers).
macro_rules! v2 {
    ($field:ident, $parse:expr) => {
        |reader, directive| setter::once(&mut reader.http.server_v2().$field, directive, $parse)
    };
}

/// The setters of `http_v2`.
pub const SETTERS: Table = &[
    ("http2", v2!(enabled, setter::flag)),
    ("http2_body_preread_size", v2!(body_preread_size, body_preread_size)),
    ("http2_chunk_size", own!(v2.chunk_size, chunk_size)),
    ("http2_idle_timeout", |reader, directive| obsolete(reader, directive, "keepalive_timeout")),
    ("http2_max_concurrent_pushes", ignored),
    ("http2_max_concurrent_streams", v2!(max_concurrent_streams, setter::number)),
    ("http2_max_field_size", |reader, directive| obsolete(reader, directive, "large_client_header_buffers")),
    ("http2_max_header_size", |reader, directive| obsolete(reader, directive, "large_client_header_buffers")),
    ("http2_max_requests", |reader, directive| obsolete(reader, directive, "keepalive_requests")),
    ("http2_pool_size", pool_size),
    ("http2_push", ignored),
    ("http2_push_preload", ignored),
    ("http2_recv_buffer_size", receive_buffer_size),
    ("http2_recv_timeout", |reader, directive| obsolete(reader, directive, "client_header_timeout")),
    ("http2_streams_index_size", streams_index_size),
];

impl HttpDraft {
    /// The values of the server that is being read, or of `http`.
    fn server_v2(&mut self) -> &mut ServerV2Own {
        match &mut self.server {
            Some(server) => &mut server.v2,
            None => &mut self.server_v2,
        }
    }
}

fn body_preread_size(directive: &Directive<'_>) -> Result<u32, Diagnostic> {
    match setter::size(directive)? {
        size if size > LARGEST_WINDOW => {
            Err(directive.emerg(format!("the maximum body preread buffer size is {LARGEST_WINDOW}")))
        }
        size => Ok(size as u32),
    }
}

fn chunk_size(directive: &Directive<'_>) -> Result<usize, Diagnostic> {
    match setter::size(directive)? {
        0 => Err(directive.emerg("the http2 chunk size cannot be zero")),
        size => Ok(size.min(LARGEST_FRAME)),
    }
}

/// Only the fault is of interest: the library keeps buffers of its own.
fn receive_buffer_size(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)?;
    match setter::size(directive)? {
        size if size <= STATE_BUFFER => Err(directive.fails("value is too small")),
        _ => Ok(()),
    }
}

/// Only the fault is of interest: there are no pools.
fn pool_size(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)?;
    match setter::size(directive)? {
        size if size < LEAST_POOL => Err(directive.emerg(format!("the pool size must be no less than {LEAST_POOL}"))),
        size if size % POOL_ALIGNMENT != 0 => {
            Err(directive.emerg(format!("the pool size must be a multiple of {POOL_ALIGNMENT}")))
        }
        _ => Ok(()),
    }
}

/// Only the fault is of interest: the library finds streams by its own index.
fn streams_index_size(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.accept_once(directive)?;
    match setter::number::<u64>(directive)?.is_power_of_two() {
        true => Ok(()),
        false => Err(directive.fails("must be a power of two")),
    }
}

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
