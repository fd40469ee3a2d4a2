//! What filters keep of one answer between its head and its end.

use super::encoder::Encoder;
use super::ranges::Ranges;

/// What the body of an answer goes through.
#[derive(Default)]
pub struct Filters {
    /// Parts of the body that were asked for.
    pub range: Option<Box<Ranges>>,
    /// `<!--#config timefmt="…" -->`
    pub time_format: Option<Box<[u8]>>,
    /// The compressor.
    pub gzip: Option<Box<Encoder>>,
    /// What the compressor took and gave, for `$gzip_ratio`.
    pub gzip_totals: Option<(u64, u64)>,
    /// The location has trailers for the answer, or for what the answer was to be.
    pub expects_trailers: bool,
    /// The location's trailers are among those of the answer already.
    pub has_trailers: bool,
    /// A backend's answer that nginx passes on piece by piece: nothing of it counts as waiting.
    pub unbuffered: bool,
    /// The body goes out in chunks.
    pub chunked: bool,
    /// `limit_rate`, in bytes a second; 0 for no limit.
    pub limit_rate: u64,
    /// So many bytes are free of it.
    pub limit_rate_after: u64,
    /// What has gone out of what counts.
    pub sent: u64,
}
