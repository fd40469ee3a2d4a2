//! nginx.conf's words: what ends one, what quotes one, and how long it may be.

use nom::branch::alt;
use nom::bytes::complete::{take, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, recognize};
use nom::multi::many0_count;
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use crate::conf::source::{Source, Sources};
use crate::conf::tree::Word;

/// nginx reads through a buffer of this size, and a word with the byte that ends it has to fit in.
const BUFFER: usize = 4096;

/// What ended a run of words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// `;`
    Semicolon,
    /// `{`
    BlockStart,
    /// `}`, with no words before it.
    BlockEnd,
    /// The end of the text, with no words before it.
    TextEnd,
}

/// What is wrong with the text: nginx's words, and the line it names.
#[derive(PartialEq, Eq, Debug)]
pub struct LexError {
    /// nginx's words, without the place.
    pub text: String,
    /// Counted from 1.
    pub line: u32,
}

/// Reads one text from start to end.
pub struct Lexer<'s> {
    /// The text.
    pub source: &'s Source,
    sources: &'s Sources,
    rest: &'s [u8],
    line: u32,
}

impl<'s> Lexer<'s> {
    /// Begins at the first byte.
    pub fn new(sources: &'s Sources, source: &'s Source) -> Self {
        Self { source, sources, rest: &source.text, line: 1 }
    }

    /// The line of what was read last.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The byte after what was read last.
    pub fn position(&self) -> u32 {
        self.offset_of(self.rest)
    }

    /// Reads words up to what ends them, and puts them into `words`.
    pub fn statement(&mut self, words: &mut Vec<Word<'s>>) -> Result<Ending, LexError> {
        words.clear();
        loop {
            self.skip_blank()?;
            let Some(first) = self.rest.first() else {
                return if words.is_empty() { Ok(Ending::TextEnd) } else { Err(self.unexpected_end()) };
            };
            match first {
                b';' | b'{' | b'}' => return self.ending(*first, words.is_empty()),
                b'"' | b'\'' => words.push(self.quoted(*first)?),
                _ => words.push(self.bare()?),
            }
        }
    }

    fn ending(&mut self, byte: u8, no_words: bool) -> Result<Ending, LexError> {
        self.rest = &self.rest[1..];
        match (byte, no_words) {
            (b'}', true) => Ok(Ending::BlockEnd),
            (b';', false) => Ok(Ending::Semicolon),
            (b'{', false) => Ok(Ending::BlockStart),
            _ => Err(self.unexpected(byte)),
        }
    }

    fn skip_blank(&mut self) -> Result<(), LexError> {
        loop {
            let (rest, blank) = must(take_while(is_space)(self.rest));
            self.advance(blank, rest);
            if !self.rest.starts_with(b"#") {
                return Ok(());
            }
            let length = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            // A comment fills the buffer as a word does.
            self.check_length(self.rest, length, None)?;
            self.rest = &self.rest[length..];
        }
    }

    fn bare(&mut self) -> Result<Word<'s>, LexError> {
        let start = self.rest;
        let (rest, raw) = must(recognize(many0_count(alt((plain_bare, escaped, variable)))).parse(start));
        self.check_length(start, raw.len(), None)?;
        if raw.contains(&b'\\') {
            self.advance(raw, rest);
        }
        self.rest = rest;
        match rest.first() {
            None => return Err(self.unexpected_end()),
            Some(byte) if is_space(*byte) => self.check_forgotten(start, raw.len())?,
            Some(_) => {}
        }
        Ok(self.word(raw, start, rest))
    }

    fn quoted(&mut self, quote: u8) -> Result<Word<'s>, LexError> {
        let start = self.rest;
        let inside = &start[1..];
        let plain = |input| take_while1(move |byte| byte != quote && byte != b'\\')(input);
        let (rest, raw) = must(recognize(many0_count(alt((plain, escaped)))).parse(inside));
        self.check_length(inside, raw.len(), Some(quote))?;
        self.advance(raw, rest);
        let Some(rest) = rest.strip_prefix(&[quote]) else { return Err(self.unexpected_end()) };
        self.rest = rest;
        self.check_length(inside, raw.len() + 1, None)?;
        match rest.first() {
            None => return Err(self.unexpected_end()),
            Some(byte) if is_space(*byte) => self.check_forgotten(inside, raw.len() + 1)?,
            Some(b';' | b'{' | b')') => {}
            Some(byte) => {
                let byte = *byte;
                return Err(self.unexpected(byte));
            }
        }
        Ok(self.word(raw, start, rest))
    }

    fn word(&self, raw: &'s [u8], start: &'s [u8], rest: &'s [u8]) -> Word<'s> {
        let value = if raw.contains(&b'\\') { self.unescape(raw) } else { raw };
        Word { value, start: self.offset_of(start), end: self.offset_of(rest) }
    }

    fn unescape(&self, raw: &[u8]) -> &'s [u8] {
        let mut value = Vec::with_capacity(raw.len());
        let mut bytes = raw.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            let meant = match (byte, bytes.peek()) {
                (b'\\', Some(quoted @ (b'"' | b'\'' | b'\\'))) => Some(*quoted),
                (b'\\', Some(b't')) => Some(b'\t'),
                (b'\\', Some(b'r')) => Some(b'\r'),
                (b'\\', Some(b'n')) => Some(b'\n'),
                _ => None,
            };
            if meant.is_some() {
                bytes.next();
            }
            value.push(meant.unwrap_or(byte));
        }
        self.sources.trees().alloc_slice_copy(&value)
    }

    /// `length` bytes from `start` were read, and the next one has to be read too. The error carries the line of `start`:
    /// callers check before they count lines.
    fn check_length(&self, start: &[u8], length: usize, open_quote: Option<u8>) -> Result<(), LexError> {
        if self.source.is_command_line || length < BUFFER || start.len() <= BUFFER {
            return Ok(());
        }
        let text = match open_quote {
            Some(quote) => {
                format!("too long parameter, probably missing terminating \"{}\" character", char::from(quote))
            }
            None => format!("too long parameter \"{}...\" started", String::from_utf8_lossy(&start[..10])),
        };
        // Where a quote has been closed, the lines of the word are counted already; nginx names the first.
        let lines_inside = count_lines(&start[..start.len() - self.rest.len().min(start.len())]);
        Err(LexError { text, line: self.line - lines_inside })
    }

    /// A space follows the `length` bytes of a word: nginx forgets where the word began only with the byte after that.
    fn check_forgotten(&self, start: &[u8], length: usize) -> Result<(), LexError> {
        self.check_length(start, length + 1, None)
    }

    fn advance(&mut self, read: &[u8], rest: &'s [u8]) {
        self.line += count_lines(read);
        self.rest = rest;
    }

    fn offset_of(&self, rest: &[u8]) -> u32 {
        (self.source.text.len() - rest.len()) as u32
    }

    fn unexpected(&self, byte: u8) -> LexError {
        // The byte after a closing quote may be half of a character; nginx prints it as it is.
        LexError { text: format!("unexpected \"{}\"", String::from_utf8_lossy(&[byte])), line: self.line }
    }

    fn unexpected_end(&self) -> LexError {
        let text = match self.source.is_command_line {
            true => "unexpected end of parameter, expecting \";\"",
            false => "unexpected end of file, expecting \";\" or \"}\"",
        };
        LexError { text: text.to_owned(), line: self.line }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn count_lines(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}

/// Bytes that mean nothing but themselves inside a word without quotes.
fn plain_bare(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|byte| !is_space(byte) && !matches!(byte, b';' | b'{' | b'\\' | b'$'))(input)
}

/// A backslash, and whatever it protects.
fn escaped(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(preceded(char('\\'), opt(take(1usize)))).parse(input)
}

/// A dollar sign, and the braces after it, which begin no block.
fn variable(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(pair(char('$'), take_while(|byte| byte == b'{'))).parse(input)
}

/// The result of a parser that accepts every input, the empty one included.
fn must<'s>(result: IResult<&'s [u8], &'s [u8]>) -> (&'s [u8], &'s [u8]) {
    result.expect("a parser that matches the empty text cannot fail")
}
