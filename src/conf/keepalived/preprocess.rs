//! Lines as the keywords see them: files and includes, `@id`, definitions, repetitions, braces on lines of their own.
//!
//! The parent reads the files and keeps a copy of what it read; the children read that copy, so that all agree.

use std::rc::Rc;

use super::definitions::{Definitions, LINE_LIMIT, Lines, Surroundings};
use super::files::{FileKind, Files, glob, has_brace, join};
use super::include::{include_check, include_line, plain_error};
use super::lexer::{decomment, is_blank};
use super::report::{Fault, Position, Report};
use super::sequence::{Invalid, Repeat};

/// How deep includes may go: the original ends where it may open no more files.
const OPEN_LIMIT: usize = 1000;
/// How many files may be read in all, since two includes of a file in itself double at every depth.
const FILE_LIMIT: usize = 10_000;
/// How much text may be read in all: a long file that includes itself would fill the memory before it meets the other limits.
const TEXT_LIMIT_BYTES: usize = 64 << 20;
/// How many lines definitions and repetitions may make, and replacements in those lines, since they can name each other.
const GENERATED_LIMIT: usize = 100_000;
/// What a message about a generated line counts: what has no end says the same again and again.
const GENERATED_FAULT_COST: usize = 10;

/// One line of the parent's copy.
#[derive(Clone, Debug)]
enum CopyLine {
    Text(String),
    Open(Rc<str>),
    Close,
}

/// What the parent read, for the children to read again.
#[derive(Clone, Debug, Default)]
pub struct Copy(Rc<Vec<CopyLine>>);

/// One `include` under way: its files and the place in the current one.
#[derive(Debug)]
struct Frame {
    paths: Vec<String>,
    next_path: usize,
    /// The name for messages; without one, only the line is shown.
    shown: Option<Rc<str>>,
    line: usize,
    text: Vec<u8>,
    at: usize,
    include_type: u8,
    saved_check: u8,
    saved_directory: Option<String>,
}

impl Frame {
    fn new(paths: Vec<String>, include_type: u8, saved_check: u8) -> Self {
        Self {
            paths,
            next_path: 0,
            shown: None,
            line: 0,
            text: Vec::new(),
            at: 0,
            include_type,
            saved_check,
            saved_directory: None,
        }
    }
}

/// Where physical lines come from.
enum Input<'f> {
    Files(&'f dyn Files),
    Copy { copy: Copy, at: usize },
}

/// Gives one line after the other, and collects what there is to say.
pub struct Reader<'f> {
    input: Input<'f>,
    frames: Vec<Frame>,
    copy: Vec<CopyLine>,
    directory: String,
    files_read: usize,
    text_read_bytes: usize,
    generated: usize,
    /// The current line comes from a definition of several lines or a repetition.
    is_generated: bool,
    generated_limit_told: bool,
    definitions: Definitions,
    repeats: Vec<Repeat>,
    /// Repetitions below this number wait until the current definition of several lines is through.
    repeats_held: usize,
    lines: Option<Lines>,
    outer_lines: Vec<(Lines, usize)>,
    residue: Option<String>,
    /// The `$NAME=` of several lines that is being read, and its text so far.
    collecting: Option<(String, String)>,
    block_depth: usize,
    /// Bits of [`include_check`] for every include.
    pub include_check: u8,
    /// An include failed that must not: the daemon does not start.
    pub include_failed: bool,
    /// All messages so far.
    pub reports: Vec<Report>,
}

impl<'f> Reader<'f> {
    /// Reads files, beginning with `path`. `directory` is where relative paths count from.
    pub fn from_files(files: &'f dyn Files, path: &str, directory: &str, surroundings: Surroundings) -> Self {
        let mut reader = Self::new(Input::Files(files), directory, surroundings);
        let all = include_check::READ | include_check::MATCH | include_check::WILDCARD;
        if !reader.include(path, all) {
            reader.file_error(include_check::READ, "Failed to open configuration file".into());
        }
        reader
    }

    /// Reads again what the parent read.
    pub fn from_copy(copy: &Copy, path: &str, directory: &str, surroundings: Surroundings) -> Self {
        let mut reader = Self::new(Input::Copy { copy: copy.clone(), at: 0 }, directory, surroundings);
        let mut frame = Frame::new(Vec::new(), 0, 0);
        frame.shown = Some(path.into());
        reader.frames.push(frame);
        reader
    }

    fn new(input: Input<'f>, directory: &str, surroundings: Surroundings) -> Self {
        Self {
            input,
            frames: Vec::new(),
            copy: Vec::new(),
            directory: directory.to_owned(),
            files_read: 0,
            text_read_bytes: 0,
            generated: 0,
            is_generated: false,
            generated_limit_told: false,
            definitions: Definitions::new(surroundings),
            repeats: Vec::new(),
            repeats_held: 0,
            lines: None,
            outer_lines: Vec::new(),
            residue: None,
            collecting: None,
            block_depth: 0,
            include_check: 0,
            include_failed: false,
            reports: Vec::new(),
        }
    }

    /// Blocks that are open; at the end of the file, those that lack their `}`.
    pub fn block_depth(&self) -> usize {
        self.block_depth
    }

    /// What was read, for the children.
    pub fn into_copy(self) -> (Copy, Vec<Report>) {
        (Copy(Rc::new(self.copy)), self.reports)
    }

    /// Says something about the current line, and where it is; keepalived does not for what `-t` leaves out.
    pub fn report(&mut self, fault: Fault, text: String) {
        if self.is_generated {
            self.generated += GENERATED_FAULT_COST;
        }
        let position = (fault != Fault::LogOnly).then(|| self.position()).flatten();
        self.reports.push(Report { fault, position, text });
    }

    /// Where the current line is.
    pub fn position(&self) -> Option<Position> {
        let top = self.frames.last()?;
        // An include that opens its first file has no name yet: the line that names it is meant.
        let frame = match (&top.shown, self.frames.len()) {
            (None, 2..) => &self.frames[self.frames.len() - 2],
            _ => top,
        };
        match &frame.shown {
            Some(file) => Some(Position { file: Some(file.clone()), line: frame.line }),
            None if frame.line > 0 => Some(Position { file: None, line: frame.line }),
            None => None,
        }
    }

    fn file_error(&mut self, bit: u8, text: String) {
        let checks = self.include_check | self.frames.last().map_or(0, |frame| frame.include_type);
        if checks & bit != 0 {
            self.include_failed = true;
            self.report(Fault::FileNotFound, text);
        } else {
            self.report(Fault::Notice, text);
        }
    }

    /// Begins with the files that fit `pattern`; `false` if there are none.
    fn include(&mut self, pattern: &str, include_type: u8) -> bool {
        let Input::Files(files) = self.input else { return false };
        self.frames.push(Frame::new(Vec::new(), include_type, self.include_check));
        let found = glob(files, &self.directory, pattern);
        let checks = self.include_check | include_type;
        if found.paths.is_empty() {
            if found.missing {
                let bit = if has_brace(pattern) { include_check::BRACE } else { include_check::MATCH };
                self.file_error(bit, format!("Config files missing '{pattern}'."));
            } else if found.wildcards && checks & include_check::WILDCARD != 0 {
                self.file_error(include_check::WILDCARD, format!("No config files matched '{pattern}'."));
            }
            self.frames.pop();
            return false;
        }
        if found.missing {
            self.file_error(include_check::BRACE, format!("Some config files missing: \"{pattern}\"."));
            if checks & include_check::BRACE != 0 {
                self.frames.pop();
                return false;
            }
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.paths = found.paths;
        }
        let opened = self.open_next();
        if !opened {
            self.frames.pop();
        }
        opened
    }

    /// Opens the next file of the innermost include that can be read.
    fn open_next(&mut self) -> bool {
        let Input::Files(files) = self.input else { return false };
        let is_main = self.frames.len() == 1;
        loop {
            let Some(frame) = self.frames.last_mut() else { return false };
            let Some(path) = frame.paths.get(frame.next_path).cloned() else { return false };
            frame.next_path += 1;
            if path.ends_with('/') {
                self.file_error(include_check::READ, format!("Configuration file '{path}' is a directory - skipping"));
                continue;
            }
            let full = join(&self.directory, &path);
            if files.kind(&full) != Some(FileKind::Regular) {
                let text = format!("Configuration file '{path}' is not a regular non-executable file - skipping");
                self.file_error(include_check::READ, text);
                continue;
            }
            let text = match self.read_limited(files, &full) {
                Ok(text) => text,
                Err(error) => {
                    let text = format!("Configuration file '{path}' open problem ({error}) - skipping");
                    self.file_error(include_check::READ, text);
                    continue;
                }
            };
            self.copy.push(CopyLine::Open(path.as_str().into()));
            let outside = self.enter_directory(&path);
            let Some(frame) = self.frames.last_mut() else { return false };
            if !is_main || frame.paths.len() > 1 {
                frame.shown = Some(path.as_str().into());
            }
            frame.line = 0;
            frame.text = text;
            frame.at = 0;
            frame.saved_directory = outside;
            return true;
        }
    }

    /// A file's text, as long as all files together stay within the limits.
    fn read_limited(&mut self, files: &dyn Files, path: &str) -> Result<Vec<u8>, String> {
        self.files_read += 1;
        if self.frames.len() > OPEN_LIMIT || self.files_read > FILE_LIMIT {
            return Err("Too many open files".to_owned());
        }
        let text = files.read(path).map_err(|error| plain_error(&error))?;
        self.text_read_bytes += text.len();
        if self.text_read_bytes > TEXT_LIMIT_BYTES { Err("File too large".to_owned()) } else { Ok(text) }
    }

    /// A path with a directory in it makes relative includes count from there; gives the directory left.
    fn enter_directory(&mut self, path: &str) -> Option<String> {
        let (head, _) = path.rsplit_once('/')?;
        let inside = join(&self.directory, if head.is_empty() { "/" } else { head });
        Some(std::mem::replace(&mut self.directory, inside))
    }

    /// Ends a file, and the include when it was the last one.
    fn close_file(&mut self) {
        self.copy.push(CopyLine::Close);
        let Some(frame) = self.frames.last_mut() else { return };
        self.include_check = frame.saved_check;
        if let Some(directory) = frame.saved_directory.take() {
            self.directory = directory;
        }
        if !self.open_next() {
            self.frames.pop();
        }
    }

    /// The next line of a file, without its comment; `None` at the end of all.
    fn physical_line(&mut self) -> Option<String> {
        loop {
            let raw = match &mut self.input {
                Input::Files(_) => {
                    if self.frames.is_empty() {
                        return None;
                    }
                    match self.raw_line() {
                        Some(raw) => raw,
                        None => {
                            self.close_file();
                            continue;
                        }
                    }
                }
                Input::Copy { copy, at } => {
                    let line = copy.0.get(*at).cloned();
                    *at += 1;
                    match line {
                        None => {
                            self.frames.clear();
                            return None;
                        }
                        Some(CopyLine::Open(name)) => {
                            let mut frame = Frame::new(Vec::new(), 0, 0);
                            frame.saved_directory = self.enter_directory(&name);
                            frame.shown = Some(name);
                            self.frames.push(frame);
                            continue;
                        }
                        Some(CopyLine::Close) => {
                            if let Some(directory) = self.frames.pop().and_then(|frame| frame.saved_directory) {
                                self.directory = directory;
                            }
                            continue;
                        }
                        Some(CopyLine::Text(text)) => {
                            if let Some(frame) = self.frames.last_mut() {
                                frame.line += 1;
                            }
                            text
                        }
                    }
                }
            };
            if raw.is_empty() {
                self.end_collecting();
                self.copy.push(CopyLine::Text(String::new()));
                continue;
            }
            let line = decomment(&raw);
            if line.open_quote {
                self.report(Fault::General, format!("Unterminated quote '{}'", line.text));
            }
            let copied = if include_line(&line.text).is_some() { String::new() } else { line.text.clone() };
            self.copy.push(CopyLine::Text(copied));
            if !line.text.is_empty() {
                return Some(line.text);
            }
        }
    }

    /// One line of the current file, without its end; empty if it is dropped. `None` at the end of the file.
    fn raw_line(&mut self) -> Option<String> {
        let frame = self.frames.last_mut()?;
        let rest = frame.text.get(frame.at..).filter(|rest| !rest.is_empty())?;
        let window = &rest[..rest.len().min(LINE_LIMIT - 1)];
        let end = window.iter().position(|&byte| byte == b'\n').map_or(window.len(), |at| at + 1);
        let line = &window[..end];
        let at_end = frame.at + end == frame.text.len() && !line.ends_with(b"\n");
        frame.at += end;
        let complaint = if line.contains(&0) && !at_end {
            Some("configuration appears to have embedded NULs - ignoring line")
        } else if !line.ends_with(b"\n") && !at_end || line.len() == LINE_LIMIT - 1 && !line.ends_with(b"\n") {
            Some("line too long - ignoring")
        } else {
            None
        };
        if let Some(complaint) = complaint {
            self.report(Fault::General, complaint.into());
            self.frames.last_mut()?.line += 1;
            return Some(String::new());
        }
        let line = line.split(|&byte| byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(line).into_owned();
        if text.ends_with('\n') {
            frame.line += 1;
        }
        Some(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// The next line for the keywords: words, or one brace alone. `None` at the end of the file.
    pub fn next_line(&mut self) -> Option<String> {
        let line = loop {
            let generated = self.generated_line();
            let is_written = generated.is_none();
            self.is_generated &= !is_written;
            let Some(line) = generated.or_else(|| self.physical_line()) else {
                self.end_collecting();
                return None;
            };
            let line = if self.collecting.is_some() { self.collect(&line) } else { self.resolve(line, is_written) };
            match line {
                Some(line) if !line.is_empty() && !self.check_include(&line) => break line,
                _ => {}
            }
        };
        Some(self.split_at_brace(line))
    }

    /// A line that stands before the rest of the file: what a brace left over, repetitions, definitions.
    fn generated_line(&mut self) -> Option<String> {
        if let Some(residue) = self.residue.take() {
            return Some(residue);
        }
        if self.is_too_much() {
            self.repeats.clear();
            self.lines = None;
            self.outer_lines.clear();
            return None;
        }
        if self.repeats.len() > self.repeats_held {
            self.generated += 1;
            self.is_generated = true;
            let repeat = self.repeats.last_mut()?;
            let (values, done) = repeat.next();
            let text = if done { self.repeats.pop()?.text } else { repeat.text.clone() };
            for (name, value) in values {
                self.definitions.set(&name, &value);
            }
            return Some(text);
        }
        let lines = self.lines.as_mut()?;
        let (line, last) = lines.next_line();
        if last {
            let outer = self.outer_lines.pop();
            self.repeats_held = outer.as_ref().map_or(0, |(_, held)| *held);
            self.lines = outer.map(|(lines, _)| lines);
        }
        self.generated += 1;
        self.is_generated = true;
        Some(line)
    }

    /// Whether definitions and repetitions have made all that they may; the first time it is told.
    fn is_too_much(&mut self) -> bool {
        let is_too_much = self.generated > GENERATED_LIMIT;
        if is_too_much && !std::mem::replace(&mut self.generated_limit_told, true) {
            self.report(Fault::General, "Definitions and repetitions have no end - ignoring the rest".into());
        }
        is_too_much
    }

    /// Adds a line to the definition that is being read.
    fn collect(&mut self, line: &str) -> Option<String> {
        let (name, text) = self.collecting.as_mut()?;
        match line.strip_suffix('\\') {
            Some(line) => {
                let line = line.trim_end_matches(is_blank);
                if !line.is_empty() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            None => {
                text.push_str(line);
                self.definitions.set_lines(name, text);
                self.collecting = None;
            }
        }
        None
    }

    /// A blank line or the end of the file ends a definition of several lines too.
    fn end_collecting(&mut self) {
        if let Some((name, text)) = self.collecting.take() {
            self.definitions.set_lines(&name, &text);
        }
    }

    /// Applies `@id`, takes up definitions and repetitions, replaces names. `None` if nothing is left of the line. A line that is
    /// not written in a file counts as generated, what a brace has left over of one too: it may name itself again.
    fn resolve(&mut self, mut line: String, mut is_written: bool) -> Option<String> {
        loop {
            if line.starts_with('@') {
                line = self.matching_rest(&line)?.to_owned();
            }
            if let Some((name, text)) = definition(&line) {
                match text.strip_suffix('\\') {
                    None => self.definitions.set(name, text),
                    Some(first) => {
                        let first = first.trim_end_matches(is_blank);
                        let first = if first.is_empty() { String::new() } else { format!("{first}\n") };
                        self.collecting = Some((name.to_owned(), first));
                    }
                }
                return None;
            }
            if line.starts_with("~SEQ") || line.starts_with("~LST") {
                self.begin_repeat(&line);
                return None;
            }
            if line.starts_with('~') || !line.contains('$') || (!is_written && self.is_too_much()) {
                return Some(line);
            }
            let expanded = self.definitions.expand(&line, &self.directory);
            if !is_written {
                self.generated += expanded.replacements.max(1);
                // What a brace has left over may name itself again.
                self.is_generated |= expanded.replacements > 0;
            }
            is_written = false;
            for complaint in expanded.complaints {
                self.report(Fault::General, complaint);
            }
            if !expanded.changed {
                return Some(expanded.text);
            }
            for lines in expanded.entered {
                self.generated += 1;
                self.is_generated = true;
                if let Some(outer) = self.lines.replace(lines) {
                    self.outer_lines.push((outer, self.repeats_held));
                }
                self.repeats_held = self.repeats.len();
            }
            let again = decomment(&expanded.text);
            if again.open_quote {
                self.report(Fault::General, format!("Unterminated quote '{}'", again.text));
            }
            line = again.text;
            if !line.starts_with(['@', '~']) && !line.contains('$') {
                return Some(line);
            }
        }
    }

    /// What follows `@id` if the id is ours, or `@^id` if it is not.
    fn matching_rest<'l>(&self, line: &'l str) -> Option<&'l str> {
        let negated = line[1..].starts_with('^');
        let body = &line[1 + usize::from(negated)..];
        let (id, rest) = body.split_at(body.find(is_blank)?);
        ((id == self.definitions.config_id()) != negated).then(|| rest.trim_start_matches(is_blank))
    }

    fn begin_repeat(&mut self, line: &str) {
        let directory = &self.directory;
        let definitions = &mut self.definitions;
        let repeat = match line.starts_with("~SEQ") {
            true => Repeat::sequence(line, |numbers| {
                let expanded = definitions.expand(numbers, directory);
                expanded.entered.is_empty().then_some(expanded.text)
            }),
            false => Repeat::list(line),
        };
        match repeat {
            Ok(repeat) => self.repeats.push(repeat),
            Err(Invalid(detail)) => {
                if let Some(detail) = detail {
                    self.report(Fault::General, detail);
                }
                self.report(Fault::General, format!("Invalid {} specification '{line}'", &line[..4]));
            }
        }
    }

    /// Whether the line was an `include`; then its files come next.
    fn check_include(&mut self, line: &str) -> bool {
        let Some((checks, pattern)) = include_line(line) else { return false };
        if matches!(self.input, Input::Files(_)) {
            self.include(pattern, checks);
        }
        true
    }

    /// A brace outside quotes stands alone: what is behind it, or from it on, waits for the next call.
    fn split_at_brace(&mut self, line: String) -> String {
        let line = line.trim_end_matches(is_blank);
        let mut quoted = false;
        let brace = line.find(|c| {
            quoted ^= c == '"';
            !quoted && matches!(c, '{' | '}')
        });
        let (head, rest) = match brace {
            Some(0) => line.split_at(1),
            Some(at) => line.split_at(at),
            None => (line, ""),
        };
        let rest = rest.trim_matches(is_blank);
        if !rest.is_empty() {
            self.residue = Some(rest.to_owned());
        }
        let head = head.trim_end_matches(is_blank).to_owned();
        match head.as_str() {
            "{" => self.block_depth += 1,
            "}" if self.block_depth == 0 => self.report(Fault::UnexpectedClose, "Extra '}' found".into()),
            "}" => self.block_depth -= 1,
            _ => {}
        }
        head
    }
}

/// `$NAME=text` at the beginning of a line.
fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.strip_prefix('$')?.split_once('=')?;
    let sound = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    sound.then(|| (name, text.trim_start_matches(is_blank)))
}
