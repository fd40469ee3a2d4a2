//! Random numbers from a seed that the shell gives: for discriminators, and against sessions in step.

/// Marsaglia's xorshift64*. A discriminator is no secret: who can read or forge packets here is next door.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// Not 0 (RFC 5880 §6.8.1).
    pub(super) fn discriminator(&mut self) -> u32 {
        self.next().max(1)
    }

    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.next() % (most - least + 1)
    }
}
