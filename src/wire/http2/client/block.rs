//! A header block of a backend, taken and checked as it comes.

use std::fmt::{self, Display};

use super::super::hpack::{self, Decoder, Fields, Limits, Part};

/// The one status below 200 that a backend may send.
pub const EARLY_HINTS: u16 = 103;
const LEAST_STATUS: u16 = 200;
/// What is not whole of a field is never longer than this many times what it may be: Huffman's code makes bytes longer, too.
const MOST_GROWTH: usize = 4;

/// What is wrong with what a backend sent: lines for the log, in nginx's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    lines: Vec<String>,
}

impl Fault {
    /// With one line.
    pub fn new(text: impl Display) -> Self {
        Self { lines: vec![text.to_string()] }
    }

    /// In a header block, of which nginx says more than one thing.
    pub fn of_block(mut self, is_head: bool) -> Self {
        let text = if is_head { "upstream sent invalid header" } else { "upstream sent invalid trailer" };
        self.lines.push(text.to_owned());
        self
    }

    /// What the log says.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

impl From<hpack::Fault> for Fault {
    fn from(found: hpack::Fault) -> Self {
        use hpack::Fault as Found;
        let of = |part| match part {
            Part::Name => "name",
            Part::Value => "value",
        };
        match found {
            Found::Truncated => Self::new("upstream sent truncated http2 header"),
            Found::Index(index) => Self::new(format_args!("upstream sent invalid http2 table index: {index}")),
            Found::LongIndex => Self::new("upstream sent http2 table index with continuation flag"),
            Found::TableSize(size) => {
                Self::new(format_args!("upstream sent invalid http2 dynamic table size update: {size}"))
            }
            Found::NoName => Self::new("upstream sent zero http2 header name length"),
            Found::Huffman => Self::new("upstream sent invalid encoded header"),
            Found::LongLength(part) => {
                Self::new(format_args!("upstream sent too large http2 header {} length", of(part)))
            }
            Found::LongField(part, length) => {
                Self::new(format_args!("upstream sent too large http2 header {} length: {length}", of(part)))
            }
            Found::LongBlock => Self::new("upstream sent too large http2 header"),
        }
    }
}

/// A header block that is being received.
#[derive(Default, Debug)]
pub struct Block {
    /// What is not decoded: less than a field.
    rest: Vec<u8>,
    fields: Fields,
    /// So many fields were checked.
    checked: usize,
    status: Option<u16>,
}

impl Block {
    /// Takes a piece, and decodes and checks the fields that are whole: those of a head, or trailers.
    pub fn take(&mut self, decoder: &mut Decoder, piece: &[u8], limit: usize, is_head: bool) -> Result<(), Fault> {
        self.rest.extend_from_slice(piece);
        let mut rest = &self.rest[..];
        let limits = Limits { field: limit, block: limit };
        let mut outcome = decoder.decode_begun(&mut rest, limits, &mut self.fields);
        if rest.len() > limit.saturating_mul(MOST_GROWTH) {
            outcome = outcome.and(Err(hpack::Fault::LongBlock));
        }
        let decoded = self.rest.len() - rest.len();
        self.rest.drain(..decoded);
        // What is wrong with fields comes before what is wrong behind them.
        for (name, value) in self.fields.iter().skip(self.checked) {
            let shown = Shown(name, value);
            if !is_valid(name, value) {
                return Err(Fault::new(format_args!("upstream sent invalid header: {shown}")).of_block(is_head));
            }
            match (name, is_head) {
                (b":status", true) if self.status.is_some() => {
                    return Err(Fault::new("upstream sent duplicate :status header"));
                }
                (b":status", true) => self.status = Some(status(value)?),
                ([b':', ..], true) => return Err(Fault::new(format_args!("upstream sent invalid header {shown}"))),
                ([b':', ..], false) => return Err(Fault::new(format_args!("upstream sent invalid trailer {shown}"))),
                (_, true) if self.status.is_none() => return Err(Fault::new("upstream sent no :status header")),
                _ => {}
            }
        }
        self.checked = self.fields.len();
        outcome.map_err(|fault| Fault::from(fault).of_block(is_head))
    }

    /// The fields of a block that is whole, and the status among them.
    pub fn finish(self) -> Result<(Option<u16>, Fields), Fault> {
        match self.rest.is_empty() {
            true => Ok((self.status, self.fields)),
            false => Err(hpack::Fault::Truncated.into()),
        }
    }
}

/// Whether HTTP/1 could carry it, with a name without capitals.
fn is_valid(name: &[u8], value: &[u8]) -> bool {
    let is_name_byte = |(at, byte): (usize, &u8)| {
        !(byte.is_ascii_uppercase() || *byte <= b' ' || *byte == 0x7f || *byte == b':' && at > 0)
    };
    name.iter().enumerate().all(is_name_byte) && !value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
}

fn status(value: &[u8]) -> Result<u16, Fault> {
    let shown = || String::from_utf8_lossy(value).into_owned();
    let &[hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = value else {
        return Err(Fault::new(format_args!("upstream sent invalid :status \"{}\"", shown())));
    };
    let status = [hundreds, tens, ones].iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    match status < LEAST_STATUS && status != EARLY_HINTS {
        true => Err(Fault::new(format_args!("upstream sent unexpected :status \"{}\"", shown()))),
        false => Ok(status),
    }
}

/// A field as the log shows it.
struct Shown<'f>(&'f [u8], &'f [u8]);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}: {}\"", String::from_utf8_lossy(self.0), String::from_utf8_lossy(self.1))
    }
}
