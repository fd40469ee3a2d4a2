//! How getters write values.

use std::io::Write;

use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::value::Template;
use crate::primitives::decimal;

/// Writes a value; false if the variable has none.
pub type Write1 = fn(&Request, &mut Vec<u8>) -> bool;
/// Writes the value of one of a family; the text is what follows the prefix.
pub type WriteFamily = fn(&Request, &[u8], &mut Vec<u8>) -> bool;
/// A value as it is shown.
pub fn put(out: &mut Vec<u8>, value: impl std::fmt::Display) -> bool {
    write!(out, "{value}").expect("a vector takes every byte");
    true
}

/// The same of a whole number, which is what most of them are.
pub fn put_number(out: &mut Vec<u8>, value: u64) -> bool {
    decimal::write(value, out);
    true
}

/// Bytes as they are.
pub fn put_bytes(out: &mut Vec<u8>, value: &[u8]) -> bool {
    out.extend_from_slice(value);
    true
}

/// The same of what may be missing.
pub fn put_some(out: &mut Vec<u8>, value: Option<&[u8]>) -> bool {
    value.is_some_and(|value| put_bytes(out, value))
}

/// Seconds with three digits behind the point.
pub fn put_seconds(out: &mut Vec<u8>, milliseconds: u64) -> bool {
    put(out, format_args!("{}.{:03}", milliseconds / 1000, milliseconds % 1000))
}

/// The text of a template, for whoever has only the request.
pub fn text_of(request: &Request, template: &Template) -> Vec<u8> {
    evaluate::text(request, template).into_owned()
}
