//! `gunzip`: bodies unpacked for clients that do not take gzip (`ngx_http_gunzip_filter_module`).

use flate2::{Decompress, FlushDecompress, Status};

use super::gzip;
use crate::http::request::Request;
use crate::http::verdict::ClientGone;
use crate::log::error_log::Level;

/// The window of the compressor, in bits.
const WINDOW_BITS: u8 = 15;
/// Room for what one step unpacks.
const STEP: usize = 16 * 1024;
/// zlib's number for bytes that are no gzip.
const DATA_ERROR: i32 = -3;
/// zlib's number for a stream that lacks its end.
const BUF_ERROR: i32 = -5;

/// One body's decompressor.
pub struct Decoder {
    decompress: Decompress,
    /// The stream has ended; another one may follow.
    ended: bool,
}

/// Decides whether the body is unpacked.
pub fn head(request: &mut Request) -> Option<Decoder> {
    if !request.location.settings.gunzip.enabled {
        return None;
    }
    let coding = request.response.headers.find(b"Content-Encoding")?;
    if !coding.eq_ignore_ascii_case(b"gzip") {
        return None;
    }
    request.response.gzip_vary = true;
    if !request.is_subrequest && gzip::is_wanted(request) {
        return None;
    }
    let response = &mut request.response;
    response.headers.remove(b"Content-Encoding");
    response.content_length = None;
    response.clear_accept_ranges();
    gzip::weaken_etag(request);
    Some(Decoder { decompress: Decompress::new_gzip(WINDOW_BITS), ended: false })
}

impl Decoder {
    /// Unpacks bytes to the end of `out`.
    pub fn write(&mut self, request: &Request, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ClientGone> {
        let mut rest = bytes;
        loop {
            if self.ended && !rest.is_empty() {
                self.decompress = Decompress::new_gzip(WINDOW_BITS);
                self.ended = false;
            }
            if self.ended {
                return Ok(());
            }
            out.reserve(STEP);
            let (taken, given) = (self.decompress.total_in(), self.decompress.total_out());
            let status = self.decompress.decompress_vec(rest, out, FlushDecompress::None);
            rest = &rest[(self.decompress.total_in() - taken) as usize..];
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if self.decompress.total_out() == given && rest.is_empty() => return Ok(()),
                Ok(Status::BufError) if rest.is_empty() => return Ok(()),
                Ok(_) => {}
                Err(_) => {
                    request.log(Level::Error, format_args!("inflate() failed: 0, {DATA_ERROR}"));
                    return Err(ClientGone);
                }
            }
        }
    }

    /// Makes sure that the body was whole.
    pub fn finish(&self, request: &Request) -> Result<(), ClientGone> {
        if self.ended {
            return Ok(());
        }
        request.log(Level::Error, format_args!("inflate() returned {BUF_ERROR} on response end"));
        Err(ClientGone)
    }
}
