//! Words to options as getopt_long(3) does: letters together, values glued or behind, long names cut short.

use std::collections::VecDeque;

/// Whether a word follows an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    None,
    Required,
    /// Only glued to it.
    Optional,
}

/// One thing found on a command line.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// The option's long name, and its value.
    Option(&'static str, Option<String>),
    /// An option that there is not, as it is shown.
    Unknown(String),
    /// An option that lacks its value, as it is shown.
    MissingParameter(String),
    /// A word that belongs to no option.
    Stray(String),
}

type Table = &'static [(Option<char>, &'static str, Argument)];

/// The options on a command line, one by one; strays come last, as getopt_long(3) sorts them.
pub(super) struct Words {
    rest: VecDeque<String>,
    letters: Option<(String, usize)>,
    strays: VecDeque<String>,
    table: Table,
}

impl Words {
    pub(super) fn new(words: &[String], table: Table) -> Self {
        Self { rest: words.iter().cloned().collect(), letters: None, strays: VecDeque::new(), table }
    }

    /// The words that are not looked at yet.
    pub(super) fn rest(&self) -> Vec<String> {
        self.rest.iter().cloned().collect()
    }

    fn long(&mut self, word: &str) -> Word {
        let body = &word[2..];
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (body, None),
        };
        let exact = self.table.iter().find(|(_, known, _)| *known == name);
        let mut starts = self.table.iter().filter(|(_, known, _)| known.starts_with(name));
        let found = exact.or_else(|| starts.next().filter(|_| starts.next().is_none()));
        let Some(&(_, name, argument)) = found else { return Word::Unknown(word.to_owned()) };
        match (argument, value) {
            (Argument::None, Some(_)) => Word::Unknown(word.to_owned()),
            (Argument::Required, Some(value)) if value.is_empty() => Word::MissingParameter(format!("--{name}")),
            (Argument::Required, None) => match self.rest.pop_front() {
                Some(value) => Word::Option(name, Some(value)),
                None => Word::MissingParameter(format!("--{name}")),
            },
            (_, value) => Word::Option(name, value),
        }
    }

    fn letter(&mut self, word: String, at: usize) -> Word {
        let Some(letter) = word[at..].chars().next() else { return Word::Unknown(word) };
        let after = at + letter.len_utf8();
        let row = self.table.iter().find(|(known, ..)| *known == Some(letter));
        let Some(&(_, name, argument)) = row else {
            self.letters = (after < word.len()).then_some((word, after));
            return Word::Unknown(format!("-{letter}"));
        };
        let glued = (after < word.len()).then(|| word[after..].to_owned());
        match (argument, glued) {
            (Argument::None, glued) => {
                self.letters = glued.is_some().then_some((word, after));
                Word::Option(name, None)
            }
            (Argument::Required, None) => match self.rest.pop_front() {
                Some(value) => Word::Option(name, Some(value)),
                None => Word::MissingParameter(format!("-{letter}")),
            },
            (_, glued) => Word::Option(name, glued),
        }
    }
}

impl Iterator for Words {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        if let Some((word, at)) = self.letters.take() {
            return Some(self.letter(word, at));
        }
        while let Some(word) = self.rest.pop_front() {
            match word.as_str() {
                "--" => self.strays.extend(self.rest.drain(..)),
                long if long.starts_with("--") => return Some(self.long(long)),
                short if short.starts_with('-') && short.len() > 1 => return Some(self.letter(word, 1)),
                _ => self.strays.push_back(word),
            }
        }
        self.strays.pop_front().map(Word::Stray)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = &[
        (Some('n'), "dont-fork", Argument::None),
        (Some('f'), "use-file", Argument::Required),
        (Some('t'), "config-test", Argument::Optional),
        (None, "config-fd", Argument::Required),
    ];

    fn read(line: &str) -> Vec<Word> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Words::new(&words, TABLE).collect()
    }

    #[test]
    fn letters_stand_together_and_values_glue() {
        let file = |path: &str| Word::Option("use-file", Some(path.into()));
        assert_eq!(read("-nfx -f y"), [Word::Option("dont-fork", None), file("x"), file("y")]);
        assert_eq!(
            read("-t -tlog"),
            [Word::Option("config-test", None), Word::Option("config-test", Some("log".into()))]
        );
        assert_eq!(read("z -n"), [Word::Option("dont-fork", None), Word::Stray("z".into())]);
    }

    #[test]
    fn long_names_may_be_cut_while_they_are_one() {
        assert_eq!(read("--use=x"), [Word::Option("use-file", Some("x".into()))]);
        assert_eq!(read("--config=x"), [Word::Unknown("--config=x".into())]);
        assert_eq!(read("--use-file"), [Word::MissingParameter("--use-file".into())]);
        assert_eq!(
            read("-q -nq"),
            [Word::Unknown("-q".into()), Word::Option("dont-fork", None), Word::Unknown("-q".into())]
        );
    }
}
