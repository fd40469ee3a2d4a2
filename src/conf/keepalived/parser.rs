//! Blocks and keywords: each line finds its row in the grammar, and the language above says what it means.

use grammar::keepalived::{self, Keyword};

use super::lexer;
use super::preprocess::Reader;
use super::report::Fault;

/// A value is missing on a line that cannot do without: keepalived stops reading at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop;

/// A line in words.
#[derive(Debug, Default)]
pub struct Line {
    /// The keyword or first value, and what follows it.
    pub words: Vec<String>,
    /// The whole line, for those that split it their own way.
    pub text: String,
}

impl Line {
    /// A word that must be there.
    pub fn word(&self, index: usize, reader: &mut Reader<'_>) -> Result<&str, Stop> {
        if let Some(word) = self.words.get(index) {
            return Ok(word);
        }
        let first = self.words.first().map_or("***MISSING ***", |word| word);
        let position = index + 1;
        let text = match index.checked_sub(1).and_then(|before| self.words.get(before)) {
            Some(before) => format!(
                "*** Configuration line starting `{first}` is missing a parameter after keyword `{before}` at word \
                 position {position}"
            ),
            None => {
                format!("*** Configuration line starting `{first}` is missing a parameter at word position {position}")
            }
        };
        reader.report(Fault::MissingParameter, text);
        Err(Stop)
    }

    /// How many words there are, the keyword included.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// What keywords mean.
pub trait Language {
    /// Whether this process reads the keyword, which stands outside all blocks.
    fn reads(&self, row: &'static Keyword) -> bool;
    /// Whether quotes left open are told; the parent leaves that to the children.
    fn tells_open_quotes(&self) -> bool;
    /// A keyword that this process does not read; its block is skipped.
    fn passes_over(&mut self, row: &'static Keyword);
    /// A keyword with its line. Blocks of values are read here; a block of keywords begins.
    fn keyword(&mut self, parser: &mut Parser<'_, '_>, row: &'static Keyword, line: &Line) -> Result<(), Stop>;
    /// The end of a block of keywords.
    fn block_end(&mut self, parser: &mut Parser<'_, '_>, row: &'static Keyword) -> Result<(), Stop>;
}

/// What is being skipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Skip {
    No,
    /// Everything, if the next line opens a block.
    IfBlock,
    /// Everything until so many blocks are closed.
    Blocks(usize),
}

/// The dispatcher over one reading of a configuration.
pub struct Parser<'r, 'f> {
    /// Gives the lines and takes the messages.
    pub reader: &'r mut Reader<'f>,
    /// The configuration is only tested: numbers with text behind them are refused.
    pub testing: bool,
    skip: Skip,
    level: usize,
}

impl<'r, 'f> Parser<'r, 'f> {
    /// A dispatcher at the beginning of the file.
    pub fn new(reader: &'r mut Reader<'f>, testing: bool) -> Self {
        Self { reader, testing, skip: Skip::No, level: 0 }
    }

    /// Reads the whole file.
    pub fn run(&mut self, language: &mut dyn Language) -> Result<(), Stop> {
        self.stream("", false, language)?;
        let missing = self.reader.block_depth();
        if missing > 0 {
            self.report(Fault::MissingClose, format!("There are {missing} missing '}}'s or extra '{{'s"));
        }
        Ok(())
    }

    /// Says something about the current line.
    pub fn report(&mut self, fault: Fault, text: impl Into<String>) {
        self.reader.report(fault, text.into());
    }

    /// Passes over the block that the current keyword opens.
    pub fn skip_block(&mut self) {
        self.skip = Skip::IfBlock;
    }

    /// The lines of a block of values.
    pub fn values(&mut self, line: &Line) -> Values {
        if let [keyword, extra, ..] = &line.words[..] {
            let text = format!("Block {keyword} has extra parameters {extra} ...");
            self.report(Fault::General, text);
        }
        Values { keyword: line.words.first().cloned().unwrap_or_default(), opened: false, lacks_open: false }
    }

    /// All words of a block of values.
    pub fn all_values(&mut self, line: &Line) -> Vec<String> {
        let mut values = self.values(line);
        let mut words = Vec::new();
        while let Some(line) = values.next(self) {
            words.extend(line.words);
        }
        words
    }

    /// The lines of one block. `true` if it ended in a part that is skipped, so that nothing is to be done at its end.
    fn stream(&mut self, block: &'static str, mut wants_open: bool, language: &mut dyn Language) -> Result<bool, Stop> {
        while let Some(text) = self.reader.next_line() {
            let line = self.line_words(text, Some(block), language);
            let Some(first) = line.words.first() else { continue };
            if self.skip == Skip::IfBlock {
                if first == "{" {
                    self.skip = Skip::Blocks(1);
                    wants_open = false;
                    continue;
                }
                self.skip = Skip::No;
            }
            if let Skip::Blocks(depth) = self.skip {
                if self.skip_line(&line, depth) {
                    return Ok(true);
                }
                continue;
            }
            if wants_open {
                wants_open = false;
                if first == "{" && self.level > 0 {
                    continue;
                }
                self.report(Fault::MissingOpen, "Missing '{' at beginning of configuration block");
            } else if first == "{" {
                self.report(Fault::UnexpectedOpen, "Unexpected '{' - ignoring");
                continue;
            }
            if first == "}" && self.level > 0 {
                return Ok(false);
            }
            match keepalived::find(block, first) {
                Some(row) => self.keyword(row, &line, language)?,
                None => self.report(Fault::UnknownKeyword, format!("Unknown keyword '{first}'")),
            }
        }
        Ok(false)
    }

    /// Counts the braces of a skipped line; `true` if it closed the block that keywords are read in.
    fn skip_line(&mut self, line: &Line, mut depth: usize) -> bool {
        for word in &line.words {
            match word.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.skip = Skip::No;
                return self.level > 0;
            }
        }
        self.skip = Skip::Blocks(depth);
        false
    }

    fn keyword(&mut self, row: &'static Keyword, line: &Line, language: &mut dyn Language) -> Result<(), Stop> {
        if row.block.is_empty() && !language.reads(row) {
            self.skip = Skip::IfBlock;
            language.passes_over(row);
            return Ok(());
        }
        language.keyword(self, row, line)?;
        if let Some(block) = keepalived::keyword_block(row) {
            self.level += 1;
            let skipped = self.stream(block, true, language)?;
            self.level -= 1;
            if !skipped {
                language.block_end(self, row)?;
            }
        }
        Ok(())
    }

    fn line_words(&mut self, text: String, block: Option<&'static str>, language: &dyn Language) -> Line {
        let found = lexer::words(&text);
        if found.unmatched_quote && language.tells_open_quotes() {
            // A keyword that splits its own line may have quotes of its own kind behind the first value.
            let allowed = found.words.len() > 1
                && block.and_then(|block| keepalived::find(block, &found.words[0])).is_some_and(Keyword::takes_command);
            if !allowed {
                self.report(Fault::UnmatchedQuote, format!("Unmatched quote: '{text}'"));
            }
        }
        Line { words: found.words, text }
    }
}

/// A block of values that is being read.
pub struct Values {
    keyword: String,
    opened: bool,
    lacks_open: bool,
}

impl Values {
    /// Whether the block began without its brace.
    pub fn lacks_open(&self) -> bool {
        self.lacks_open
    }

    /// The next line of values; `None` at the end of the block.
    pub fn next(&mut self, parser: &mut Parser<'_, '_>) -> Option<Line> {
        loop {
            let text = parser.reader.next_line()?;
            let found = lexer::words(&text);
            if found.unmatched_quote {
                parser.report(Fault::UnmatchedQuote, format!("Unmatched quote: '{text}'"));
            }
            let line = Line { words: found.words, text };
            let Some(first) = line.words.first() else { continue };
            if !self.opened {
                self.opened = true;
                if first == "{" {
                    continue;
                }
                self.lacks_open = true;
                parser.report(Fault::LogOnly, format!("'{{' missing from beginning of block {}", self.keyword));
            }
            if first == "}" {
                return None;
            }
            return Some(line);
        }
    }
}
