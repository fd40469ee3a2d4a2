//! nginx.conf's directives: words to a tree, with the files of each `include` in their place.
//!
//! Reading never stops at what a directive means, only at a fault of syntax, which becomes the last directive of the
//! tree: nginx acts on each directive as it reads it, so an earlier directive that is wrong is reported first.

use std::collections::HashMap;
use std::io;

use super::lexer::{Ending, LexError, Lexer};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::include::Files;
use crate::conf::source::{Source, Sources};
use crate::conf::tree::{self, Block, Body, Directive, File, Tree, Word};
use crate::primitives::os_error;

/// nginx goes on until the system gives out; real files stay below ten.
const MOST_NESTED_BLOCKS: usize = 128;
const MOST_NESTED_INCLUDES: usize = 64;

/// Reads a configuration: the text of `-g` first, then the file and all that it includes.
///
/// `prefix` is the directory of the file, with a slash at its end: the names in `include` are relative to it.
pub fn parse<'s>(sources: &'s Sources, files: &dyn Files, prefix: &str, command_line: &[u8], file: &str) -> Tree<'s> {
    let mut parser = Parser {
        sources,
        files,
        prefix,
        loaded: HashMap::new(),
        sources_read: Vec::new(),
        done: HashMap::new(),
        including: Vec::new(),
        depth: 0,
    };
    let mut roots = Vec::new();
    if !command_line.is_empty() {
        let source = sources.add_command_line(command_line.to_vec());
        roots.push(parser.text(source, Inside::Directives));
    }
    if roots.iter().all(|root| tree::fault(root.directives).is_none()) {
        roots.push(parser.file(file, Place::Nowhere, Inside::Directives));
    }
    Tree {
        roots: sources.trees().alloc_slice_copy(&roots),
        files: sources.trees().alloc_slice_copy(&parser.sources_read),
    }
}

/// What the lines of a block are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Inside {
    /// Directives.
    Directives,
    /// Directives, among them `state` with the servers of its file.
    Upstream,
    /// Words without a meaning to the parser, and `include`.
    Words,
    /// The same in `geo`, which takes the name of an included file as it is.
    GeoWords,
    /// Words alone, `include` not excepted.
    WordsWithoutInclude,
}

impl Inside {
    fn of(directive: &[u8]) -> Self {
        match directive {
            b"map" | b"types" => Self::Words,
            b"geo" => Self::GeoWords,
            b"split_clients" | b"charset_map" => Self::WordsWithoutInclude,
            b"upstream" => Self::Upstream,
            _ => Self::Directives,
        }
    }

    fn has_blocks(self) -> bool {
        matches!(self, Self::Directives | Self::Upstream)
    }
}

struct Parser<'s, 'a> {
    sources: &'s Sources,
    files: &'a dyn Files,
    prefix: &'a str,
    /// Each text once, however often it is included.
    loaded: HashMap<String, &'s Source>,
    /// The same texts in the order of first use.
    sources_read: Vec<&'s Source>,
    /// Each file read to its end once, however often it is included.
    done: HashMap<(String, Inside), File<'s>>,
    /// The files that are being read, each included by the one before.
    including: Vec<String>,
    /// The blocks that are open, through all files.
    depth: usize,
}

/// A block whose `}` has not come yet.
struct Open<'s> {
    head: Directive<'s>,
    inside: Inside,
    /// How many finished directives come before its first.
    first: usize,
}

impl<'s> Parser<'s, '_> {
    /// Reads a file, or takes it from memory; `place` is where it is included.
    fn file(&mut self, path: &str, place: Place, inside: Inside) -> File<'s> {
        let key = (path.to_owned(), inside);
        if let Some(file) = self.done.get(&key) {
            return *file;
        }
        let source = match self.load(path) {
            Ok(source) => source,
            Err(error) => return self.unreadable(cannot_read(path, &error, place)),
        };
        if self.including.len() >= MOST_NESTED_INCLUDES {
            return self.unreadable(self.too_many_includes(path, place));
        }
        self.including.push(key.0.clone());
        let file = self.text(source, inside);
        self.including.pop();
        self.done.insert(key, file);
        file
    }

    fn load(&mut self, path: &str) -> io::Result<&'s Source> {
        if let Some(source) = self.loaded.get(path) {
            return Ok(source);
        }
        let text = self.files.read(path)?;
        if u32::try_from(text.len()).is_err() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let source = self.sources.add_file(path, text);
        self.loaded.insert(path.to_owned(), source);
        self.sources_read.push(source);
        Ok(source)
    }

    /// Reads a text to its end or to its first fault.
    fn text(&mut self, source: &'s Source, inside: Inside) -> File<'s> {
        let mut lexer = Lexer::new(self.sources, source);
        let mut words = Vec::new();
        let mut open = Vec::<Open<'s>>::new();
        let mut done = Vec::new();
        loop {
            let ending = lexer.statement(&mut words);
            let inside = open.last().map_or(inside, |block| block.inside);
            let next = self.act(&lexer, ending, &words, inside, &mut open, &mut done);
            match next {
                Ok(Next::Statement) => {}
                Ok(Next::TextEnd) => break,
                Err(fault) => {
                    done.push(self.fault(source, fault));
                    break;
                }
            }
        }
        self.depth -= open.len();
        while let Some(block) = open.pop() {
            self.close(block, source, None, &mut done);
        }
        File { source, directives: self.sources.trees().alloc_slice_copy(&done) }
    }

    fn act(
        &mut self,
        lexer: &Lexer<'s>,
        ending: Result<Ending, LexError>,
        words: &[Word<'s>],
        inside: Inside,
        open: &mut Vec<Open<'s>>,
        done: &mut Vec<Directive<'s>>,
    ) -> Result<Next, Diagnostic> {
        let source = lexer.source;
        let at_line =
            |text: &str, line| Diagnostic { level: Level::Emerg, text: text.to_owned(), place: source.place(line) };
        let here = |text| at_line(text, lexer.line());
        match ending.map_err(|error| at_line(&error.text, error.line))? {
            Ending::Semicolon => {
                let directive = self.directive(lexer, words);
                done.push(Directive { body: self.body(&directive, inside), ..directive });
                if inside == Inside::Upstream {
                    done.extend(self.state(&directive));
                }
                if tree::fault(&done[done.len() - 1..]).is_some() { Ok(Next::TextEnd) } else { Ok(Next::Statement) }
            }
            Ending::BlockStart => {
                if source.is_command_line {
                    return Err(here("block directives are not supported in -g option"));
                }
                if !inside.has_blocks() {
                    return Err(here("unexpected \"{\""));
                }
                if self.depth >= MOST_NESTED_BLOCKS {
                    return Err(here("too many nested blocks"));
                }
                self.depth += 1;
                let inside = Inside::of(words[0].value);
                open.push(Open { head: self.directive(lexer, words), inside, first: done.len() });
                Ok(Next::Statement)
            }
            Ending::BlockEnd => {
                let block = open.pop().ok_or_else(|| here("unexpected \"}\""))?;
                self.depth -= 1;
                self.close(block, source, Some(lexer.line()), done);
                Ok(Next::Statement)
            }
            Ending::TextEnd if open.is_empty() => Ok(Next::TextEnd),
            Ending::TextEnd => Err(here("unexpected end of file, expecting \"}\"")),
        }
    }

    fn directive(&self, lexer: &Lexer<'s>, words: &[Word<'s>]) -> Directive<'s> {
        Directive {
            source: lexer.source,
            words: self.sources.trees().alloc_slice_copy(words),
            body: Body::Simple,
            line: lexer.line(),
            end: lexer.position(),
        }
    }

    /// Makes one directive of a block and all that was read since it began.
    fn close(&self, block: Open<'s>, source: &'s Source, close_line: Option<u32>, done: &mut Vec<Directive<'s>>) {
        let directives = self.sources.trees().alloc_slice_copy(&done[block.first..]);
        done.truncate(block.first);
        done.push(Directive {
            body: Body::Block(Block { directives, close_source: source, close_line }),
            ..block.head
        });
    }

    fn body(&mut self, directive: &Directive<'s>, inside: Inside) -> Body<'s> {
        // With any other number of words, it is wrong; whoever walks the tree says so.
        let [name, path] = directive.words else { return Body::Simple };
        if name.value != b"include" || inside == Inside::WordsWithoutInclude {
            return Body::Simple;
        }
        let path = self.full_path(path);
        let paths = if inside != Inside::GeoWords && path.contains(['*', '?', '[']) {
            match self.files.glob(&path) {
                Ok(paths) => paths,
                Err(error) => {
                    let text = format!("glob() \"{path}\" failed{}", os_error::suffix(&error));
                    return Body::Fault(self.sources.add_fault(directive.emerg(text)));
                }
            }
        } else {
            vec![path]
        };
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let file = self.file(&path, directive.place(), inside);
            files.push(file);
            if tree::fault(file.directives).is_some() {
                break;
            }
        }
        Body::Include(self.sources.trees().alloc_slice_copy(&files))
    }

    /// What `state` puts behind itself: the servers of its file. Before the first change, there is no such file.
    fn state(&mut self, directive: &Directive<'s>) -> Option<Directive<'s>> {
        let [name, path] = directive.words else { return None };
        let path = (name.value == b"state").then(|| self.full_path(path))?;
        if matches!(self.load(&path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return None;
        }
        let file = self.file(&path, directive.place(), Inside::Directives);
        Some(Directive { body: Body::Include(self.sources.trees().alloc_slice_copy(&[file])), ..*directive })
    }

    /// The path of a file that a directive names.
    fn full_path(&self, written: &Word<'s>) -> String {
        match written.text() {
            absolute if absolute.starts_with('/') => absolute.into_owned(),
            relative => format!("{}{relative}", self.prefix),
        }
    }

    fn too_many_includes(&self, path: &str, place: Place) -> Diagnostic {
        let text = match self.including.iter().any(|open| open == path) {
            true => format!("\"include\" directive makes a loop: \"{path}\" is included within itself"),
            false => format!("too many nested \"include\" directives, \"{path}\" is not read"),
        };
        Diagnostic { level: Level::Emerg, text, place }
    }

    /// What stands for a file that gives no directives.
    fn unreadable(&self, fault: Diagnostic) -> File<'s> {
        let source = self.sources.nothing();
        File { source, directives: self.sources.trees().alloc_slice_copy(&[self.fault(source, fault)]) }
    }

    fn fault(&self, source: &'s Source, fault: Diagnostic) -> Directive<'s> {
        const NO_WORDS: &[Word<'static>] = &[Word { value: b"", start: 0, end: 0 }];
        Directive { source, words: NO_WORDS, body: Body::Fault(self.sources.add_fault(fault)), line: 0, end: 0 }
    }
}

enum Next {
    Statement,
    TextEnd,
}

fn cannot_read(path: &str, error: &io::Error, place: Place) -> Diagnostic {
    let suffix = os_error::suffix(error);
    match error.kind() {
        // It can be opened, and then not read; nginx does not say where.
        io::ErrorKind::IsADirectory => {
            Diagnostic { level: Level::Crit, text: format!("pread() \"{path}\" failed{suffix}"), place: Place::Nowhere }
        }
        _ => Diagnostic { level: Level::Emerg, text: format!("open() \"{path}\" failed{suffix}"), place },
    }
}
