//! Boxes: size, name and content, one after the other and one inside another.

/// Size and name.
pub const HEADER: usize = 8;
/// The same with a size of 64 bits behind the name.
pub const LONG_HEADER: usize = 16;

/// What is wrong with a film.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Said behind the file's name.
    Named(String),
    /// Said before the file's name.
    In(String),
}

impl Fault {
    /// A box of that name is shorter than what it has to hold.
    pub fn small(name: &str) -> Self {
        Self::Named(format!("mp4 {name} atom too small"))
    }

    /// There are two of a box that may be there once.
    pub fn duplicate(name: &str) -> Self {
        Self::In(format!("duplicate mp4 {name} atom"))
    }

    /// A sentence that the file's name follows.
    pub fn within(text: impl Into<String>) -> Self {
        Self::In(text.into())
    }

    /// nginx's sentence.
    pub fn text(&self, file: &str) -> String {
        match self {
            Self::Named(text) => format!("\"{file}\" {text}"),
            Self::In(text) => format!("{text} in \"{file}\""),
        }
    }
}

/// The beginning of a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Four letters.
    pub name: [u8; 4],
    /// Of the header.
    pub header_size: u64,
    /// Of what follows the header.
    pub data_size: u64,
}

/// Reads the beginning of a box, of which `left` bytes are there; nothing where a size of 0 ends the list.
pub fn header(bytes: &[u8], left: u64) -> Result<Option<Header>, Fault> {
    let truncated = || Fault::Named("mp4 file truncated".to_owned());
    let short = u64::from(word(bytes, 0).ok_or_else(truncated)?);
    let (size, header_size) = match short {
        0 => return Ok(None),
        1 => (bytes.get(HEADER..).and_then(|bytes| long(bytes, 0)).ok_or_else(truncated)?, LONG_HEADER),
        size => (size, HEADER),
    };
    if size < header_size as u64 {
        return Err(Fault::Named(format!("mp4 atom is too small:{size}")));
    }
    let name = bytes.get(4..).and_then(|bytes| bytes.first_chunk::<4>()).ok_or_else(truncated)?;
    if size > left {
        return Err(Fault::Named(format!("mp4 atom too large:{size}")));
    }
    Ok(Some(Header { name: *name, header_size: header_size as u64, data_size: size - header_size as u64 }))
}

/// The boxes in a box, as name and content.
pub fn boxes(mut rest: &[u8]) -> impl Iterator<Item = Result<([u8; 4], &[u8]), Fault>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match header(rest, rest.len() as u64) {
            Ok(Some(header)) => {
                let content = &rest[header.header_size as usize..];
                let (content, behind) = content.split_at(header.data_size as usize);
                rest = behind;
                Some(Ok((header.name, content)))
            }
            outcome => {
                rest = &[];
                outcome.err().map(Err)
            }
        }
    })
}

/// Writes a box around what `content` writes.
pub fn write_box(out: &mut Vec<u8>, name: &[u8; 4], content: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(name);
    content(out);
    let size = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// A number of 32 bits at a place.
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// A number of 64 bits at a place.
pub fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}
