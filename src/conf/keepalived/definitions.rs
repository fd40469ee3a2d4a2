//! `$NAME=text` definitions and what `$NAME` and `${NAME parameters}` turn into.

use std::collections::HashMap;
use std::rc::Rc;

use super::lexer::is_blank;

/// The longest line, as keepalived's buffer sets it: text that would grow beyond stays as it is.
pub(super) const LINE_LIMIT: usize = 1024;

/// The replacements in one line; more than a line of the greatest length can hold is a definition that names itself.
const REPLACEMENT_LIMIT: usize = 2 * LINE_LIMIT;

/// What a name stands for.
#[derive(Clone, Debug)]
enum Meaning {
    Text(Rc<str>),
    /// Lines, parted by `\n`.
    Lines(Rc<str>),
    WorkingDirectory,
    Instance,
    Random,
    Environment,
}

/// Values that come from outside the file.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// What `@id` lines and `${_INSTANCE}` are compared with; by default the host name up to its first dot.
    pub config_id: String,
    /// The environment, for `${_ENV NAME}`.
    pub environment: Vec<(String, String)>,
    /// What `${_RANDOM}` starts from.
    pub random_seed: u32,
}

/// All names in force, and the state of the generator behind `${_RANDOM}`.
pub(super) struct Definitions {
    names: HashMap<String, Meaning>,
    surroundings: Surroundings,
    random: Random,
}

/// The rest of a definition of several lines.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    text: Rc<str>,
    next: usize,
}

impl Lines {
    /// The next line, and whether it is the last one.
    pub(super) fn next_line(&mut self) -> (String, bool) {
        let rest = &self.text[self.next..];
        match rest.split_once('\n') {
            Some((line, _)) => {
                self.next += line.len() + 1;
                (line.to_owned(), false)
            }
            None => {
                self.next = self.text.len();
                (rest.to_owned(), true)
            }
        }
    }
}

/// What became of a line with `$` in it.
pub(super) struct Expanded {
    /// The line, changed or not.
    pub(super) text: String,
    /// Whether a name was replaced.
    pub(super) changed: bool,
    /// How often one was, as far as the line did not become too long by it.
    pub(super) replacements: usize,
    /// Definitions of several lines that the line enters, outermost first.
    pub(super) entered: Vec<Lines>,
    /// Messages about wrong parameters.
    pub(super) complaints: Vec<String>,
}

/// A use of a name: `$NAME` or `${NAME parameters}`.
struct Use<'a> {
    name: &'a str,
    parameters: &'a str,
    length: usize,
    ends_line: bool,
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Reads what stands behind a `$`.
fn find_use(after: &str) -> Option<Use<'_>> {
    let braces = after.starts_with('{');
    let body = &after[usize::from(braces)..];
    if !body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let name = &body[..body.find(|c| !is_name(c)).unwrap_or(body.len())];
    let rest = &body[name.len()..];
    if !braces {
        let ends = rest.is_empty() || rest.starts_with([' ', '\t', ',', ')']);
        return ends.then_some(Use { name, parameters: "", length: 1 + name.len(), ends_line: rest.is_empty() });
    }
    let inner = &rest[..rest.find(|c| !is_blank(c) && !is_name(c)).unwrap_or(rest.len())];
    let parameters = inner.trim_start_matches(is_blank);
    if parameters.ends_with(is_blank) || !rest[inner.len()..].starts_with('}') {
        return None;
    }
    let length = 3 + name.len() + inner.len();
    Some(Use { name, parameters, length, ends_line: rest.len() == 1 })
}

impl Definitions {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        let text = |text: &str| Meaning::Text(text.into());
        let names = [
            ("_PWD", Meaning::WorkingDirectory),
            ("_INSTANCE", Meaning::Instance),
            ("_RANDOM", Meaning::Random),
            ("_ENV", Meaning::Environment),
            ("_HASH", text("#")),
            ("_BANG", text("!")),
        ];
        let random = Random::new(surroundings.random_seed);
        Self { names: names.map(|(name, meaning)| (name.to_owned(), meaning)).into(), surroundings, random }
    }

    pub(super) fn config_id(&self) -> &str {
        &self.surroundings.config_id
    }

    /// Gives a name a text of one line.
    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.set_meaning(name, Meaning::Text(text.into()));
    }

    /// Gives a name several lines, or one text if there are none.
    pub(super) fn set_lines(&mut self, name: &str, text: &str) {
        let meaning = if text.is_empty() { Meaning::Text("".into()) } else { Meaning::Lines(text.into()) };
        self.set_meaning(name, meaning);
    }

    fn set_meaning(&mut self, name: &str, meaning: Meaning) {
        self.names.insert(name.to_owned(), meaning);
    }

    /// Replaces every use of a known name. A definition of several lines counts only at the end of the line.
    pub(super) fn expand(&mut self, line: &str, directory: &str) -> Expanded {
        let mut out = Expanded {
            text: line.to_owned(),
            changed: false,
            replacements: 0,
            entered: Vec::new(),
            complaints: Vec::new(),
        };
        let mut from = 0;
        for _ in 0..REPLACEMENT_LIMIT {
            let Some(at) = out.text[from..].find('$').map(|found| from + found) else { break };
            let meaning = find_use(&out.text[at + 1..])
                .and_then(|found| Some((self.meaning(&found, &mut out.complaints)?, found)))
                .map(|(meaning, found)| (self.resolve(meaning, found.parameters, directory), found.length));
            let Some(((value, lines), length)) = meaning else {
                from = at + 1;
                continue;
            };
            if out.text.len() + value.len() - length.min(out.text.len()) >= LINE_LIMIT {
                out.changed = false;
                break;
            }
            out.changed = true;
            out.replacements += 1;
            out.entered.extend(lines);
            out.text.replace_range(at..at + length, &value);
            from = at;
            if value.trim_start_matches(is_blank).starts_with('~') {
                break;
            }
        }
        out
    }

    fn meaning(&self, found: &Use<'_>, complaints: &mut Vec<String>) -> Option<Meaning> {
        let (name, meaning) = self.names.get_key_value(found.name)?;
        if matches!(meaning, Meaning::Lines(_)) && !found.ends_line {
            return None;
        }
        let count = found.parameters.split(is_blank).filter(|word| !word.is_empty()).count();
        let (least, most) = match meaning {
            Meaning::Random => (0, 2),
            Meaning::Environment => (1, 1),
            _ => (0, 0),
        };
        if count > 0 {
            if most == 0 {
                return None;
            }
            if matches!(meaning, Meaning::Random)
                && !found.parameters.chars().all(|c| c.is_ascii_digit() || is_blank(c))
            {
                complaints.push(format!("Definition {name} requires numeric parameters only."));
                return None;
            }
            if count > most {
                complaints.push(format!(
                    "Definition {name} requires between {least} and {most} parameters, {count} specified."
                ));
                return None;
            }
        }
        Some(meaning.clone())
    }

    fn resolve(&mut self, meaning: Meaning, parameters: &str, directory: &str) -> (String, Option<Lines>) {
        match meaning {
            Meaning::Text(text) => (text.to_string(), None),
            Meaning::Lines(text) => {
                let first = text.split('\n').next().unwrap_or_default().to_owned();
                let next = (first.len() + 1).min(text.len());
                (first, Some(Lines { text, next }))
            }
            Meaning::WorkingDirectory => (directory.to_owned(), None),
            Meaning::Instance => (self.surroundings.config_id.clone(), None),
            Meaning::Environment => {
                let value = self.surroundings.environment.iter().find(|(name, _)| name == parameters);
                (value.map(|(_, value)| value.clone()).unwrap_or_default(), None)
            }
            Meaning::Random => {
                let mut bounds = parameters.split(is_blank).filter_map(|word| word.parse::<u64>().ok());
                let least = bounds.next().unwrap_or(0);
                let most = bounds.next().unwrap_or(32767).max(least);
                let value = u64::from(self.random.next()) % (most - least).saturating_add(1) + least;
                (value.to_string(), None)
            }
        }
    }
}

/// random(3) of the C library, so that `${_RANDOM}` gives the numbers that keepalived gets from the same seed.
struct Random {
    state: [u32; 34],
    at: usize,
}

impl Random {
    fn new(seed: u32) -> Self {
        let mut state = [0u32; 34];
        state[0] = seed.max(1);
        for i in 1..31 {
            let next = (16807 * i64::from(state[i - 1] as i32)) % 2_147_483_647;
            state[i] = if next < 0 { next + 2_147_483_647 } else { next } as u32;
        }
        for i in 31..34 {
            state[i] = state[i - 31];
        }
        let mut random = Self { state, at: 0 };
        for _ in 34..344 {
            random.step();
        }
        random
    }

    /// x(n) = x(n-3) + x(n-31), in a ring of 34.
    fn step(&mut self) -> u32 {
        let next = self.state[(self.at + 3) % 34].wrapping_add(self.state[(self.at + 31) % 34]);
        self.state[self.at] = next;
        self.at = (self.at + 1) % 34;
        next
    }

    fn next(&mut self) -> u32 {
        self.step() >> 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(set: &[(&str, &str)], line: &str) -> String {
        let mut definitions = Definitions::new(Surroundings { config_id: "main".into(), ..Default::default() });
        for (name, value) in set {
            definitions.set(name, value);
        }
        definitions.expand(line, "/etc").text
    }

    #[test]
    fn names_end_at_blanks_and_braces() {
        let set = [("N", "10"), ("M", "${N}0")];
        assert_eq!(expand(&set, "priority $N"), "priority 10");
        assert_eq!(expand(&set, "priority ${N}0"), "priority 100");
        assert_eq!(expand(&set, "priority $N0"), "priority $N0");
        assert_eq!(expand(&set, "priority $M"), "priority 100");
        assert_eq!(expand(&set, "priority $NOPE ${ N}"), "priority $NOPE ${ N}");
        assert_eq!(expand(&set, "router_id x_${_INSTANCE}_${_PWD}${_HASH}"), "router_id x_main_/etc#");
    }

    #[test]
    fn a_name_that_means_itself_ends() {
        assert_eq!(expand(&[("A", "$A")], "x $A"), "x $A");
        assert!(expand(&[("A", "${A}x")], "x ${A}").len() < LINE_LIMIT);
    }

    #[test]
    fn random_gives_the_numbers_of_the_c_library() {
        let mut random = Random::new(1);
        assert_eq!([random.next(), random.next(), random.next()], [1804289383, 846930886, 1681692777]);
    }
}
