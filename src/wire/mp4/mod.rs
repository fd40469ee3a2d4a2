//! Films in MP4 boxes (ISO/IEC 14496-12), cut to a span of time: a new head for a part of the old data (`ngx_http_mp4_module`).

mod boxes;
mod crop;
mod span;
mod tables;
mod track;

use std::ops::Range;

pub use self::boxes::{Fault, Header, header};
use self::boxes::{HEADER, LONG_HEADER, boxes, write_box};
use self::span::Cut;
pub use self::span::Span;
use self::track::Track;

/// A film's parts as its file has them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts<'f> {
    /// The content of `ftyp`.
    pub file_type: Option<&'f [u8]>,
    /// The content of `moov`.
    pub movie: Option<&'f [u8]>,
    /// The end of `mdat` in the file.
    pub data_end: Option<u64>,
    /// The length of the file.
    pub file_end: u64,
}

/// A film that was cut: what comes first, and the part of the file that follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Film {
    /// `ftyp`, `moov` and the beginning of `mdat`.
    pub head: Vec<u8>,
    /// The data in the file.
    pub data: Range<u64>,
}

/// Cuts a film.
pub fn cut(parts: &Parts<'_>, span: Span) -> Result<Film, Fault> {
    let data_end = parts.data_end.unwrap_or_default();
    let mut cut = Cut { span, timescale: 0, file_end: parts.file_end, data_end };
    let (movie_header, mut tracks) = read_movie(parts.movie.unwrap_or_default(), &mut cut)?;
    if tracks.is_empty() {
        return Err(Fault::within("no mp4 trak atoms were found"));
    }
    if parts.data_end.is_none() {
        return Err(Fault::within("no mp4 mdat atom was found"));
    }
    let mut data = parts.file_end..0;
    for track in &mut tracks {
        let used = crop::track(track, &cut)?;
        data = data.start.min(used.start)..data.end.max(used.end);
    }
    if data.is_empty() {
        return Err(Fault::within("no data between start time and end time"));
    }
    if data.start >= data_end {
        return Err(Fault::within("start time is out mp4 mdat atom"));
    }
    let head = Head { file_type: parts.file_type, movie_header: movie_header.as_deref(), data: data.clone() };
    // The places of the data depend on the length of the head, which does not depend on them.
    let length = head.write(&tracks).len() as u64;
    tracks.iter_mut().for_each(|track| track.move_chunks(length.wrapping_sub(data.start)));
    Ok(Film { head: head.write(&tracks), data })
}

struct Head<'f> {
    file_type: Option<&'f [u8]>,
    movie_header: Option<&'f [u8]>,
    data: Range<u64>,
}

impl Head<'_> {
    fn write(&self, tracks: &[Track<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(content) = self.file_type {
            write_box(&mut out, b"ftyp", |out| out.extend_from_slice(content));
        }
        write_box(&mut out, b"moov", |out| {
            if let Some(content) = self.movie_header {
                write_box(out, b"mvhd", |out| out.extend_from_slice(content));
            }
            tracks.iter().for_each(|track| track.write(out));
        });
        let size = self.data.end - self.data.start;
        match u32::try_from(size + HEADER as u64) {
            Ok(size) => {
                out.extend_from_slice(&size.to_be_bytes());
                out.extend_from_slice(b"mdat");
            }
            Err(_) => {
                out.extend_from_slice(b"\0\0\0\x01mdat");
                out.extend_from_slice(&(size + LONG_HEADER as u64).to_be_bytes());
            }
        }
        out
    }
}

/// Reads `moov`: the content of `mvhd` with its new duration, and the tracks that reach into the span.
fn read_movie<'m>(movie: &'m [u8], cut: &mut Cut) -> Result<(Option<Vec<u8>>, Vec<Track<'m>>), Fault> {
    let mut movie_header = None;
    let mut tracks = Vec::new();
    for found in boxes(movie) {
        let (name, content) = found?;
        match &name {
            b"mvhd" if movie_header.is_some() => return Err(Fault::duplicate("mvhd")),
            b"mvhd" => movie_header = Some(read_movie_header(content, cut)?),
            b"trak" => tracks.extend(Track::read(content, cut)?),
            b"cmov" => {
                return Err(Fault::Named("mp4 compressed moov atom (cmov) is not supported".to_owned()));
            }
            _ => {}
        }
    }
    Ok((movie_header, tracks))
}

fn read_movie_header(content: &[u8], cut: &mut Cut) -> Result<Vec<u8>, Fault> {
    let mut times = tables::Times::read(content, "mvhd", (100, 12, 16), (112, 20, 24))?;
    cut.timescale = times.timescale;
    if times.duration < cut.start(cut.timescale) {
        return Err(Fault::Named("mp4 start time exceeds file duration".to_owned()));
    }
    times.duration = cut.shorten(times.duration, cut.timescale);
    Ok(times.written())
}

#[cfg(test)]
mod tests;
