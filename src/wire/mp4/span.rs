//! The span of time that a film is cut to.

/// What of a film is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// From here on, in milliseconds.
    pub start_ms: u64,
    /// So long; 0 for up to the end.
    pub length_ms: u64,
    /// Begin with the key frame before it.
    pub start_key_frame: bool,
}

/// Where the cutting stands: what all tracks have in common.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// What is wanted.
    pub span: Span,
    /// Units a second of the whole movie; 0 before `mvhd` was read.
    pub timescale: u32,
    /// The length of the file.
    pub file_end: u64,
    /// The end of `mdat` in the file.
    pub data_end: u64,
}

impl Cut {
    /// The start in units of a time scale.
    pub fn start(&self, timescale: u32) -> u64 {
        self.span.start_ms.wrapping_mul(u64::from(timescale)) / 1000
    }

    /// The length in units of a time scale.
    pub fn length(&self, timescale: u32) -> u64 {
        self.span.length_ms.wrapping_mul(u64::from(timescale)) / 1000
    }

    /// What of a duration is left.
    pub fn shorten(&self, duration: u64, timescale: u32) -> u64 {
        let left = duration - self.start(timescale);
        if self.span.length_ms > 0 { left.min(self.length(timescale)) } else { left }
    }
}
