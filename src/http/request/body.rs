//! The body of a request: what there is of it, and how the rest stands on the connection.

use std::rc::Rc;

use crate::http::body_file::BodyFile;
use crate::wire::http1::chunked::Chunked;

/// What of the body is left on the connection.
#[derive(Default, Debug)]
pub enum Framing {
    /// Nothing.
    #[default]
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks up to the last one.
    Chunked(Box<ChunkedBody>),
    /// Whatever comes until the end of its stream; so many bytes have come.
    Stream(u64),
}

/// A chunked body in the making.
#[derive(Default, Debug)]
pub struct ChunkedBody {
    /// Its parser.
    pub chunked: Chunked,
    /// How many bytes of it were read.
    pub received: u64,
}

impl Framing {
    /// Whether the body has been read to its end.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::None | Self::Length(0))
    }
}

/// The body of a request.
#[derive(Default, Debug)]
pub enum Body {
    /// It was not read, or there is none.
    #[default]
    None,
    /// All of it.
    Memory(Vec<u8>),
    /// All of it, larger than its buffer.
    File(Rc<BodyFile>),
    /// It is read and forgotten.
    Discarded,
}

impl Body {
    /// Whether it is read and forgotten.
    pub fn is_discarded(&self) -> bool {
        matches!(self, Self::Discarded)
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.length,
            Self::None | Self::Discarded => 0,
        }
    }

    /// The same body for another request.
    pub fn share(&self) -> Self {
        match self {
            Self::None | Self::Discarded => Self::None,
            Self::Memory(bytes) => Self::Memory(bytes.clone()),
            Self::File(file) => Self::File(Rc::clone(file)),
        }
    }

    /// Whether it has no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
