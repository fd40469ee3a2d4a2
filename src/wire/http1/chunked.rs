//! Chunked bodies taken apart, with nginx's limits (`ngx_http_parse_chunked`).

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Start,
    Size,
    Extension,
    ExtensionAlmostDone,
    Data,
    AfterData,
    AfterDataAlmostDone,
    LastExtension,
    LastExtensionAlmostDone,
    Trailer,
    TrailerAlmostDone,
    TrailerHeader,
    TrailerHeaderAlmostDone,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// These bytes of the buffer are data.
    Data(Range<usize>),
    /// The body ended; with trailers kept, they follow.
    Done,
    /// More bytes are needed.
    Again,
}

/// The bytes are not a chunked body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidChunk;

/// A chunked body in the making.
#[derive(Clone, Debug, Default)]
pub struct Chunked {
    state: State,
    size: u64,
    keep_trailers: bool,
}

const MAXIMUM: u64 = i64::MAX as u64;

impl Chunked {
    /// A decoder that stops behind the last chunk and leaves the trailers to the caller.
    pub fn keeping_trailers() -> Self {
        Self { keep_trailers: true, ..Self::default() }
    }

    /// How many bytes of the present chunk are still to be taken.
    pub fn left_of_chunk(&self) -> u64 {
        self.size
    }

    /// The least number of bytes that must still follow.
    pub fn least_remaining(&self) -> u64 {
        const LAST_CHUNK: u64 = 7;
        match self.state {
            State::Start => 5,
            State::Size if self.size == 0 => 4,
            State::Size | State::Extension => 2 + self.size + LAST_CHUNK,
            State::ExtensionAlmostDone => 1 + self.size + LAST_CHUNK,
            State::Data => self.size + LAST_CHUNK,
            State::AfterData => LAST_CHUNK,
            State::AfterDataAlmostDone => 6,
            State::LastExtension | State::TrailerHeader => 4,
            State::LastExtensionAlmostDone | State::TrailerHeaderAlmostDone => 3,
            State::Trailer => 2,
            State::TrailerAlmostDone => 1,
        }
    }

    /// Reads on from `*position` to the next data, the end, or the end of the buffer.
    pub fn parse(&mut self, buffer: &[u8], position: &mut usize) -> Result<Progress, InvalidChunk> {
        while let Some(&byte) = buffer.get(*position) {
            if self.state == State::Data {
                return Ok(Progress::Data(self.take_data(buffer.len(), position)));
            }
            *position += 1;
            match self.step(byte)? {
                Some(state) => self.state = state,
                None => {
                    self.state = State::Start;
                    return Ok(Progress::Done);
                }
            }
            if self.size > MAXIMUM - 9 {
                return Err(InvalidChunk);
            }
        }
        Ok(Progress::Again)
    }

    fn take_data(&mut self, available: usize, position: &mut usize) -> Range<usize> {
        let start = *position;
        let length = usize::try_from(self.size).unwrap_or(usize::MAX).min(available - start);
        self.size -= length as u64;
        if self.size == 0 {
            self.state = State::AfterData;
        }
        *position = start + length;
        start..*position
    }

    /// The next state; `None` at the end of the body.
    fn step(&mut self, byte: u8) -> Result<Option<State>, InvalidChunk> {
        let next = match (self.state, byte) {
            (State::Start, _) => {
                self.size = hex(byte).ok_or(InvalidChunk)?;
                State::Size
            }
            (State::Size, _) => self.size_byte(byte)?,
            (State::Extension, b'\r') => State::ExtensionAlmostDone,
            (State::LastExtension, b'\r') => State::LastExtensionAlmostDone,
            (State::Extension | State::LastExtension | State::Trailer | State::TrailerHeader, b'\n') => {
                return Err(InvalidChunk);
            }
            (State::Extension, _) => State::Extension,
            (State::LastExtension, _) => State::LastExtension,
            (State::ExtensionAlmostDone, b'\n') => State::Data,
            (State::AfterData, b'\r') => State::AfterDataAlmostDone,
            (State::AfterDataAlmostDone, b'\n') => State::Start,
            (State::LastExtensionAlmostDone, b'\n') if self.keep_trailers => return Ok(None),
            (State::LastExtensionAlmostDone, b'\n') => State::Trailer,
            (State::Trailer, b'\r') => State::TrailerAlmostDone,
            (State::TrailerHeader, b'\r') => State::TrailerHeaderAlmostDone,
            (State::Trailer | State::TrailerHeader, _) => State::TrailerHeader,
            (State::TrailerAlmostDone, b'\n') => return Ok(None),
            (State::TrailerHeaderAlmostDone, b'\n') => State::Trailer,
            _ => return Err(InvalidChunk),
        };
        Ok(Some(next))
    }

    fn size_byte(&mut self, byte: u8) -> Result<State, InvalidChunk> {
        if self.size > MAXIMUM / 16 {
            return Err(InvalidChunk);
        }
        if let Some(digit) = hex(byte) {
            self.size = self.size * 16 + digit;
            return Ok(State::Size);
        }
        match (byte, self.size) {
            (b'\r', 0) => Ok(State::LastExtensionAlmostDone),
            (b'\r', _) => Ok(State::ExtensionAlmostDone),
            (b';' | b' ' | b'\t', 0) => Ok(State::LastExtension),
            (b';' | b' ' | b'\t', _) => Ok(State::Extension),
            _ => Err(InvalidChunk),
        }
    }
}

fn hex(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str, piece: usize) -> Result<(String, usize), InvalidChunk> {
        let mut chunked = Chunked::default();
        let (mut data, mut position) = (String::new(), 0);
        let mut end = 0;
        loop {
            match chunked.parse(&text.as_bytes()[..end], &mut position)? {
                Progress::Data(range) => data.push_str(&text[range]),
                Progress::Done => return Ok((data, position)),
                Progress::Again => {
                    assert!(end < text.len(), "{text:?} has no end");
                    end = (end + piece).min(text.len());
                }
            }
        }
    }

    #[test]
    fn bodies() {
        let text = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\nnext";
        for piece in [1, 2, 7, 100] {
            assert_eq!(decode(text, piece), Ok(("abcde".into(), text.len() - 4)));
        }
    }

    #[test]
    fn refused_bodies() {
        for text in [
            "x\r\n",
            "3\nabc",
            "3\r\nabcd",
            "-1\r\n",
            "\r\n",
            "0x3\r\n",
            "3;\n",
            "0\n\n",
            "0\r\n\n",
            "0;\n",
            "ffffffffffffffff\r\n",
            "7fffffffffffffff\r\n",
            "3\r\nabc\n",
        ] {
            assert_eq!(decode(text, 1), Err(InvalidChunk), "{text:?}");
        }
    }
}
