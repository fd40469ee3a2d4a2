//! The tables of a track, cut to the samples of a span.

use std::ops::Range;

use super::boxes::Fault;
use super::span::Cut;
use super::tables::Table;
use super::track::{Chunks, Sizes, Track};

/// Which samples and chunks are left.
#[derive(Clone, Copy, Default, Debug)]
struct Left {
    start_sample: u64,
    /// With an end.
    end_sample: u64,
    start_chunk: u64,
    /// Samples of the first chunk that are left out.
    start_chunk_samples: u64,
    end_chunk: u64,
    /// Samples of the last chunk that are left.
    end_chunk_samples: u64,
    start_chunk_size: u64,
    end_chunk_size: u64,
}

/// Cuts all tables of a track; gives the part of the file that it still needs.
pub fn track(track: &mut Track<'_>, cut: &Cut) -> Result<Range<u64>, Fault> {
    let has_end = cut.span.length_ms > 0;
    let mut left = Left::default();
    times(track, cut, &mut left)?;
    if let Some(frames) = &mut track.key_frames {
        key_frames(frames, &left, has_end);
    }
    if let Some(table) = &mut track.offsets {
        offsets(table, &left, has_end);
    }
    let chunk_count = track.chunks.as_ref().map_or(0, |chunks| chunks.places.len() as u64);
    let Some(table) = &mut track.chunk_samples else {
        return Err(Fault::within("no mp4 stsc atoms were found"));
    };
    chunk_samples(table, chunk_count, &mut left, has_end)?;
    if let Some(Sizes::Each(table)) = &mut track.sizes {
        sizes(table, cut, &mut left)?;
    }
    match &mut track.chunks {
        Some(table) => chunks(table, cut, &left),
        None => Err(Fault::within("no mp4 stco atoms were found")),
    }
}

/// The sample of a time: its entry, the samples before it in the entry, and those before it in all.
fn find_time(entries: &[[u32; 2]], mut time: u64) -> Result<(usize, u64, u64), u64> {
    let mut before = 0;
    for (index, [count, duration]) in entries.iter().enumerate() {
        let whole = u64::from(*count) * u64::from(*duration);
        if time < whole {
            let rest = time / u64::from(*duration);
            return Ok((index, rest, before + rest));
        }
        before += u64::from(*count);
        time -= whole;
    }
    Err(before)
}

fn times(track: &mut Track<'_>, cut: &Cut, left: &mut Left) -> Result<(), Fault> {
    let timescale = track.timescale;
    let Some(table) = &mut track.times else { return Err(Fault::within("no mp4 stts atoms were found")) };
    let entries = &mut table.entries;
    let Ok((mut index, mut rest, sample)) = find_time(entries, cut.start(timescale)) else {
        return Err(Fault::within("start time is out mp4 stts samples"));
    };
    let mut back = match &track.key_frames {
        Some(frames) if cut.span.start_key_frame => to_key_frame(frames, sample)?,
        _ => 0,
    };
    left.start_sample = sample - back;
    while rest < back {
        track.prefix = track.prefix.wrapping_add(rest * u64::from(entries[index][1]));
        back -= rest;
        index -= 1;
        rest = u64::from(entries[index][0]);
    }
    track.prefix = track.prefix.wrapping_add(back * u64::from(entries[index][1]));
    entries[index][0] -= (rest - back) as u32;
    entries.drain(..index);
    if cut.span.length_ms > 0 {
        match find_time(entries, cut.length(timescale).wrapping_add(track.prefix)) {
            Ok((index, rest, sample)) => {
                entries[index][0] = rest as u32;
                entries.truncate(index + 1);
                left.end_sample = left.start_sample + sample;
            }
            Err(all) => left.end_sample = left.start_sample + all,
        }
    }
    track.lengthen();
    Ok(())
}

/// How many samples before this one the next key frame is.
fn to_key_frame(frames: &Table<1>, sample: u64) -> Result<u64, Fault> {
    let mut back = 0;
    for [frame] in &frames.entries {
        if *frame == 0 {
            return Err(Fault::within("zero sync sample"));
        }
        // Key frames count from 1.
        match (sample + 1).checked_sub(u64::from(*frame)) {
            Some(distance) => back = distance,
            None => break,
        }
    }
    Ok(back)
}

fn key_frames(table: &mut Table<1>, left: &Left, has_end: bool) {
    let entries = &mut table.entries;
    let first_from = |entries: &[[u32; 1]], sample: u64| {
        entries.iter().position(|[frame]| u64::from(*frame) > sample).unwrap_or(entries.len())
    };
    entries.drain(..first_from(entries, left.start_sample));
    if has_end {
        entries.truncate(first_from(entries, left.end_sample));
    }
    entries.iter_mut().for_each(|[frame]| *frame = frame.wrapping_sub(left.start_sample as u32));
}

fn offsets(table: &mut Table<2>, left: &Left, has_end: bool) {
    let find = |entries: &[[u32; 2]], mut sample: u64| {
        entries.iter().position(|[count, _]| {
            let is_here = sample < u64::from(*count);
            sample -= if is_here { 0 } else { u64::from(*count) };
            is_here
        })
    };
    let before = |entries: &[[u32; 2]], index: usize| -> u64 {
        entries[..index].iter().map(|[count, _]| u64::from(*count)).sum()
    };
    let entries = &mut table.entries;
    let Some(index) = find(entries, left.start_sample) else {
        entries.clear();
        return;
    };
    entries[index][0] -= (left.start_sample - before(entries, index)) as u32;
    entries.drain(..index);
    let count = left.end_sample.wrapping_sub(left.start_sample);
    if has_end && let Some(index) = find(entries, count) {
        entries[index][0] = (count - before(entries, index)) as u32;
        entries.truncate(index + 1);
    }
}

/// A sample's place among chunks.
struct Place {
    /// The entry that speaks of its chunk.
    index: usize,
    /// The chunk, from 0.
    chunk: u64,
    /// Samples before it in the chunk.
    samples_before: u64,
    /// Samples in the chunk.
    samples: u64,
    /// The chunk that the next entry speaks of.
    next_chunk: u64,
    /// It is the first sample of its entry.
    is_first: bool,
    /// Samples in a chunk of the last entry before that has a chunk.
    samples_of_previous: u64,
}

/// `text` is `start` or `end`.
fn find_sample(entries: &[[u32; 3]], mut sample: u64, chunk_count: u64, text: &str) -> Result<Place, Fault> {
    let mut samples_of_previous = 0;
    for (index, entry) in entries.iter().enumerate() {
        let [first, samples, _] = entry.map(u64::from);
        let next = entries.get(index + 1).map(|[next, ..]| u64::from(*next));
        let next_chunk = next.unwrap_or(chunk_count + 1);
        let Some(chunks) = next_chunk.checked_sub(first) else {
            return Err(Fault::within("unordered mp4 stsc chunks"));
        };
        if next.is_some() && sample >= chunks * samples {
            sample -= chunks * samples;
            if chunks > 0 {
                samples_of_previous = samples;
            }
            continue;
        }
        if sample > chunks * samples {
            return Err(Fault::within(format!("{text} time is out mp4 stsc chunks")));
        }
        if samples == 0 {
            return Err(Fault::within("zero number of samples"));
        }
        let Some(first) = first.checked_sub(1) else { return Err(Fault::within("zero chunk")) };
        let (chunk, samples_before) = (first + sample / samples, sample % samples);
        let is_first = sample == 0;
        return Ok(Place { index, chunk, samples_before, samples, next_chunk, is_first, samples_of_previous });
    }
    Err(Fault::within("zero number of entries in stsc atom"))
}

fn chunk_samples(table: &mut Table<3>, chunk_count: u64, left: &mut Left, has_end: bool) -> Result<(), Fault> {
    let entries = &mut table.entries;
    let start = find_sample(entries, left.start_sample, chunk_count, "start")?;
    entries.drain(..start.index);
    (left.start_chunk, left.start_chunk_samples) = (start.chunk, start.samples_before);
    let [_, _, id] = entries[0];
    entries[0][0] = (start.chunk + 1) as u32;
    let mut first = None;
    if start.samples_before > 0 {
        let samples = (start.samples - start.samples_before) as u32;
        if start.next_chunk - start.chunk == 2 {
            entries[0][1] = samples;
        } else {
            first = Some([1, samples, id]);
            entries[0][0] = (start.chunk + 2) as u32;
        }
    }
    let mut last = None;
    if has_end {
        let mut count = left.end_sample.saturating_sub(left.start_sample);
        if let Some([_, samples, _]) = &mut first {
            *samples = count.min(u64::from(*samples)) as u32;
            count -= u64::from(*samples);
        }
        last = cut_end(entries, count, chunk_count, left)?;
    }
    for entry in entries.iter_mut() {
        entry[0] = entry[0].wrapping_sub(left.start_chunk as u32);
    }
    entries.splice(0..0, first);
    entries.extend(last);
    Ok(())
}

/// Cuts behind so many samples; gives the entry of a last chunk that is not whole.
fn cut_end(
    entries: &mut Vec<[u32; 3]>,
    count: u64,
    chunk_count: u64,
    left: &mut Left,
) -> Result<Option<[u32; 3]>, Fault> {
    let end = find_sample(entries, count, chunk_count, "end")?;
    let [first, _, id] = entries[end.index];
    entries.truncate(if end.is_first { end.index } else { end.index + 1 });
    left.end_chunk = end.chunk;
    left.end_chunk_samples = if end.is_first { end.samples_of_previous } else { end.samples };
    if end.samples_before == 0 {
        return Ok(None);
    }
    left.end_chunk += 1;
    left.end_chunk_samples = end.samples_before;
    let samples = end.samples_before as u32;
    if u64::from(first) == end.chunk + 1 {
        // It is the only chunk of its entry.
        entries[end.index][1] = samples;
        return Ok(None);
    }
    Ok(Some([left.end_chunk.wrapping_sub(left.start_chunk) as u32, samples, id]))
}

fn sizes(table: &mut Table<1>, cut: &Cut, left: &mut Left) -> Result<(), Fault> {
    let entries = &mut table.entries;
    let sum_before = |entries: &[[u32; 1]], end: u64, count: u64| -> Option<u64> {
        let range = usize::try_from(end.checked_sub(count)?).ok()?..usize::try_from(end).ok()?;
        let sum = entries.get(range)?.iter().map(|[size]| u64::from(*size)).sum();
        (sum <= cut.file_end).then_some(sum)
    };
    if left.start_sample >= entries.len() as u64 {
        return Err(Fault::within("start time is out mp4 stsz samples"));
    }
    left.start_chunk_size = sum_before(entries, left.start_sample, left.start_chunk_samples)
        .ok_or_else(|| Fault::within("too large mp4 start samples size"))?;
    if cut.span.length_ms > 0 {
        if left.end_sample > entries.len() as u64 {
            return Err(Fault::within("end time is out mp4 stsz samples"));
        }
        left.end_chunk_size = sum_before(entries, left.end_sample, left.end_chunk_samples)
            .ok_or_else(|| Fault::within("too large mp4 end samples size"))?;
        entries.truncate(left.end_sample as usize);
    }
    entries.drain(..left.start_sample as usize);
    Ok(())
}

fn chunks(table: &mut Chunks, cut: &Cut, left: &Left) -> Result<Range<u64>, Fault> {
    let name = if table.is_long { "co64" } else { "stco" };
    let places = &mut table.places;
    let (start, count) = (left.start_chunk, places.len() as u64);
    if start >= count {
        return Err(Fault::within(format!("start time is out mp4 {name} chunks")));
    }
    let longest = if table.is_long { i64::MAX as u64 } else { u64::from(u32::MAX) };
    let behind = |place: u64, size: u64| {
        let sum = place.checked_add(size).filter(|sum| *sum <= longest && *sum <= cut.file_end);
        sum.ok_or_else(|| Fault::within("too large chunk offset"))
    };
    let start_offset = behind(places[start as usize], left.start_chunk_size)?;
    let mut end_offset = cut.data_end;
    // nginx puts the first place in before it looks for the last, which may be the same chunk.
    places[start as usize] = start_offset;
    if cut.span.length_ms > 0 {
        if left.end_chunk > count || left.end_chunk < start {
            return Err(Fault::within(format!("end time is out mp4 {name} chunks")));
        }
        places.truncate(left.end_chunk as usize);
        end_offset = match places.get(start as usize..).and_then(<[u64]>::last) {
            Some(place) => behind(*place, left.end_chunk_size)?,
            None => 0,
        };
    }
    places.drain(..start as usize);
    Ok(if places.is_empty() { cut.file_end..0 } else { start_offset..end_offset })
}
