//! One header line: the name as sent, the value without the spaces around it; an invalid name is a mark, not an error.
//!
//! The states are nginx's (`ngx_http_parse_header_line`): LF alone ends a line, CR may stand before it more than once,
//! only spaces (not tabs) are cut from a value, and folding is not known.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Start,
    Name,
    SpaceBeforeValue,
    Value,
    AlmostDone,
    EndAlmostDone,
}

/// What the bytes so far made of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The line is whole.
    Line,
    /// The empty line behind the last header was read.
    End,
    /// More bytes are needed.
    Again,
}

/// The line cannot be a header line; the offset is where it went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidHeaderLine(pub usize);

/// A header line in the making.
#[derive(Clone, Debug, Default)]
pub struct HeaderLine {
    state: State,
    /// The name as sent.
    pub name: Range<usize>,
    /// The value, without the spaces around it.
    pub value: Range<usize>,
    /// The name has a byte that names do not have; nginx drops such lines unless told otherwise.
    pub invalid: bool,
}

impl HeaderLine {
    /// A line that is there already, name and value apart.
    pub fn whole(name: Range<usize>, value: Range<usize>) -> Self {
        Self { name, value, ..Self::default() }
    }
}

/// What a byte is in a header's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameByte {
    Usual,
    Underscore,
    Colon,
    LineEnd,
    Refused,
    Odd,
}

const NAME_BYTES: [NameByte; 256] = {
    let mut table = [NameByte::Odd; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => NameByte::Usual,
            b'_' => NameByte::Underscore,
            b':' => NameByte::Colon,
            b'\r' | b'\n' => NameByte::LineEnd,
            0..=0x20 | 0x7f => NameByte::Refused,
            _ => NameByte::Odd,
        };
        byte += 1;
    }
    table
};

impl HeaderLine {
    /// Reads on from `*position`, which ends behind the line when it is whole.
    pub fn parse(
        &mut self,
        buffer: &[u8],
        position: &mut usize,
        underscores: bool,
    ) -> Result<Progress, InvalidHeaderLine> {
        if self.state == State::Start
            && let Some(end) = self.read_usual(buffer, *position)
        {
            *position = end;
            return Ok(Progress::Line);
        }
        let mut at = *position;
        while let Some(&byte) = buffer.get(at) {
            match self.state {
                State::Start => {
                    if let Some(progress) = self.start(byte, at, underscores)? {
                        *position = at + 1;
                        return Ok(progress);
                    }
                }
                State::Name => {
                    at = self.read_name(buffer, at, underscores)?;
                    if self.state == State::Name {
                        break;
                    }
                    if self.ended(buffer, at) {
                        *position = at + 1;
                        return Ok(Progress::Line);
                    }
                }
                State::SpaceBeforeValue if byte == b' ' => {}
                State::SpaceBeforeValue | State::Value => {
                    if self.state == State::SpaceBeforeValue {
                        self.value = at..at;
                        self.state = State::Value;
                    }
                    let Some(end) = self.read_value(buffer, at)? else {
                        at = buffer.len();
                        break;
                    };
                    at = end;
                    if self.ended(buffer, at) {
                        *position = at + 1;
                        return Ok(Progress::Line);
                    }
                }
                State::AlmostDone => match byte {
                    b'\n' => {
                        self.state = State::Start;
                        *position = at + 1;
                        return Ok(Progress::Line);
                    }
                    b'\r' => {}
                    // nginx shows what ended the value.
                    _ => return Err(InvalidHeaderLine(self.value.end)),
                },
                State::EndAlmostDone => {
                    *position = at + 1;
                    return if byte == b'\n' { Ok(Progress::End) } else { Err(InvalidHeaderLine(at)) };
                }
            }
            at += 1;
        }
        *position = at;
        Ok(Progress::Again)
    }

    /// Reads a line of the usual form that is there as a whole; gives the place behind it. For any other the states have to tell what
    /// it is: nearly all lines are `Name: value` with CR and LF, and by the states they cost twice as much.
    fn read_usual(&mut self, buffer: &[u8], from: usize) -> Option<usize> {
        let line = buffer.get(from..)?;
        let colon = line.iter().position(|&byte| NAME_BYTES[usize::from(byte)] != NameByte::Usual)?;
        let value = colon + 2;
        if colon == 0 || line[colon] != b':' || *line.get(colon + 1)? != b' ' || *line.get(value)? == b' ' {
            return None;
        }
        let end = value + memchr::memchr3(b'\r', b'\n', 0, &line[value..])?;
        if line[end] != b'\r' || *line.get(end + 1)? != b'\n' || line[end - 1] == b' ' && end > value {
            return None;
        }
        self.name = from..from + colon;
        self.value = from + value..from + end;
        self.invalid = false;
        Some(from + end + 2)
    }

    /// A line that an LF ended at once, as opposed to one that a CR is ending.
    fn ended(&mut self, buffer: &[u8], at: usize) -> bool {
        let ended = self.state == State::AlmostDone && buffer[at] == b'\n';
        if ended {
            self.state = State::Start;
        }
        ended
    }

    fn start(&mut self, byte: u8, at: usize, underscores: bool) -> Result<Option<Progress>, InvalidHeaderLine> {
        self.name = at..at;
        self.invalid = false;
        match NAME_BYTES[usize::from(byte)] {
            NameByte::LineEnd if byte == b'\r' => {
                self.state = State::EndAlmostDone;
                return Ok(None);
            }
            NameByte::LineEnd => return Ok(Some(Progress::End)),
            NameByte::Refused | NameByte::Colon => return Err(InvalidHeaderLine(at)),
            NameByte::Usual => {}
            NameByte::Underscore => self.invalid = !underscores,
            NameByte::Odd => self.invalid = true,
        }
        self.state = State::Name;
        Ok(None)
    }

    /// Reads the name up to its colon or the end of the line; the place of that byte, or the end of the buffer.
    fn read_name(&mut self, buffer: &[u8], from: usize, underscores: bool) -> Result<usize, InvalidHeaderLine> {
        let mut at = from;
        while let Some(&byte) = buffer.get(at) {
            match NAME_BYTES[usize::from(byte)] {
                // By far the most bytes of a name: a loop of their own is a third of the work.
                NameByte::Usual => {
                    let is_usual = |&&byte: &&u8| NAME_BYTES[usize::from(byte)] == NameByte::Usual;
                    at += buffer[at + 1..].iter().take_while(is_usual).count();
                }
                NameByte::Colon => {
                    self.name.end = at;
                    self.state = State::SpaceBeforeValue;
                    return Ok(at);
                }
                NameByte::LineEnd => {
                    self.name.end = at;
                    self.value = at..at;
                    self.state = State::AlmostDone;
                    return Ok(at);
                }
                NameByte::Underscore => self.invalid |= !underscores,
                NameByte::Refused => return Err(InvalidHeaderLine(at)),
                NameByte::Odd => self.invalid = true,
            }
            at += 1;
        }
        // The caller's loop ends here too, with the whole buffer read.
        Ok(buffer.len())
    }

    /// Reads the value up to its CR or LF and gives that place.
    fn read_value(&mut self, buffer: &[u8], from: usize) -> Result<Option<usize>, InvalidHeaderLine> {
        let Some(offset) = memchr::memchr3(b'\r', b'\n', 0, &buffer[from..]) else {
            return Ok(None);
        };
        let at = from + offset;
        if buffer[at] == 0 {
            return Err(InvalidHeaderLine(at));
        }
        let value = &buffer[self.value.start..at];
        let spaces = value.iter().rev().take_while(|&&byte| byte == b' ').count();
        self.value.end = at - spaces;
        self.state = State::AlmostDone;
        Ok(Some(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, piecewise: bool) -> Result<Vec<(String, String, bool)>, InvalidHeaderLine> {
        let mut line = HeaderLine::default();
        let mut position = 0;
        let mut found = Vec::new();
        let mut end = if piecewise { 1 } else { text.len() };
        loop {
            match line.parse(&text.as_bytes()[..end], &mut position, false)? {
                Progress::Line => {
                    found.push((text[line.name.clone()].to_owned(), text[line.value.clone()].to_owned(), line.invalid))
                }
                Progress::End => return Ok(found),
                Progress::Again => {
                    assert!(end < text.len(), "{text:?} has no end");
                    end += 1;
                }
            }
        }
    }

    #[test]
    fn reading_in_pieces_gives_the_same() {
        for text in [
            "Host: a\r\nX-Empty:\r\nX-Spaces:   \r\nTrail: b c  \r\r\n\r\n",
            "a:b\nno-colon\nno-colon-cr\r\nbad!name: x\nunder_score: y\n\n",
            "t:\ttab\t\r\n\r\n",
        ] {
            assert_eq!(lines(text, false), lines(text, true), "{text:?}");
        }
    }

    #[test]
    fn values_lose_spaces_and_keep_tabs() {
        assert_eq!(
            lines("a:  b c  \r\nt:\tx\t\r\n\r\n", false),
            Ok(vec![("a".into(), "b c".into(), false), ("t".into(), "\tx\t".into(), false)])
        );
    }

    #[test]
    fn refused_lines() {
        for text in [" a: b\r\n", "a : b\r\n", ": b\r\n", "a: b\0c\r\n", "a: b\rc\r\n", "\rx", "a\x01: b\r\n"] {
            assert!(lines(text, false).is_err(), "{text:?}");
            assert!(lines(text, true).is_err(), "{text:?}");
        }
    }
}
