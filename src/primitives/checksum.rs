//! The Internet checksum (RFC 1071).

/// Adds up 16-bit words; [`Sum::finish`] is what a header carries.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sum(u64);

impl Sum {
    /// Adds bytes; an odd last byte counts as the upper half of a word.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "bytes are added, not another sum")]
    pub fn add(mut self, bytes: &[u8]) -> Self {
        let mut words = bytes.chunks_exact(2);
        for word in &mut words {
            self.0 += u64::from(u16::from_be_bytes([word[0], word[1]]));
        }
        if let [last] = words.remainder() {
            self.0 += u64::from(*last) << 8;
        }
        self
    }

    /// The one's complement of the folded sum; 0 when the bytes held a right checksum.
    pub fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_1071_example() {
        let sum = Sum::default().add(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.finish(), !0xddf2);
    }

    #[test]
    fn odd_byte_is_padded() {
        assert_eq!(Sum::default().add(&[0x12]).finish(), !0x1200);
    }
}
