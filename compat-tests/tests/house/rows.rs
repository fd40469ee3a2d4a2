//! A row that says done is read by the typed configuration, and a case names it.

use std::collections::BTreeSet;
use std::fs;

use compat_tests::case;
use grammar::Status;
use grammar::keepalived::Keyword;
use grammar::variables::{Kind, Variable};

use crate::{report, sources};

/// Names of rows that say done.
fn done() -> BTreeSet<&'static str> {
    let nginx = grammar::nginx::directives().filter(|row| row.status == Status::Done).map(|row| row.name);
    let keepalived = keywords().filter(|row| row.status == Status::Done).map(|row| row.name);
    nginx.chain(keepalived).collect()
}

/// keepalived's rows but those for what stands first on a line, which is no keyword: an address, a destination.
fn keywords() -> impl Iterator<Item = &'static Keyword> {
    grammar::keepalived::keywords().filter(|row| row.name != "(item)")
}

/// Every string literal of the program outside its tests.
fn literals() -> BTreeSet<String> {
    let mut literals = BTreeSet::new();
    for source in sources::product() {
        for (number, line) in source.text.lines().enumerate() {
            if number + 1 < source.tests_begin {
                literals.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    literals
}

#[test]
fn what_is_done_is_read() {
    let literals = literals();
    let unread: Vec<String> = done().into_iter().filter(|name| !literals.contains(*name)).map(str::to_owned).collect();
    report("A row says done and nothing in src/ names it", &unread);
}

/// Rows that say done and that no case shows, as `nginx add_trailer`, `keepalived advert_int` or `variable $host`.
fn without_case() -> BTreeSet<String> {
    let shown = Shown::gather();
    let done = |status| status == Status::Done;
    let nginx = grammar::nginx::directives().filter(|row| done(row.status) && !shown.statements.contains(row.name));
    let keepalived = keywords().filter(|row| done(row.status) && !shown.words.contains(row.name));
    let variables =
        grammar::variables::http::VARIABLES.iter().filter(|row| done(row.status) && !shown.has_variable(row));
    let nginx = nginx.map(|row| format!("nginx {}", row.name));
    let keepalived = keepalived.map(|row| format!("keepalived {}", row.name));
    nginx.chain(keepalived).chain(variables.map(|row| format!("variable ${}", row.name))).collect()
}

/// What configurations show that are played: those of cases, of the tests that start programs, and of the example pair.
///
/// Prose and answers do not count. Of nginx's language nor does what is only read: a case of `-t` shows that a row is known,
/// not that it works. Of keepalived's it does, since half of a keyword's effect is its verdict; what the engine then does is
/// shown by simulation and in namespaces.
struct Shown {
    /// The first word of every statement.
    statements: BTreeSet<String>,
    /// Every word: most of keepalived's rows are words within a line.
    words: BTreeSet<String>,
    /// Every name behind a `$`.
    variables: BTreeSet<String>,
}

impl Shown {
    fn gather() -> Self {
        let mut shown = Self { statements: BTreeSet::new(), words: BTreeSet::new(), variables: BTreeSet::new() };
        for case in case::read_all().expect("the cases can be read") {
            let counts = |name: &str| case.is_served() || name == "keepalived.conf";
            case.files().filter(|(name, _)| counts(name)).for_each(|(_, text)| shown.add(text));
        }
        for source in sources::all().iter().filter(|source| source.path.starts_with("compat-tests/tests/")) {
            if !source.path.contains("/house") {
                shown.add(&source.literals());
            }
        }
        for node in ["a", "b"] {
            for file in ["nginx/nginx.conf", "keepalived/keepalived.conf"] {
                let path = sources::root().join("examples/pair").join(node).join(file);
                shown.add(&fs::read_to_string(path).expect("the pair has it"));
            }
        }
        shown
    }

    fn add(&mut self, configuration: &str) {
        let lines = configuration.lines().map(|line| line.split('#').next().unwrap_or_default());
        for line in lines {
            let statements = line.split([';', '{', '}']).filter_map(|statement| statement.split_whitespace().next());
            self.statements.extend(statements.map(str::to_owned));
            self.words.extend(line.split_whitespace().map(str::to_owned));
            let names = line.split('$').skip(1).map(|rest| rest.trim_start_matches('{'));
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            self.variables.extend(names.filter_map(|rest| rest.split(|c| !is_part(c)).next()).map(str::to_owned));
        }
    }

    fn has_variable(&self, row: &Variable) -> bool {
        match row.kind {
            Kind::Exact => self.variables.contains(row.name),
            Kind::Prefix => self.variables.iter().any(|name| name.len() > row.name.len() && name.starts_with(row.name)),
        }
    }
}

#[test]
fn what_is_done_has_a_case() {
    let fault = |row: &String| format!("{row}: done, and no configuration that is played has it");
    report("A row that says done has a case", &without_case().iter().map(fault).collect::<Vec<_>>());
}
