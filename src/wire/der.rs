//! DER, as far as certificates need it: one element after the other (X.690).

/// The tags that certificates, lists of revoked ones, and keys are made of.
pub mod tag {
    /// BOOLEAN
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER
    pub const OBJECT: u8 = 0x06;
    /// UTCTime
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE
    pub const SEQUENCE: u8 = 0x30;
    /// SET
    pub const SET: u8 = 0x31;

    /// `[number]` around other elements.
    pub const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }

    /// `[number]` in place of an element's own tag.
    pub const fn implicit(number: u8) -> u8 {
        0x80 | number
    }
}

/// The bytes are no DER, or not the DER that is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// One element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element<'d> {
    /// Its tag.
    pub tag: u8,
    /// What it holds.
    pub content: &'d [u8],
    /// All of it, with tag and length.
    pub whole: &'d [u8],
}

/// Reads elements one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    /// A reader at the beginning of some bytes.
    pub fn new(bytes: &'d [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub fn rest(self) -> &'d [u8] {
        self.rest
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Element<'d>, Malformed> {
        let [tag, first, after @ ..] = self.rest else { return Err(Malformed) };
        // Tags above 30 take further bytes; nothing that is read here has one.
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (length, after) = match first {
            0..=0x7f => (usize::from(*first), after),
            0x81..=0x84 => {
                let (bytes, after) = after.split_at_checked(usize::from(first & 0x7f)).ok_or(Malformed)?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), after)
            }
            _ => return Err(Malformed),
        };
        let (content, rest) = after.split_at_checked(length).ok_or(Malformed)?;
        let whole = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Ok(Element { tag: *tag, content, whole })
    }

    /// The next element, if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'d>>, Malformed> {
        match self.rest.first() {
            Some(first) if *first == tag => self.any().map(Some),
            _ => Ok(None),
        }
    }

    /// The next element, which has to have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'d>, Malformed> {
        self.optional(tag)?.ok_or(Malformed)
    }

    /// What is in the next element, which has to have this tag.
    pub fn inside(&mut self, tag: u8) -> Result<Reader<'d>, Malformed> {
        self.expect(tag).map(|element| Reader::new(element.content))
    }

    /// The bytes of a BIT STRING that is made of whole bytes.
    pub fn bits(&mut self) -> Result<&'d [u8], Malformed> {
        match self.expect(tag::BIT_STRING)?.content {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// How many bits an INTEGER that is not negative takes.
    pub fn integer_bits(&mut self) -> Result<usize, Malformed> {
        let bytes = self.expect(tag::INTEGER)?.content;
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        let first = bytes.get(leading).map_or(0, |byte| byte.leading_zeros() as usize);
        Ok((bytes.len() - leading) * 8 - first)
    }

    /// A small INTEGER that is not negative.
    pub fn small_integer(&mut self) -> Result<u64, Malformed> {
        let bytes = self.expect(tag::INTEGER)?.content;
        match bytes.first() {
            Some(0..=0x7f) if bytes.len() <= 8 => Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_one_after_the_other() {
        let mut reader = Reader::new(&[0x30, 3, 2, 1, 5, 4, 0x81, 1, 9]);
        assert_eq!(reader.inside(tag::SEQUENCE).and_then(|mut inner| inner.small_integer()), Ok(5));
        assert_eq!(reader.expect(tag::OCTET_STRING).map(|element| element.content), Ok(&[9][..]));
        assert!(reader.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_malformed() {
        for bytes in [&[0x30][..], &[0x30, 2, 0], &[0x30, 0x85, 0, 0, 0, 0, 0], &[0x1f, 0], &[0x30, 0x82, 1]] {
            assert_eq!(Reader::new(bytes).any(), Err(Malformed), "{bytes:?}");
        }
    }
}
