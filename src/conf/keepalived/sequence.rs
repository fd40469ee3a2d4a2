//! `~SEQ(…)` and `~LST(…)`: the rest of the line, once for each value.

use super::lexer::is_blank;

/// One repetition under way.
#[derive(Debug)]
pub(super) struct Repeat {
    /// The rest of the line.
    pub(super) text: String,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Numbers { name: String, next: i64, step: i64, last: i64, hexadecimal: bool },
    List { names: Vec<String>, rows: std::vec::IntoIter<Vec<String>> },
}

/// What is wrong with a `~SEQ` or `~LST`; the original says what it found, then that the line is invalid.
pub(super) struct Invalid(pub(super) Option<String>);

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// strtol(3) with base 0: the number and what follows; 0 where there is none.
fn number(text: &str) -> (i64, &str) {
    let trimmed = text.trim_start();
    let (negative, digits) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let hexadecimal = digits.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"))
        && digits[2..].starts_with(|c: char| c.is_ascii_hexdigit());
    let (radix, digits) = match hexadecimal {
        true => (16, &digits[2..]),
        false if digits.starts_with('0') => (8, digits),
        false => (10, digits),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if end == 0 {
        return (0, text);
    }
    let value = i64::from_str_radix(&digits[..end], radix).unwrap_or(i64::MAX);
    (if negative { -value } else { value }, &digits[end..])
}

impl Repeat {
    /// Reads `~SEQ(name, [start, [step,]] last) text`; `expand` replaces definitions among the numbers.
    pub(super) fn sequence(line: &str, expand: impl FnOnce(&str) -> Option<String>) -> Result<Self, Invalid> {
        let wrong = |what: &str| Invalid(Some(format!("{what} '{line}'")));
        let hexadecimal = line[4..].starts_with('x');
        let body = skip_blanks(&line[4 + usize::from(hexadecimal)..]).strip_prefix('(').ok_or(Invalid(None))?;
        let body = skip_blanks(body);
        let name = &body[..body.find([' ', '\t', ',', ')']).unwrap_or(body.len())];
        let rest = skip_blanks(&body[name.len()..]);
        if rest.is_empty() || rest.starts_with(')') || name.is_empty() || name.starts_with('{') {
            return Err(wrong("Invalid ~SEQ definition"));
        }
        let mut characters = rest.chars();
        characters.next();
        let rest = skip_blanks(characters.as_str());
        let end = rest.find(')').ok_or_else(|| wrong("~SEQ missing terminating ')'"))?;
        // Three numbers of the greatest length with a comma each, as the original's buffer holds.
        if end + 2 > 64 {
            return Err(wrong("~SEQ parameter strings too long"));
        }
        let numbers = expand(&rest[..=end]).ok_or_else(|| wrong("~SEQ parameter is multiline definition"))?;
        let values = read_numbers(&numbers).ok_or_else(|| wrong("Invalid ~SEQ definition"))?;
        let (start, step, last) = match values[..] {
            [last] => (if last < 0 { -1 } else { 1 }, if last < 1 { -1 } else { 1 }, last),
            [start, last] => (start, if start <= last { 1 } else { -1 }, last),
            [start, step, last] => (start, step, last),
            _ => return Err(wrong("Invalid ~SEQ definition")),
        };
        if step == 0 || (start < last && step < 0) || (start > last && step > 0 && values.len() == 3) {
            return Err(wrong("Invalid ~SEQ values"));
        }
        if hexadecimal && (start < 0 || last < 0) {
            return Err(wrong("~SEQx is only valid for positive numbers"));
        }
        let values = Values::Numbers { name: name.to_owned(), next: start, step, last, hexadecimal };
        Ok(Self { text: skip_blanks(&rest[end + 1..]).to_owned(), values })
    }

    /// Reads `~LST(name, a, b) text` or `~LST({names}, {a, b}, …) text`.
    pub(super) fn list(line: &str) -> Result<Self, Invalid> {
        let body = skip_blanks(&line[4..]).strip_prefix('(').ok_or(Invalid(None))?;
        let (names, rest) = read_group(skip_blanks(body), None).map_err(|_| Invalid(None))?;
        let mut rest = skip_blanks(rest.strip_prefix(',').ok_or(Invalid(None))?);
        let mut rows = Vec::new();
        loop {
            let (mut row, after) = read_group(rest, Some(names.len())).map_err(|too_many| {
                Invalid(too_many.then(|| format!("~LST specification has too many values '{line}'")))
            })?;
            row.resize(names.len(), String::new());
            rows.push(row);
            if let Some(text) = after.strip_prefix(')') {
                let values = Values::List { names, rows: rows.into_iter() };
                return Ok(Self { text: skip_blanks(text).to_owned(), values });
            }
            rest = skip_blanks(after.strip_prefix(',').ok_or(Invalid(None))?);
        }
    }

    /// The next values by name, and whether they are the last ones.
    pub(super) fn next(&mut self) -> (Vec<(String, String)>, bool) {
        match &mut self.values {
            Values::Numbers { name, next, step, last, hexadecimal } => {
                let value = if *hexadecimal { format!("{next:x}") } else { next.to_string() };
                let (following, overflow) = next.overflowing_add(*step);
                *next = following;
                let done = overflow || if *step > 0 { following > *last } else { following < *last };
                (vec![(name.clone(), value)], done)
            }
            Values::List { names, rows } => {
                let row = rows.next().unwrap_or_default();
                (names.iter().cloned().zip(row).collect(), rows.as_slice().is_empty())
            }
        }
    }
}

/// `a, b, c)` to numbers; one to three of them.
fn read_numbers(text: &str) -> Option<Vec<i64>> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let (value, after) = number(rest);
        values.push(value);
        let after = skip_blanks(after);
        if after.starts_with(')') {
            return Some(values);
        }
        rest = after.strip_prefix(',').filter(|_| values.len() < 3)?;
    }
}

/// One name or value, or `{several, of, them}`; `true` as an error is one too many.
fn read_group(text: &str, most: Option<usize>) -> Result<(Vec<String>, &str), bool> {
    let braces = text.starts_with('{');
    let mut rest = if braces { skip_blanks(&text[1..]) } else { text };
    let mut found = Vec::new();
    loop {
        let end = rest.find([' ', '\t', ',', '}', ')']).unwrap_or(rest.len());
        found.push(rest[..end].to_owned());
        rest = skip_blanks(&rest[end..]);
        if !braces && rest.starts_with([',', ')']) {
            return Ok((found, rest));
        }
        if braces && rest.starts_with('}') {
            return Ok((found, skip_blanks(&rest[1..])));
        }
        rest = skip_blanks(rest.strip_prefix(',').ok_or(false)?);
        if most.is_some_and(|most| found.len() >= most) {
            return Err(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Option<Vec<String>> {
        let repeat = if line.starts_with("~SEQ") {
            Repeat::sequence(line, |numbers| Some(numbers.to_owned()))
        } else {
            Repeat::list(line)
        };
        let mut repeat = repeat.ok()?;
        let mut found = Vec::new();
        loop {
            let (values, done) = repeat.next();
            found.push(values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
            if done {
                return Some(found);
            }
        }
    }

    #[test]
    fn sequences_count_up_and_down() {
        assert_eq!(run("~SEQ(I, 3) x"), Some(vec!["I=1".into(), "I=2".into(), "I=3".into()]));
        assert_eq!(run("~SEQ(I, 50, 5, 60) x"), Some(vec!["I=50".into(), "I=55".into(), "I=60".into()]));
        assert_eq!(run("~SEQ(I, 3, 2) x"), Some(vec!["I=3".into(), "I=2".into()]));
        assert_eq!(run("~SEQx(I, 0xa, 0xb) x"), Some(vec!["I=a".into(), "I=b".into()]));
        assert_eq!(run("~SEQ(I, 3, 0, 9) x"), None);
        assert_eq!(run("~SEQ(I, 1, 9"), None);
    }

    #[test]
    fn lists_take_rows() {
        assert_eq!(run("~LST(I, 50, 61) x"), Some(vec!["I=50".into(), "I=61".into()]));
        assert_eq!(run("~LST({I,J}, {1,2}, {3}) x"), Some(vec!["I=1 J=2".into(), "I=3 J=".into()]));
        assert_eq!(run("~LST({I}, {1,2}) x"), None);
    }
}
