//! `mp4`: a film from and to the time that the client wants (`ngx_http_mp4_module`); [`crate::wire::mp4`] cuts.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::static_files::{self, Part};
use crate::http::map_uri::map_uri_to_path;
use crate::http::request::Request;
use crate::http::rewrite;
use crate::http::variables::family::argument;
use crate::http::verdict::Verdict;
use crate::ir::http::mp4::Mp4;
use crate::log::error_log::Level;
use crate::wire::mp4::{self, Fault, Film, Parts, Span};

/// No `ftyp` is longer.
const LONGEST_TYPE: u64 = 1024;
/// As much as the beginning of a box can have.
const LONGEST_HEADER: u64 = 16;

/// Sends the file, or the part of it that the arguments `start` and `end` name.
pub async fn handle(request: &mut Request) -> Verdict {
    let (file, metadata) = match static_files::open_for_reading(request) {
        Ok(opened) => opened,
        Err(verdict) => return verdict,
    };
    let film = match span(request).map(|span| cut(request, &file, metadata.len(), span)) {
        None | Some(Ok(None)) => None,
        Some(Ok(film)) => film,
        Some(Err(fault)) => {
            let name = map_uri_to_path(request).path;
            request.log(Level::Error, fault.text(&String::from_utf8_lossy(&name)));
            return Verdict::Finish(500);
        }
    };
    request.action = "sending mp4 to client";
    if request.response.content_type.is_none() {
        request.response.content_type = Some(rewrite::content_type(request));
    }
    match film {
        None => static_files::send_parts(request, &file, &metadata, &[Part::File(0, metadata.len())]).await,
        Some(Film { head, data }) => {
            let parts = [Part::Bytes(&head), Part::File(data.start, data.end)];
            static_files::send_parts(request, &file, &metadata, &parts).await
        }
    }
}

/// What is asked for; a part has one range at most.
fn span(request: &mut Request) -> Option<Span> {
    let time = |name: &[u8]| argument(&request.args, name).and_then(milliseconds);
    let (start, end) = (time(b"start"), time(b"end").filter(|end| *end > 0));
    let start_ms = start.or_else(|| end.map(|_| 0))?;
    let length_ms = end.and_then(|end| end.checked_sub(start_ms)).unwrap_or(0);
    request.response.single_range = true;
    Some(Span { start_ms, length_ms, start_key_frame: request.location.settings.mp4.start_key_frame })
}

/// Seconds with any number of digits behind the point, of which three count.
fn milliseconds(text: &[u8]) -> Option<u64> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, rest) = text.split_at(point.unwrap_or(text.len()));
    let rest = rest.get(1..).unwrap_or_default();
    if text.is_empty() || !whole.iter().chain(rest).all(u8::is_ascii_digit) {
        return None;
    }
    let digits = whole.iter().chain(rest.iter().chain(b"000").take(3));
    let add = |sum: i64, digit: &u8| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'));
    digits.into_iter().try_fold(0, add).map(|sum| sum as u64)
}

/// Cuts the film; nothing if the file as it is does as well.
fn cut(request: &Request, file: &File, end: u64, span: Span) -> Result<Option<Film>, Fault> {
    let settings = &request.location.settings.mp4;
    let (mut file_type, mut movie, mut data_end) = (None, None, None);
    let mut position = 0;
    while position < end && (movie.is_none() || data_end.is_none()) {
        let start = read(file, position, (end - position).min(LONGEST_HEADER))?;
        let Some(header) = mp4::header(&start, end - position)? else { break };
        let data = position + header.header_size;
        match &header.name {
            b"ftyp" if header.data_size > LONGEST_TYPE => {
                return Err(Fault::Named(format!("mp4 ftyp atom is too large:{}", header.data_size)));
            }
            b"ftyp" if file_type.is_some() => return Err(Fault::In("duplicate mp4 ftyp atom".to_owned())),
            b"ftyp" => file_type = Some(read(file, data, header.data_size)?),
            b"moov" if data_end.is_none() && span.start_ms == 0 && span.length_ms == 0 => return Ok(None),
            b"moov" if movie.is_some() => return Err(Fault::In("duplicate mp4 moov atom".to_owned())),
            b"moov" => movie = Some(read_movie(file, data, header.data_size, settings)?),
            b"mdat" if data_end.is_some() => return Err(Fault::In("duplicate mp4 mdat atom".to_owned())),
            b"mdat" => data_end = Some(data + header.data_size),
            _ => {}
        }
        position = data + header.data_size;
    }
    let parts = Parts { file_type: file_type.as_deref(), movie: movie.as_deref(), data_end, file_end: end };
    mp4::cut(&parts, span).map(Some)
}

fn read_movie(file: &File, position: u64, length: u64, settings: &Mp4) -> Result<Vec<u8>, Fault> {
    if length > settings.buffer_size.max(settings.max_buffer_size) as u64 {
        let text = format!("mp4 moov atom is too large:{length}, you may want to increase mp4_max_buffer_size");
        return Err(Fault::Named(text));
    }
    read(file, position, length)
}

fn read(file: &File, position: u64, length: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; length as usize];
    match file.read_exact_at(&mut bytes, position) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Fault::Named("mp4 file truncated".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_any_number_of_digits() {
        assert_eq!(milliseconds(b"1"), Some(1000));
        assert_eq!(milliseconds(b"1.23456789012345678901234567890"), Some(1234));
        assert_eq!(milliseconds(b".5"), Some(500));
        for text in ["", "1.2.3", "-1", "1s", "99999999999999999999"] {
            assert_eq!(milliseconds(text.as_bytes()), None, "{text}");
        }
    }
}
