//! One track of a film: what is read of it, and how it is written after it was cut.

use super::boxes::{Fault, boxes, word, write_box};
use super::span::Cut;
use super::tables::{Table, Times};

/// A track.
#[derive(Clone, Debug, Default)]
pub struct Track<'m> {
    header: Option<Times>,
    media_header: Option<Times>,
    /// Units a second of the media.
    pub timescale: u32,
    /// How much is shown, for `elst`.
    movie_duration: u64,
    handler: Option<&'m [u8]>,
    video_header: Option<&'m [u8]>,
    sound_header: Option<&'m [u8]>,
    data_information: Option<&'m [u8]>,
    descriptions: Option<&'m [u8]>,
    /// `stts`: count and duration.
    pub times: Option<Table<2>>,
    /// `stss`: the samples that are key frames, from 1.
    pub key_frames: Option<Table<1>>,
    /// `ctts`: count and offset.
    pub offsets: Option<Table<2>>,
    /// `stsc`: first chunk, samples in each, and the number of their description.
    pub chunk_samples: Option<Table<3>>,
    /// `stsz`
    pub sizes: Option<Sizes<'m>>,
    /// `stco`, `co64`
    pub chunks: Option<Chunks>,
    /// What is sent but not shown, in units of the media: from the key frame to the wanted start.
    pub prefix: u64,
}

/// `stsz`: all samples of one size, as it is, or a size for each.
#[derive(Clone, Debug)]
pub enum Sizes<'m> {
    /// The content.
    Uniform(&'m [u8]),
    /// A table.
    Each(Table<1>),
}

/// Where chunks begin in the file.
#[derive(Clone, Debug)]
pub struct Chunks {
    flags: [u8; 4],
    /// `co64`
    pub is_long: bool,
    /// The places.
    pub places: Vec<u64>,
}

impl Chunks {
    fn read(content: &[u8], is_long: bool) -> Result<Self, Fault> {
        let places = |table: Table<1>| table.entries.iter().map(|[place]| u64::from(*place)).collect();
        let long_places = |table: Table<2>| {
            table.entries.iter().map(|[high, low]| u64::from(*high) << 32 | u64::from(*low)).collect()
        };
        let places = match is_long {
            true => Table::read(content, "co64").map(long_places)?,
            false => Table::read(content, "stco").map(places)?,
        };
        let flags = content.first_chunk::<4>().copied().unwrap_or_default();
        Ok(Self { flags, is_long, places })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.flags);
        out.extend_from_slice(&(self.places.len() as u32).to_be_bytes());
        for place in &self.places {
            match self.is_long {
                true => out.extend_from_slice(&place.to_be_bytes()),
                false => out.extend_from_slice(&(*place as u32).to_be_bytes()),
            }
        }
    }
}

/// Fills a place that may be filled once.
fn once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), Fault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::duplicate(name)),
    }
}

impl<'m> Track<'m> {
    /// Reads `trak`; nothing of one that is over before the start.
    pub fn read(content: &'m [u8], cut: &Cut) -> Result<Option<Self>, Fault> {
        let mut track = Self::default();
        for found in boxes(content) {
            let (name, content) = found?;
            let reaches = match &name {
                b"tkhd" => track.read_header(content, cut)?,
                b"mdia" => track.read_media(content, cut)?,
                _ => true,
            };
            if !reaches {
                return Ok(None);
            }
        }
        Ok(Some(track))
    }

    fn read_header(&mut self, content: &[u8], cut: &Cut) -> Result<bool, Fault> {
        // There is no time scale in it; the place is that of the track's number.
        let mut times = Times::read(content, "tkhd", (84, 12, 20), (96, 20, 28))?;
        if times.duration <= cut.start(cut.timescale) {
            return Ok(false);
        }
        times.duration = cut.shorten(times.duration, cut.timescale);
        self.movie_duration = times.duration;
        once(&mut self.header, "tkhd", times).map(|()| true)
    }

    fn read_media(&mut self, content: &'m [u8], cut: &Cut) -> Result<bool, Fault> {
        for found in boxes(content) {
            let (name, content) = found?;
            match &name {
                b"mdhd" => {
                    let mut times = Times::read(content, "mdhd", (24, 12, 16), (36, 20, 24))?;
                    if times.duration <= cut.start(times.timescale) {
                        return Ok(false);
                    }
                    times.duration = cut.shorten(times.duration, times.timescale);
                    self.timescale = times.timescale;
                    once(&mut self.media_header, "mdhd", times)?;
                }
                b"hdlr" => once(&mut self.handler, "hdlr", content)?,
                b"minf" => self.read_information(content)?,
                _ => {}
            }
        }
        Ok(true)
    }

    fn read_information(&mut self, content: &'m [u8]) -> Result<(), Fault> {
        for found in boxes(content) {
            let (name, content) = found?;
            match &name {
                b"vmhd" | b"smhd" if self.video_header.is_some() || self.sound_header.is_some() => {
                    return Err(Fault::duplicate("vmhd/smhd"));
                }
                b"vmhd" => self.video_header = Some(content),
                b"smhd" => self.sound_header = Some(content),
                b"dinf" => once(&mut self.data_information, "dinf", content)?,
                b"stbl" => self.read_tables(content)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_tables(&mut self, content: &'m [u8]) -> Result<(), Fault> {
        for found in boxes(content) {
            let (name, content) = found?;
            match &name {
                b"stsd" if content.len() < 16 => return Err(Fault::small("stsd")),
                b"stsd" => once(&mut self.descriptions, "stsd", content)?,
                b"stts" => once(&mut self.times, "stts", Table::read(content, "stts")?)?,
                b"stss" => once(&mut self.key_frames, "stss", Table::read(content, "stss")?)?,
                b"ctts" => once(&mut self.offsets, "ctts", Table::read(content, "ctts")?)?,
                b"stsc" => once(&mut self.chunk_samples, "stsc", Table::read(content, "stsc")?)?,
                b"stsz" => once(&mut self.sizes, "stsz", Sizes::read(content)?)?,
                b"stco" | b"co64" => {
                    let chunks = Chunks::read(content, name == *b"co64")?;
                    once(&mut self.chunks, "stco/co64", chunks)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// More is sent than was asked for: the media lasts longer by it.
    pub fn lengthen(&mut self) {
        if let Some(times) = &mut self.media_header {
            times.duration = times.duration.wrapping_add(self.prefix);
        }
    }

    /// Gives the chunks the places that they have in what is sent.
    pub fn move_chunks(&mut self, by: u64) {
        if let Some(chunks) = &mut self.chunks {
            chunks.places.iter_mut().for_each(|place| *place = place.wrapping_add(by));
        }
    }

    /// Writes `trak`.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_box(out, b"trak", |out| {
            write_times(out, b"tkhd", self.header.as_ref());
            if self.prefix > 0 {
                write_box(out, b"edts", |out| write_box(out, b"elst", |out| self.write_edit(out)));
            }
            write_box(out, b"mdia", |out| {
                write_times(out, b"mdhd", self.media_header.as_ref());
                write_copy(out, b"hdlr", self.handler);
                write_box(out, b"minf", |out| {
                    write_copy(out, b"vmhd", self.video_header);
                    write_copy(out, b"smhd", self.sound_header);
                    write_copy(out, b"dinf", self.data_information);
                    write_box(out, b"stbl", |out| self.write_tables(out));
                });
            });
        });
    }

    /// One edit of version 1: show all from behind the prefix on, at its own speed.
    fn write_edit(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 1]);
        out.extend_from_slice(&self.movie_duration.to_be_bytes());
        out.extend_from_slice(&self.prefix.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0]);
    }

    fn write_tables(&self, out: &mut Vec<u8>) {
        write_copy(out, b"stsd", self.descriptions);
        write_table(out, b"stts", self.times.as_ref());
        write_table(out, b"stss", self.key_frames.as_ref());
        write_table(out, b"ctts", self.offsets.as_ref().filter(|table| !table.entries.is_empty()));
        write_table(out, b"stsc", self.chunk_samples.as_ref());
        match &self.sizes {
            None => {}
            Some(Sizes::Uniform(content)) => write_copy(out, b"stsz", Some(content)),
            Some(Sizes::Each(table)) => write_box(out, b"stsz", |out| table.write(&[0; 4], out)),
        }
        if let Some(chunks) = &self.chunks {
            write_box(out, if chunks.is_long { b"co64" } else { b"stco" }, |out| chunks.write(out));
        }
    }
}

impl<'m> Sizes<'m> {
    fn read(content: &'m [u8]) -> Result<Self, Fault> {
        match word(content, 4) {
            Some(0) => Table::read_behind(content, 8, "stsz").map(Self::Each),
            Some(_) if content.len() >= 12 => Ok(Self::Uniform(content)),
            _ => Err(Fault::small("stsz")),
        }
    }
}

fn write_times(out: &mut Vec<u8>, name: &[u8; 4], times: Option<&Times>) {
    if let Some(times) = times {
        write_box(out, name, |out| out.extend_from_slice(&times.written()));
    }
}

fn write_copy(out: &mut Vec<u8>, name: &[u8; 4], content: Option<&[u8]>) {
    if let Some(content) = content {
        write_box(out, name, |out| out.extend_from_slice(content));
    }
}

fn write_table<const N: usize>(out: &mut Vec<u8>, name: &[u8; 4], table: Option<&Table<N>>) {
    if let Some(table) = table {
        write_box(out, name, |out| table.write(&[], out));
    }
}
