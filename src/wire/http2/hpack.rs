//! Compressed header fields (RFC 7541): a decoder with the table it keeps for a connection, and what heads are written with.

use std::collections::VecDeque;

use super::huffman::{self, Padding};

/// The table's size as long as nothing else is said (RFC 9113 section 6.5.2), as it is of clients.
const TABLE_SIZE: usize = 4096;
/// What an entry counts beside its bytes (RFC 7541 section 4.1).
const ENTRY_OVERHEAD: usize = 32;
/// A number that goes on behind so many bytes is too large for anything here; nginx takes no longer one either.
const LONGEST_NUMBER: u32 = 3;
/// First bits of fields (RFC 7541 section 6), and how many of the bits behind them belong to the number.
const INDEXED: u8 = 0x80;
const INDEXED_BITS: u32 = 7;
const KEPT: u8 = 0x40;
const KEPT_BITS: u32 = 6;
const SIZE_UPDATE: u8 = 0x20;
const SIZE_UPDATE_BITS: u32 = 5;
const LITERAL: u8 = 0;
const LITERAL_BITS: u32 = 4;
/// The first bit of a text in Huffman's code.
const HUFFMAN: u8 = 0x80;
const LENGTH_BITS: u32 = 7;

/// The static table (RFC 7541 appendix A); its first index is 1.
#[rustfmt::skip]
static STATIC: [(&[u8], &[u8]); 61] = [
    (b":authority", b""), (b":method", b"GET"), (b":method", b"POST"), (b":path", b"/"), (b":path", b"/index.html"),
    (b":scheme", b"http"), (b":scheme", b"https"), (b":status", b"200"), (b":status", b"204"), (b":status", b"206"),
    (b":status", b"304"), (b":status", b"400"), (b":status", b"404"), (b":status", b"500"), (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"), (b"accept-language", b""), (b"accept-ranges", b""), (b"accept", b""),
    (b"access-control-allow-origin", b""), (b"age", b""), (b"allow", b""), (b"authorization", b""),
    (b"cache-control", b""), (b"content-disposition", b""), (b"content-encoding", b""), (b"content-language", b""),
    (b"content-length", b""), (b"content-location", b""), (b"content-range", b""), (b"content-type", b""),
    (b"cookie", b""), (b"date", b""), (b"etag", b""), (b"expect", b""), (b"expires", b""), (b"from", b""),
    (b"host", b""), (b"if-match", b""), (b"if-modified-since", b""), (b"if-none-match", b""), (b"if-range", b""),
    (b"if-unmodified-since", b""), (b"last-modified", b""), (b"link", b""), (b"location", b""),
    (b"max-forwards", b""), (b"proxy-authenticate", b""), (b"proxy-authorization", b""), (b"range", b""),
    (b"referer", b""), (b"refresh", b""), (b"retry-after", b""), (b"server", b""), (b"set-cookie", b""),
    (b"strict-transport-security", b""), (b"transfer-encoding", b""), (b"user-agent", b""), (b"vary", b""),
    (b"via", b""), (b"www-authenticate", b""),
];
/// The statuses of the static table.
const STATUS_200: u8 = 8;
/// The fields of the static table that requests begin with.
const AUTHORITY: u8 = 1;
const METHOD_GET: u8 = 2;
const METHOD_POST: u8 = 3;
const PATH_ROOT: u8 = 4;
const SCHEME_HTTP: u8 = 6;
const SCHEME_HTTPS: u8 = 7;

/// Why a header block cannot be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It ends within a field.
    Truncated,
    /// No table has a field of this number.
    Index(usize),
    /// The number of a field is longer than any that there can be.
    LongIndex,
    /// The table changes its size behind a field, or to this, which is more than was allowed.
    TableSize(usize),
    /// A field without a name.
    NoName,
    /// A text that is none in Huffman's code.
    Huffman,
    /// The length of a name or a value is longer than any that there can be.
    LongLength(Part),
    /// A name or a value of this length is longer than allowed.
    LongField(Part, usize),
    /// All fields together are longer than allowed.
    LongBlock,
}

/// What fields consist of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The name.
    Name,
    /// The value.
    Value,
}

/// How long what is decoded may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A name or a value, as it was sent.
    pub field: usize,
    /// All names and values.
    pub block: usize,
}

/// Decoded fields, in one buffer: a field costs no allocation of its own.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Fields {
    bytes: Vec<u8>,
    /// Where each name and each value ends.
    ends: Vec<(u32, u32)>,
}

impl Fields {
    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name, value)| {
            let (from, middle, end) = (start, name as usize, value as usize);
            start = end;
            (&self.bytes[from..middle], &self.bytes[middle..end])
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets them; the memory is for the next ones.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn last(&self) -> (&[u8], &[u8]) {
        let start = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before].1 as usize);
        match self.ends.last() {
            Some(&(name, value)) => (&self.bytes[start..name as usize], &self.bytes[name as usize..value as usize]),
            None => (&[], &[]),
        }
    }
}

/// The fields that the other side has named before, newest first.
#[derive(Debug)]
struct Table {
    /// Name and value in one, and where the name ends.
    entries: VecDeque<(Box<[u8]>, usize)>,
    size: usize,
    limit: usize,
    /// What the other side may make of the limit.
    most: usize,
}

impl Table {
    fn of(size: usize) -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: size, most: size }
    }

    fn find(&self, index: usize) -> Result<(&[u8], &[u8]), Fault> {
        if let Some(field) = STATIC.get(index.wrapping_sub(1)) {
            return Ok(*field);
        }
        let (bytes, middle) = self.entries.get(index.wrapping_sub(STATIC.len() + 1)).ok_or(Fault::Index(index))?;
        Ok(bytes.split_at(*middle))
    }

    fn keep(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + ENTRY_OVERHEAD;
        self.shrink(self.limit.saturating_sub(size));
        // RFC 7541 section 4.4: one that does not fit empties the table, and is no error.
        if size <= self.limit {
            self.size += size;
            self.entries.push_front(([name, value].concat().into(), name.len()));
        }
    }

    fn shrink(&mut self, size: usize) {
        while self.size > size
            && let Some((bytes, _)) = self.entries.pop_back()
        {
            self.size -= bytes.len() + ENTRY_OVERHEAD;
        }
    }
}

/// Decodes the header blocks of one direction.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    padding: Padding,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: Table::of(TABLE_SIZE), padding: Padding::Rest }
    }
}

impl Decoder {
    /// A decoder for a backend, which was told to keep nothing, and may be as careless with texts as nginx lets it be.
    pub fn of_backend() -> Self {
        Self { table: Table::of(0), padding: Padding::Bytes }
    }

    /// Appends the fields of a whole block.
    pub fn decode(&mut self, mut block: &[u8], limits: Limits, fields: &mut Fields) -> Result<(), Fault> {
        self.decode_begun(&mut block, limits, fields)?;
        if block.is_empty() { Ok(()) } else { Err(Fault::Truncated) }
    }

    /// Appends those fields of a block that are whole, behind those that it began with; what is not whole is left.
    pub fn decode_begun(&mut self, block: &mut &[u8], limits: Limits, fields: &mut Fields) -> Result<(), Fault> {
        while let Some(&first) = block.first() {
            let before = fields.bytes.len();
            let mut rest = *block;
            let outcome = match first & 0xe0 {
                SIZE_UPDATE => self.resize(&mut rest, fields.is_empty()),
                _ => self.field(first, &mut rest, limits, fields),
            };
            if outcome == Err(Fault::Truncated) {
                fields.bytes.truncate(before);
                return Ok(());
            }
            outcome?;
            *block = rest;
            if fields.bytes.len() > limits.block {
                return Err(Fault::LongBlock);
            }
        }
        Ok(())
    }

    fn resize(&mut self, block: &mut &[u8], is_first: bool) -> Result<(), Fault> {
        let size = number(block, SIZE_UPDATE_BITS)?.unwrap_or(usize::MAX);
        // RFC 7541 section 4.2: only before the first field, and not beyond what was allowed.
        if !is_first || size > self.table.most {
            return Err(Fault::TableSize(size));
        }
        self.table.limit = size;
        self.table.shrink(size);
        Ok(())
    }

    fn field(&mut self, first: u8, block: &mut &[u8], limits: Limits, fields: &mut Fields) -> Result<(), Fault> {
        if first & INDEXED != 0 {
            let (name, value) = self.table.find(index(block, INDEXED_BITS)?)?;
            fields.bytes.extend_from_slice(name);
            let middle = fields.bytes.len();
            fields.bytes.extend_from_slice(value);
            fields.ends.push((middle as u32, fields.bytes.len() as u32));
            return Ok(());
        }
        let is_kept = first & KEPT != 0;
        match index(block, if is_kept { KEPT_BITS } else { LITERAL_BITS })? {
            0 => {
                let before = fields.bytes.len();
                self.text(block, Part::Name, limits, &mut fields.bytes)?;
                if fields.bytes.len() == before {
                    return Err(Fault::NoName);
                }
            }
            index => fields.bytes.extend_from_slice(self.table.find(index)?.0),
        }
        let middle = fields.bytes.len();
        self.text(block, Part::Value, limits, &mut fields.bytes)?;
        fields.ends.push((middle as u32, fields.bytes.len() as u32));
        if is_kept {
            let (name, value) = fields.last();
            self.table.keep(name, value);
        }
        Ok(())
    }

    /// Takes a text (RFC 7541 section 5.2).
    fn text(&self, block: &mut &[u8], part: Part, limits: Limits, out: &mut Vec<u8>) -> Result<(), Fault> {
        let is_coded = block.first().is_some_and(|first| first & HUFFMAN != 0);
        let length = number(block, LENGTH_BITS)?.ok_or(Fault::LongLength(part))?;
        if length > limits.field {
            return Err(Fault::LongField(part, length));
        }
        let (text, rest) = block.split_at_checked(length).ok_or(Fault::Truncated)?;
        *block = rest;
        match is_coded {
            true => huffman::decode(text, self.padding, out).map_err(|huffman::Invalid| Fault::Huffman),
            false => {
                out.extend_from_slice(text);
                Ok(())
            }
        }
    }
}

/// Takes a number whose first byte gives it so many bits (RFC 7541 section 5.1); nothing, if it is too long.
fn number(block: &mut &[u8], bits: u32) -> Result<Option<usize>, Fault> {
    let (&first, mut rest) = block.split_first().ok_or(Fault::Truncated)?;
    let most = (1usize << bits) - 1;
    let mut value = usize::from(first) & most;
    if value == most {
        let mut shift = 0;
        loop {
            let (&byte, behind) = rest.split_first().ok_or(Fault::Truncated)?;
            rest = behind;
            value += usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
            if shift >= 7 * LONGEST_NUMBER {
                return Ok(None);
            }
        }
    }
    *block = rest;
    Ok(Some(value))
}

fn index(block: &mut &[u8], bits: u32) -> Result<usize, Fault> {
    number(block, bits)?.ok_or(Fault::LongIndex)
}

/// Appends that the table is empty from now on: nothing that is encoded here refers to it.
pub fn encode_empty_table(out: &mut Vec<u8>) {
    out.push(SIZE_UPDATE);
}

/// Appends `:status`.
pub fn encode_status(status: u16, out: &mut Vec<u8>) {
    let known = STATIC[usize::from(STATUS_200) - 1..].iter().take_while(|(name, _)| *name == b":status");
    let digits = [status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8);
    match known.zip(STATUS_200..).find(|((_, value), _)| **value == digits) {
        Some((_, index)) => out.push(INDEXED | index),
        None => {
            out.extend_from_slice(&[KEPT | STATUS_200, digits.len() as u8]);
            out.extend_from_slice(&digits);
        }
    }
}

/// Appends a field whose name has no capitals. Nothing but the static table is needed to read it.
pub fn encode_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    match usual_index(name) {
        // nginx lets the other side keep these, though it never refers to them.
        Some(index) => out.push(KEPT | index),
        None => return encode_literal(name, value, out),
    }
    match name {
        // nginx leaves the digits as they are.
        b"content-length" => encode_plain(value, out),
        _ => encode_text(value, out),
    }
}

/// Appends what a request begins with, in nginx's order.
pub fn encode_request(method: &[u8], is_secure: bool, path: &[u8], authority: &[u8], out: &mut Vec<u8>) {
    let field = |index: u8, value: &[u8], out: &mut Vec<u8>| {
        out.push(KEPT | index);
        encode_text(value, out);
    };
    match method {
        b"GET" => out.push(INDEXED | METHOD_GET),
        b"POST" => out.push(INDEXED | METHOD_POST),
        _ => field(METHOD_GET, method, out),
    }
    out.push(INDEXED | if is_secure { SCHEME_HTTPS } else { SCHEME_HTTP });
    match path {
        b"/" => out.push(INDEXED | PATH_ROOT),
        _ => field(PATH_ROOT, path, out),
    }
    field(AUTHORITY, authority, out);
}

/// Appends a field of a request whose name has no capitals: nginx writes all of it.
pub fn encode_literal(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.push(LITERAL);
    encode_text(name, out);
    encode_text(value, out);
}

/// Where the static table has the names that nearly every answer has.
fn usual_index(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"content-length" => 28,
        b"content-type" => 31,
        b"date" => 33,
        b"last-modified" => 44,
        b"location" => 46,
        b"server" => 54,
        b"vary" => 59,
        _ => return None,
    })
}

fn encode_text(text: &[u8], out: &mut Vec<u8>) {
    let coded = huffman::coded_length(text);
    if coded < text.len() {
        encode_number(HUFFMAN, LENGTH_BITS, coded, out);
        huffman::encode(text, out);
    } else {
        encode_plain(text, out);
    }
}

fn encode_plain(text: &[u8], out: &mut Vec<u8>) {
    encode_number(0, LENGTH_BITS, text.len(), out);
    out.extend_from_slice(text);
}

fn encode_number(first: u8, bits: u32, value: usize, out: &mut Vec<u8>) {
    let most = (1usize << bits) - 1;
    if value < most {
        return out.push(first | value as u8);
    }
    out.push(first | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests;
