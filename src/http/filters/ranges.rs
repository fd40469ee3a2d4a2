//! A body cut into the ranges that were asked for.

/// The parts of the body that go out.
#[derive(Debug)]
pub struct Ranges {
    /// Each as its first byte and the one behind its last.
    pub ranges: Vec<(u64, u64)>,
    /// What stands between several.
    pub multipart: Option<Multipart>,
    /// How far the body has come.
    pub position: u64,
    /// How long it is.
    pub length: u64,
}

/// What stands between the parts of `multipart/byteranges`.
#[derive(Debug)]
pub struct Multipart {
    /// From the line end before the boundary to `Content-Range: bytes `.
    pub header: Vec<u8>,
    /// What parts the parts.
    pub boundary: String,
}

/// A step of a body that is cut into ranges.
#[derive(Debug)]
pub enum Piece {
    /// Text between parts.
    Text(Vec<u8>),
    /// Bytes of the piece of the body that was given.
    Body(u64, u64),
}

impl Ranges {
    /// What of the next `length` bytes of the body goes out, with the text between.
    pub fn pieces(&mut self, length: u64) -> impl Iterator<Item = Piece> + use<> {
        let (start, end) = (self.position, self.position + length);
        self.position = end;
        let mut pieces = Vec::new();
        for (index, &(first, last)) in self.ranges.iter().enumerate() {
            if let Some(multipart) = &self.multipart
                && (start..end).contains(&first)
            {
                pieces.push(Piece::Text(multipart.part(first, last, self.length)));
            }
            let (from, to) = (first.max(start), last.min(end));
            if from < to {
                pieces.push(Piece::Body(from - start, to - start));
            }
            if let Some(multipart) = &self.multipart
                && index + 1 == self.ranges.len()
                && last > start
                && last <= end
            {
                pieces.push(Piece::Text(format!("\r\n--{}--\r\n", multipart.boundary).into_bytes()));
            }
        }
        pieces.into_iter()
    }

    /// The range, where there is one.
    pub fn only(&self) -> Option<(u64, u64)> {
        self.ranges.first().copied().filter(|_| self.multipart.is_none())
    }
}

impl Multipart {
    /// The lines before a part.
    pub fn part(&self, first: u64, last: u64, length: u64) -> Vec<u8> {
        let mut text = self.header.clone();
        text.extend_from_slice(format!("{first}-{}/{length}\r\n\r\n", last - 1).as_bytes());
        text
    }
}
