//! Memory of a zone in pieces of a page and less, with the sizes of nginx's slab, so that a zone of so many bytes holds as much.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lock::{self, Guard, Holder};

const PAGE: usize = 4096;
const PAGE_WORDS: usize = PAGE / 8;
/// What nginx's pool takes at its beginning: its own fields, then a list head and four counters for each of nine sizes.
const NGINX_HEADER: usize = 200 + 9 * (24 + 32);
/// What nginx notes of each page.
const NGINX_PAGE_NOTE: usize = 24;
/// Pieces of 64 bytes are the smallest that are kept apart: 64 of them have a bit each in one word.
const SMALLEST_SHIFT: u32 = 6;
/// From more than half a page on whole pages are given.
const LARGEST_SHIFT: u32 = 11;
const SIZES: usize = (LARGEST_SHIFT - SMALLEST_SHIFT + 1) as usize;

const LOCK: usize = 0;
const FREE_PAGES: usize = 1;
const SEARCH_FROM: usize = 2;
const PARTIAL: usize = 3;
const ROOT: usize = PARTIAL + SIZES;
/// Words for whoever keeps things in the slab.
const ROOT_WORDS: usize = 4;
const NOTES: usize = ROOT + ROOT_WORDS;

/// What a note says of its page: free, a size's shift, or the first of so many pages.
const FREE: u64 = 0;
const RUN: u64 = 1 << 32;
const NOTE_WORDS: usize = 4;

#[derive(Clone, Copy)]
enum Note {
    Kind,
    /// A bit for each piece that is taken.
    Taken,
    Next,
    Previous,
}

/// The place of a piece: the number of its first word, never 0.
pub type Place = usize;

/// Pieces of memory in shared words.
#[derive(Debug)]
pub struct Slab<W> {
    words: W,
    pages: usize,
    first_page: usize,
}

/// How many pages nginx makes of a zone of so many bytes.
pub const fn pages(size: usize) -> usize {
    let usable = size.saturating_sub(NGINX_HEADER);
    let pages = usable / (PAGE + NGINX_PAGE_NOTE);
    let start = (NGINX_HEADER + pages * NGINX_PAGE_NOTE).next_multiple_of(PAGE);
    let whole = size.saturating_sub(start) / PAGE;
    if whole < pages { whole } else { pages }
}

/// How many words a slab takes that stands for a zone of so many bytes.
pub const fn words_needed(size: usize) -> usize {
    NOTES + pages(size) * (NOTE_WORDS + PAGE_WORDS)
}

impl<W: Deref<Target = [AtomicU64]>> Slab<W> {
    /// A slab over words that are all 0, or that another slab of the same size has been over.
    pub fn over(words: W, size: usize) -> Self {
        let pages = pages(size);
        Self { words, pages, first_page: NOTES + pages * NOTE_WORDS }
    }

    /// Everything is free; once, before others use the words.
    pub fn reset(&self) {
        self.set(FREE_PAGES, self.pages as u64);
    }

    /// Held while anything is read or written.
    pub fn lock(&self, holder: Holder) -> Guard<'_> {
        lock::lock(&self.words[LOCK], holder)
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        lock::free_of(&self.words[LOCK], holder)
    }

    /// A word of the owner's.
    pub fn root(&self, index: usize) -> u64 {
        self.get(ROOT + index)
    }

    /// Sets a word of the owner's.
    pub fn set_root(&self, index: usize, value: u64) {
        self.set(ROOT + index, value);
    }

    /// Reads a word.
    pub fn get(&self, place: Place) -> u64 {
        self.words[place].load(Ordering::Relaxed)
    }

    /// Writes a word.
    pub fn set(&self, place: Place, value: u64) {
        self.words[place].store(value, Ordering::Relaxed);
    }

    /// Writes bytes from a word on.
    pub fn set_bytes(&self, place: Place, bytes: &[u8]) {
        for (at, word) in words_of(bytes).enumerate() {
            self.set(place + at, word);
        }
    }

    /// Whether these bytes stand from a word on.
    pub fn has_bytes(&self, place: Place, bytes: &[u8]) -> bool {
        words_of(bytes).enumerate().all(|(at, word)| self.get(place + at) == word)
    }

    /// So many bytes from a word on.
    pub fn bytes(&self, place: Place, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|at| self.get(place + at).to_le_bytes()).collect();
        bytes.truncate(length);
        bytes
    }

    /// A piece for so many bytes, or `None` where there is no room.
    pub fn allocate(&self, bytes: usize) -> Option<Place> {
        let shift = bytes.next_power_of_two().trailing_zeros().max(SMALLEST_SHIFT);
        if shift > LARGEST_SHIFT {
            let first = self.take_pages(bytes.div_ceil(PAGE))?;
            return Some(self.page_start(first));
        }
        let page = match self.get(partial(shift)) {
            0 => self.open_page(shift)?,
            listed => listed as usize - 1,
        };
        let taken = self.note(page, Note::Taken);
        let piece = taken.trailing_ones();
        self.set_note(page, Note::Taken, taken | 1 << piece);
        if taken | 1 << piece == all_taken(shift) {
            self.unlist(page, shift);
        }
        Some(self.page_start(page) + ((piece as usize) << shift) / 8)
    }

    /// Gives a piece back.
    pub fn free(&self, place: Place) {
        let page = (place - self.first_page) / PAGE_WORDS;
        let kind = self.note(page, Note::Kind);
        if kind & RUN != 0 {
            return self.give_pages(page, (kind ^ RUN) as usize);
        }
        let shift = kind as u32;
        let piece = ((place - self.page_start(page)) * 8) >> shift;
        let taken = self.note(page, Note::Taken);
        if taken == all_taken(shift) {
            self.list(page, shift);
        }
        self.set_note(page, Note::Taken, taken & !(1 << piece));
        if taken & !(1 << piece) == 0 {
            self.unlist(page, shift);
            self.give_pages(page, 1);
        }
    }

    fn page_start(&self, page: usize) -> Place {
        self.first_page + page * PAGE_WORDS
    }

    fn note(&self, page: usize, note: Note) -> u64 {
        self.get(NOTES + page * NOTE_WORDS + note as usize)
    }

    fn set_note(&self, page: usize, note: Note, value: u64) {
        self.set(NOTES + page * NOTE_WORDS + note as usize, value);
    }

    fn open_page(&self, shift: u32) -> Option<usize> {
        let page = self.take_pages(1)?;
        self.set_note(page, Note::Kind, u64::from(shift));
        self.set_note(page, Note::Taken, 0);
        self.list(page, shift);
        Some(page)
    }

    /// Puts a page before the others that have room for this size.
    fn list(&self, page: usize, shift: u32) {
        let first = self.get(partial(shift));
        self.set_note(page, Note::Next, first);
        self.set_note(page, Note::Previous, 0);
        if first != 0 {
            self.set_note(first as usize - 1, Note::Previous, page as u64 + 1);
        }
        self.set(partial(shift), page as u64 + 1);
    }

    fn unlist(&self, page: usize, shift: u32) {
        let (next, previous) = (self.note(page, Note::Next), self.note(page, Note::Previous));
        match previous {
            0 => self.set(partial(shift), next),
            before => self.set_note(before as usize - 1, Note::Next, next),
        }
        if next != 0 {
            self.set_note(next as usize - 1, Note::Previous, previous);
        }
    }

    /// The first run of so many free pages.
    fn take_pages(&self, count: usize) -> Option<usize> {
        let free = self.get(FREE_PAGES) as usize;
        if free < count {
            return None;
        }
        let mut page = self.get(SEARCH_FROM) as usize;
        while page + count <= self.pages {
            match (page..page + count).rev().find(|&page| self.note(page, Note::Kind) != FREE) {
                Some(taken) => page = taken + 1,
                None => {
                    for part in page..page + count {
                        self.set_note(part, Note::Kind, RUN | count as u64);
                    }
                    self.set(FREE_PAGES, (free - count) as u64);
                    if count == 1 {
                        self.set(SEARCH_FROM, page as u64 + 1);
                    }
                    return Some(page);
                }
            }
        }
        None
    }

    fn give_pages(&self, first: usize, count: usize) {
        for page in first..first + count {
            self.set_note(page, Note::Kind, FREE);
        }
        self.set(FREE_PAGES, self.get(FREE_PAGES) + count as u64);
        self.set(SEARCH_FROM, self.get(SEARCH_FROM).min(first as u64));
    }
}

/// Takes the room that nginx takes for itself in each zone: its table, and the text that its log lines end with.
pub fn place_nginx_notes<W: Deref<Target = [AtomicU64]>>(slab: &Slab<W>, table: usize, text: &[u8], name: &[u8]) {
    slab.allocate(table);
    // A text is ended by a zero byte. nginx keeps pieces of less than 64 bytes in pages of their own.
    let length = text.len() + name.len() + 1;
    slab.allocate(if length <= 32 { PAGE } else { length });
}

const fn partial(shift: u32) -> usize {
    PARTIAL + (shift - SMALLEST_SHIFT) as usize
}

/// The bits of a page all of whose pieces are taken.
const fn all_taken(shift: u32) -> u64 {
    let pieces = PAGE >> shift;
    if pieces == 64 { u64::MAX } else { (1 << pieces) - 1 }
}

fn words_of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slab(size: usize) -> Slab<Box<[AtomicU64]>> {
        let slab = Slab::over((0..words_needed(size)).map(|_| AtomicU64::new(0)).collect(), size);
        slab.reset();
        slab
    }

    #[test]
    fn a_zone_has_as_many_pages_as_nginx_makes_of_it() {
        assert_eq!(pages(32 * 1024), 7);
        assert_eq!(pages(1024 * 1024), 254);
    }

    #[test]
    fn pieces_are_apart_and_come_back() {
        for bytes in [40, 64, 65, 128, 1000, 2048, 2049, 4096, 5000, 28_672] {
            let slab = slab(32 * 1024);
            let mut places = Vec::new();
            while let Some(place) = slab.allocate(bytes) {
                places.push(place);
            }
            let each = if bytes > 2048 { bytes.div_ceil(4096) * 4096 } else { bytes.next_power_of_two().max(64) };
            assert_eq!(places.len(), if bytes > 2048 { 7 / each.div_ceil(4096) } else { 7 * (4096 / each) }, "{bytes}");
            places.sort_unstable();
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= bytes.div_ceil(8)), "{bytes}");
            places.iter().for_each(|&place| slab.free(place));
            assert_eq!(slab.get(FREE_PAGES), 7);
            assert!(slab.allocate(28_672).is_some());
        }
    }

    #[test]
    fn a_freed_piece_is_the_next_to_be_given() {
        let slab = slab(32 * 1024);
        let places: Vec<_> = std::iter::from_fn(|| slab.allocate(128)).collect();
        slab.free(places[100]);
        assert_eq!(slab.allocate(128), Some(places[100]));
        assert_eq!(slab.allocate(128), None);
    }

    #[test]
    fn bytes_are_kept() {
        let slab = slab(32 * 1024);
        let place = slab.allocate(64).expect("room");
        slab.set_bytes(place, b"a key of some length");
        assert!(slab.has_bytes(place, b"a key of some length"));
        assert!(!slab.has_bytes(place, b"a key of some strength"));
    }
}
