//! A film of eight samples in four chunks, cut in several ways.

use super::boxes::word;
use super::*;

fn bytes(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_box(&mut out, name, |out| out.extend_from_slice(content));
    out
}

/// Two samples of half a second in each chunk; samples 1 and 5 are key frames; a sample has ten bytes.
fn movie() -> Vec<u8> {
    let mut header = vec![0; 100];
    header[12..20].copy_from_slice(&bytes(&[1000, 4000]));
    let mut track_header = vec![0; 84];
    track_header[20..24].copy_from_slice(&bytes(&[4000]));
    let mut media_header = vec![0; 24];
    media_header[12..20].copy_from_slice(&bytes(&[10, 40]));
    let tables = [
        boxed(b"stsd", &[0; 16]),
        boxed(b"stts", &bytes(&[0, 1, 8, 5])),
        boxed(b"stss", &bytes(&[0, 2, 1, 5])),
        boxed(b"ctts", &bytes(&[0, 2, 3, 1, 5, 2])),
        boxed(b"stsc", &bytes(&[0, 1, 1, 2, 1])),
        boxed(b"stsz", &bytes(&[0, 0, 8, 10, 10, 10, 10, 10, 10, 10, 10])),
        boxed(b"stco", &bytes(&[0, 4, 1000, 1020, 1040, 1060])),
    ];
    let media = [boxed(b"mdhd", &media_header), boxed(b"minf", &boxed(b"stbl", &tables.concat()))];
    let track = [boxed(b"tkhd", &track_header), boxed(b"mdia", &media.concat())];
    [boxed(b"mvhd", &header), boxed(b"trak", &track.concat())].concat()
}

fn cut_movie(movie: &[u8], start_ms: u64, length_ms: u64, start_key_frame: bool) -> Result<Film, Fault> {
    let parts = Parts { file_type: None, movie: Some(movie), data_end: Some(1080), file_end: 1080 };
    cut(&parts, Span { start_ms, length_ms, start_key_frame })
}

/// The numbers behind the flags of a table.
fn table(film: &Film, name: &[u8; 4]) -> Vec<u32> {
    let at = film.head.windows(4).position(|window| window == name).expect("a box of that name");
    let size = word(&film.head, at - 4).expect("a size") as usize;
    film.head[at + 8..at - 4 + size].chunks(4).map(|bytes| word(bytes, 0).expect("a number")).collect()
}

#[test]
fn a_film_from_the_middle_of_a_chunk() {
    let film = cut_movie(&movie(), 1500, 0, false).expect("a film");
    assert_eq!(film.data, 1030..1080);
    assert_eq!(table(&film, b"stts"), [1, 5, 5]);
    assert_eq!(table(&film, b"stss"), [1, 2]);
    assert_eq!(table(&film, b"ctts"), [1, 5, 2]);
    assert_eq!(table(&film, b"stsc"), [2, 1, 1, 1, 2, 2, 1]);
    assert_eq!(table(&film, b"stsz"), [0, 5, 10, 10, 10, 10, 10]);
    let start = film.head.len() as u32;
    assert_eq!(table(&film, b"stco"), [3, start, start + 10, start + 30]);
}

#[test]
fn a_film_with_an_end() {
    let film = cut_movie(&movie(), 1000, 1500, false).expect("a film");
    assert_eq!(film.data, 1020..1050);
    assert_eq!(table(&film, b"stts"), [1, 3, 5]);
    assert_eq!(table(&film, b"stsc"), [2, 1, 2, 1, 2, 1, 1]);
    assert_eq!(table(&film, b"stsz"), [0, 3, 10, 10, 10]);
}

#[test]
fn a_film_from_a_key_frame() {
    let film = cut_movie(&movie(), 3000, 0, true).expect("a film");
    assert_eq!(film.data, 1040..1080);
    assert_eq!(table(&film, b"elst")[2..5], [1000, 0, 10]);
    assert_eq!(cut_movie(&movie(), 3000, 0, false).expect("a film").data, 1060..1080);
}

#[test]
fn films_that_are_none() {
    let fault = |movie: &[u8], start_ms| cut_movie(movie, start_ms, 0, false).expect_err("a fault").text("f");
    assert_eq!(fault(b"", 1), "no mp4 trak atoms were found in \"f\"");
    assert_eq!(fault(&movie(), 4001), "\"f\" mp4 start time exceeds file duration");
    assert_eq!(fault(&movie(), 4000), "no mp4 trak atoms were found in \"f\"");
    assert_eq!(fault(b"\0\0\0\x07mvhd", 1), "\"f\" mp4 atom is too small:7");
    assert_eq!(fault(b"\0\0\0\x09mvhd", 1), "\"f\" mp4 atom too large:9");
    assert_eq!(fault(b"\0\0\0\x08cmov", 1), "\"f\" mp4 compressed moov atom (cmov) is not supported");
}

/// Whatever single byte is wrong: a fault or a film, and no panic.
#[test]
fn broken_films_end_well() {
    let movie = movie();
    for index in 0..movie.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut broken = movie.clone();
            broken[index] = value;
            for (start_ms, length_ms) in [(1500, 0), (1500, 1000), (0, 500)] {
                if let Ok(film) = cut_movie(&broken, start_ms, length_ms, true) {
                    assert!(film.data.start < film.data.end);
                }
            }
        }
    }
}
