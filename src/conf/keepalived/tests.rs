//! The language without a meaning: what lines, blocks and messages come out of a text.

use std::collections::BTreeMap;
use std::io;

use grammar::keepalived::{Keyword, keyword_block};

use super::definitions::Surroundings;
use super::files::{FileKind, Files};
use super::parser::{Language, Line, Parser, Stop};
use super::preprocess::Reader;

/// Files in memory.
#[derive(Default)]
struct Memory(BTreeMap<String, String>);

impl Memory {
    fn with(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (format!("/etc/{path}"), (*text).to_owned())).collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        match self.0.contains_key(path) {
            true => Some(FileKind::Regular),
            false => self.0.keys().any(|key| key.starts_with(&format!("{path}/"))).then_some(FileKind::Directory),
        }
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        let head = format!("{}/", directory.trim_end_matches(['/', '.']));
        Some(self.0.keys().filter_map(|key| key.strip_prefix(&head)).map(str::to_owned).collect())
    }
}

/// Writes down every keyword with its words, indented by its block; blocks without keywords are blocks of values.
#[derive(Default)]
struct Outline {
    text: String,
    depth: usize,
}

impl Outline {
    fn line(&mut self, words: &[String]) {
        self.text += &format!("{:width$}{}\n", "", words.join("|"), width = self.depth * 2);
    }
}

impl Language for Outline {
    fn reads(&self, _: &'static Keyword) -> bool {
        true
    }

    fn tells_open_quotes(&self) -> bool {
        true
    }

    fn passes_over(&mut self, _: &'static Keyword) {}

    fn keyword(&mut self, parser: &mut Parser<'_, '_>, row: &'static Keyword, line: &Line) -> Result<(), Stop> {
        self.line(&line.words);
        self.depth += 1;
        if row.name == "virtual_ipaddress" {
            let mut values = parser.values(line);
            while let Some(line) = values.next(parser) {
                self.line(&line.words);
            }
        }
        if keyword_block(row).is_none() {
            self.depth -= 1;
        }
        Ok(())
    }

    fn block_end(&mut self, _: &mut Parser<'_, '_>, _: &'static Keyword) -> Result<(), Stop> {
        self.depth -= 1;
        Ok(())
    }
}

fn outline_of(files: &Memory) -> String {
    let surroundings = Surroundings { config_id: "main".into(), ..Default::default() };
    let mut reader = Reader::from_files(files, "k.conf", "/etc", surroundings);
    let mut outline = Outline::default();
    let stopped = Parser::new(&mut reader, true).run(&mut outline).is_err();
    for report in &reader.reports {
        outline.text += &format!("! {report}\n");
    }
    outline.text + if stopped { "stopped\n" } else { "" }
}

fn outline(text: &str) -> String {
    outline_of(&Memory::with(&[("k.conf", text)]))
}

#[test]
fn braces_may_stand_anywhere() {
    let expected = "vrrp_instance|A\n  interface|eth0\n  virtual_ipaddress\n    10.0.0.1\n";
    for text in [
        "vrrp_instance A {\n interface eth0\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n",
        "vrrp_instance A\n{\n interface eth0\n virtual_ipaddress\n {\n 10.0.0.1 }\n}",
        "vrrp_instance A { interface eth0\n virtual_ipaddress { 10.0.0.1 } }\n",
    ] {
        assert_eq!(outline(text), expected);
    }
}

#[test]
fn misplaced_braces_are_told_and_survived() {
    insta::assert_snapshot!(outline("vrrp_instance A\n interface eth0\n}\n}\n{\nvrrp_instance B {\n"), @r"
    vrrp_instance|A
      interface|eth0
    vrrp_instance|B
    ! (Line 2) Missing '{' at beginning of configuration block
    ! (Line 3) Extra '}' found
    ! (Line 4) Extra '}' found
    ! (Line 4) Unknown keyword '}'
    ! (Line 5) Unexpected '{' - ignoring
    ! There are 2 missing '}'s or extra '{'s
    ");
}

#[test]
fn definitions_of_several_lines_repeat_blocks() {
    insta::assert_snapshot!(outline("$I= \\\nvrrp_instance A${N} { \\\n priority ${N} \\\n}\n~SEQ(N, 5, 6) $I\n@main vrrp_instance M {\n@other priority 1\n@^other priority 2\n}\n"), @r"
    vrrp_instance|A5
      priority|5
    vrrp_instance|A6
      priority|6
    vrrp_instance|M
      priority|2
    ");
}

#[test]
fn includes_take_patterns_and_name_their_file() {
    let files = Memory::with(&[
        ("k.conf", "include d/*.inc\nrubbish\ninclude none.conf\nincludew none*.conf\n"),
        ("d/a.inc", "vrrp_instance A {\n wrong\n}\n"),
        ("d/b.inc", "vrrp_instance B {\n}\n"),
    ]);
    insta::assert_snapshot!(outline_of(&files), @r"
    vrrp_instance|A
    vrrp_instance|B
    ! (d/a.inc: Line 2) Unknown keyword 'wrong'
    ! (Line 2) Unknown keyword 'rubbish'
    ! (Line 3) Config files missing 'none.conf'.
    ! (Line 4) No config files matched 'none*.conf'.
    ");
}

#[test]
fn a_file_that_includes_itself_ends() {
    let files = Memory::with(&[("k.conf", "include k.conf\ninclude k.conf\n")]);
    assert!(outline_of(&files).contains("open problem (Too many open files) - skipping"));
}

#[test]
fn a_long_file_that_includes_itself_ends_before_the_memory() {
    let text = format!("include k.conf\n{}", format!("# {}\n", "x".repeat(1000)).repeat(33_000));
    let outline = outline_of(&Memory::with(&[("k.conf", &text)]));
    assert_eq!(outline, "! (k.conf: Line 1) Configuration file 'k.conf' open problem (File too large) - skipping\n");
}

#[test]
fn a_definition_that_names_itself_at_its_end_is_told_before_it_has_filled_the_log() {
    let outline = outline("$A= \\\n} x\\\n$A\n\n$A\nrubbish\n");
    let told = outline.find("(Line 5) Definitions and repetitions have no end - ignoring the rest").expect("is told");
    let lines = outline[..told].lines().count();
    assert!((1_000..20_000).contains(&lines), "{lines} lines");
    assert!(outline.ends_with("(Line 6) Unknown keyword 'rubbish'\n"), "a line of the file is read all the same");
}

#[test]
fn a_definition_that_names_itself_behind_a_brace_is_told_as_soon() {
    let outline = outline("$A=x } y $A\n$A\n");
    let told = outline.find("have no end - ignoring the rest").expect("is told");
    assert!(outline[..told].lines().count() < 20_000);
}

#[test]
fn definitions_that_name_each_other_end() {
    let text = "$A= \\\n$B \\\n$B\n$B= \\\n$A \\\n$A\n$A\n~SEQ(I, 1, 99999999999) x\n";
    assert!(outline(text).contains("ignoring the rest"));
}

#[test]
fn what_a_brace_leaves_over_ends_when_it_names_itself() {
    let text = "$A= \\\n{ x $A\n\n$A\n$B=last\n$B\n";
    let outline = outline(text);
    assert!(outline.contains("ignoring the rest"));
    assert!(outline.contains("last"), "a line of the file is resolved all the same");
}
