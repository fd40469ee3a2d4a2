//! keepalived's lines into words: comments, quotes, escapes.

use nom::IResult;
use nom::Parser as _;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while};
use nom::sequence::{delimited, preceded};

/// What the word splitter takes as a gap between words.
pub(super) fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c' | '\n' | '\r' | '\x0b')
}

/// What the line reader takes as a gap within a line.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A line without its comment.
#[derive(PartialEq, Eq, Debug)]
pub struct Decommented {
    /// The text, without blanks around it; a closing backslash is kept.
    pub text: String,
    /// A quote is open at the end of the line.
    pub open_quote: bool,
}

/// Takes off comments (`#`, `!` outside double quotes), the backslash before an escaped `#` or `!`, and blanks around.
pub fn decomment(line: &str) -> Decommented {
    let mut text = String::with_capacity(line.len());
    let mut open_quote = false;
    let mut continued = false;
    let mut rest = line.trim_start_matches(is_blank).chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => open_quote = !open_quote,
            '\\' => match rest.next() {
                None => {
                    continued = true;
                    break;
                }
                Some(next) => {
                    if open_quote || !matches!(next, '#' | '!') {
                        text.push(c);
                    }
                    text.push(next);
                    continue;
                }
            },
            '#' | '!' if !open_quote => break,
            _ => {}
        }
        text.push(c);
    }
    text.truncate(text.trim_end_matches(is_blank).len());
    if continued {
        text.push('\\');
    }
    Decommented { text, open_quote }
}

/// The words of a line.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Words {
    /// In order; a quoted word comes without its quotes.
    pub words: Vec<String>,
    /// The line ends inside quotes; what follows the quote is lost.
    pub unmatched_quote: bool,
}

fn word(input: &str) -> IResult<&str, &str> {
    let quoted = delimited(tag("\""), take_till(|c| c == '"'), tag("\""));
    let bare = take_till(|c| is_gap(c) || c == '"');
    preceded(take_while(is_gap), alt((quoted, bare))).parse(input)
}

/// Splits a line into words. Only double quotes count; they also end a word that they touch.
pub fn words(line: &str) -> Words {
    let mut found = Words::default();
    let mut rest = line.trim_start_matches(is_gap);
    while !rest.is_empty() {
        match word(rest) {
            Ok((after, text)) if after.len() < rest.len() => {
                found.words.push(text.to_owned());
                rest = after.trim_start_matches(is_gap);
            }
            _ => {
                found.unmatched_quote = true;
                break;
            }
        }
    }
    found
}

/// Why a command line cannot be split.
#[derive(PartialEq, Eq, Debug)]
pub enum CommandError {
    /// This quote is not closed.
    Unclosed(char),
    /// It ends with a backslash.
    MissingEscape,
}

/// Splits a command line: both kinds of quotes group, and a backslash escapes as in C if `escapes`, else it stays.
pub fn command_words(line: &str, escapes: bool) -> Result<Vec<String>, CommandError> {
    let mut found = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        while rest.next_if(|&c| is_gap(c)).is_some() {}
        if rest.peek().is_none() {
            return Ok(found);
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(&c) = rest.peek() {
            if quote.is_none() && is_gap(c) {
                break;
            }
            rest.next();
            match c {
                '\\' => {
                    let escaped = rest.next().ok_or(CommandError::MissingEscape)?;
                    if escapes {
                        word.push(unescape(escaped, &mut rest));
                    } else {
                        word.push('\\');
                        word.push(escaped);
                    }
                }
                _ if quote == Some(c) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                _ => word.push(c),
            }
        }
        if let Some(open) = quote {
            return Err(CommandError::Unclosed(open));
        }
        found.push(word);
    }
}

/// The character behind a backslash, in C's notation and a few more.
fn unescape(c: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> char {
    let digits = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>, radix, most, first: u32| {
        let mut value = first;
        for _ in 0..most {
            let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else { break };
            value = value * radix + digit;
            rest.next();
        }
        char::from((value & 0xff) as u8)
    };
    match c {
        'x' if rest.peek().is_some_and(char::is_ascii_hexdigit) => digits(rest, 16, 2, 0),
        '0'..='7' => digits(rest, 8, 2, c as u32 - '0' as u32),
        'c' if rest.peek().is_some() => char::from(rest.next().map_or(0, |c| c as u32 as u8 & 0x1f)),
        'a' => '\x07',
        'b' => '\x08',
        'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &str) -> String {
        decomment(line).text
    }

    #[test]
    fn comments_begin_anywhere_outside_quotes() {
        assert_eq!(plain("  priority 100 # x"), "priority 100");
        assert_eq!(plain("priority 100#x"), "priority 100");
        assert_eq!(plain("priority 100 ! x { }"), "priority 100");
        assert_eq!(plain(r#"router_id "a#b!c" # d"#), r#"router_id "a#b!c""#);
        assert_eq!(plain(r"router_id a\#b\!c"), "router_id a#b!c");
        assert_eq!(plain("# only"), "");
    }

    #[test]
    fn a_closing_backslash_is_kept_without_the_blanks_before_it() {
        assert_eq!(plain("$A= priority 1  \\"), "$A= priority 1\\");
        assert_eq!(plain("\\"), "\\");
    }

    #[test]
    fn an_open_quote_is_told() {
        assert!(decomment("router_id \"abc").open_quote);
        assert!(!decomment("router_id \"abc\"").open_quote);
    }

    #[test]
    fn double_quotes_group_and_part_words() {
        assert_eq!(words("a  \"b c\" d").words, ["a", "b c", "d"]);
        assert_eq!(words("ab\"cd ef\"gh").words, ["ab", "cd ef", "gh"]);
        assert_eq!(words("a 'b c'").words, ["a", "'b", "c'"]);
        assert_eq!(words("a \"\" b").words, ["a", "", "b"]);
        let open = words("a \"b c");
        assert_eq!((open.words, open.unmatched_quote), (vec!["a".to_owned()], true));
    }

    #[test]
    fn commands_group_with_both_quotes_and_escape_as_c_does() {
        let split = |line| command_words(line, true).expect("a sound command");
        assert_eq!(split(r#"/bin/sh -c 'a b' "c d"e"#), ["/bin/sh", "-c", "a b", "c de"]);
        assert_eq!(split(r"a\ b \x41\102\n \E"), ["a b", "AB\n", "\x1b"]);
        assert_eq!(command_words("'a", true), Err(CommandError::Unclosed('\'')));
        assert_eq!(command_words("a\\", true), Err(CommandError::MissingEscape));
        assert_eq!(command_words(r"a\nb", false).expect("sound"), [r"a\nb"]);
    }
}
