//! `sub_filter`: texts in the place of others (`ngx_http_sub_filter_module`).

use std::rc::Rc;

use super::gzip;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::http::sub::Pair;
use crate::ir::value::List;

/// One body's patterns, and what of it may still turn out to be one of them.
pub struct Substitution {
    patterns: Patterns,
    pairs: List<Pair>,
    replacements: Vec<Option<Vec<u8>>>,
    /// The end of what came, if it may be the beginning of a pattern.
    held: Vec<u8>,
}

/// Decides whether texts of the body are replaced.
pub fn head(request: &mut Request) -> Option<Substitution> {
    let settings = Rc::clone(&request.location.settings.sub);
    let response = &request.response;
    if settings.pairs.is_empty() || response.content_length == Some(0) || !response.is_of(&settings.types) {
        return None;
    }
    let texts: Vec<_> = settings.pairs.iter().map(|pair| evaluate::text(request, &pair.pattern)).collect();
    let texts = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    let patterns = Patterns::new(texts, settings.once)?;
    if !request.is_subrequest {
        request.response.content_length = None;
        if settings.last_modified {
            gzip::weaken_etag(request);
        } else {
            request.response.clear_last_modified();
            request.response.headers.remove(b"ETag");
        }
    }
    let replacements = vec![None; settings.pairs.len()];
    Some(Substitution { patterns, pairs: settings.pairs.clone(), replacements, held: Vec::new() })
}

impl Substitution {
    /// Writes what of the next bytes is settled to the end of `out`.
    pub fn write(&mut self, request: &Request, bytes: &[u8], out: &mut Vec<u8>) {
        let mut held = std::mem::take(&mut self.held);
        let text = if held.is_empty() {
            bytes
        } else {
            held.extend_from_slice(bytes);
            &held
        };
        let mut position = 0;
        loop {
            let found = self.patterns.search(text, position);
            match found {
                Found::Whole { start, pattern } => {
                    out.extend_from_slice(&text[position..start]);
                    out.extend_from_slice(self.replacement(request, pattern));
                    position = start + self.patterns.texts[pattern].len();
                    self.patterns.note(pattern);
                }
                Found::Nothing { settled } => {
                    out.extend_from_slice(&text[position..settled]);
                    self.held = text[settled..].to_vec();
                    return;
                }
            }
        }
    }

    /// The body has ended: what was held back is no pattern.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    fn replacement(&mut self, request: &Request, pattern: usize) -> &[u8] {
        let value = &self.pairs[pattern].replacement;
        self.replacements[pattern].get_or_insert_with(|| evaluate::text(request, value).into_owned())
    }
}

/// What a search gave.
#[derive(PartialEq, Eq, Debug)]
enum Found {
    Whole {
        start: usize,
        pattern: usize,
    },
    /// No pattern before this place; one may begin there.
    Nothing {
        settled: usize,
    },
}

/// Texts to look for: the first place counts, then the order of the texts.
struct Patterns {
    /// In lower case; an empty one is never found.
    texts: Vec<Vec<u8>>,
    /// Each counts once.
    once: bool,
    used: Vec<bool>,
    shortest: usize,
    /// How far the search may go on when this byte stands where the shortest pattern would end.
    shift: [u8; 256],
}

impl Patterns {
    fn new(texts: Vec<Vec<u8>>, once: bool) -> Option<Self> {
        let shortest = texts.iter().map(Vec::len).filter(|&length| length > 0).min()?;
        let mut shift = [shortest.min(255) as u8; 256];
        for text in texts.iter().filter(|text| !text.is_empty()) {
            for (back, &byte) in text[..shortest].iter().rev().take(255).enumerate() {
                for byte in [byte, byte.to_ascii_uppercase()] {
                    let entry = &mut shift[usize::from(byte)];
                    *entry = (*entry).min(back as u8);
                }
            }
        }
        let used = texts.iter().map(Vec::is_empty).collect();
        Some(Self { texts, once, used, shortest, shift })
    }

    fn note(&mut self, pattern: usize) {
        self.used[pattern] = self.once;
    }

    fn search(&self, text: &[u8], from: usize) -> Found {
        if self.used.iter().all(|&used| used) {
            return Found::Nothing { settled: text.len() };
        }
        let mut start = from;
        while let Some(&byte) = text.get(start + self.shortest - 1) {
            match self.shift[usize::from(byte)] {
                0 => {}
                shift => {
                    start += usize::from(shift);
                    continue;
                }
            }
            match self.begins(&text[start..]) {
                Some((pattern, true)) => return Found::Whole { start, pattern },
                Some((_, false)) => return Found::Nothing { settled: start },
                None => start += 1,
            }
        }
        let tail = start.min(text.len());
        let settled = (tail..text.len()).find(|&start| self.begins(&text[start..]).is_some());
        Found::Nothing { settled: settled.unwrap_or(text.len()) }
    }

    /// The first pattern that a text begins with, or (false) that it may be the beginning of.
    fn begins(&self, text: &[u8]) -> Option<(usize, bool)> {
        self.texts.iter().enumerate().filter(|(index, _)| !self.used[*index]).find_map(|(index, pattern)| {
            let common = pattern.len().min(text.len());
            text[..common].eq_ignore_ascii_case(&pattern[..common]).then_some((index, common == pattern.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replaces by the pattern's number, in pieces of every size.
    fn replaced(texts: &[&str], once: bool, body: &str) -> String {
        let run = |piece: usize| {
            let texts = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            let mut patterns = Patterns::new(texts, once).expect("a pattern");
            let (mut held, mut out) = (Vec::new(), String::new());
            for bytes in body.as_bytes().chunks(piece) {
                held.extend_from_slice(bytes);
                let mut position = 0;
                loop {
                    match patterns.search(&held, position) {
                        Found::Whole { start, pattern } => {
                            out.push_str(&String::from_utf8_lossy(&held[position..start]));
                            out.push_str(&format!("<{pattern}>"));
                            position = start + patterns.texts[pattern].len();
                            patterns.note(pattern);
                        }
                        Found::Nothing { settled } => {
                            out.push_str(&String::from_utf8_lossy(&held[position..settled]));
                            held.drain(..settled);
                            break;
                        }
                    }
                }
            }
            out + &String::from_utf8_lossy(&held)
        };
        let whole = run(body.len());
        (1..body.len()).for_each(|piece| assert_eq!(run(piece), whole, "in pieces of {piece}"));
        whole
    }

    #[test]
    fn patterns_are_found_wherever_a_body_is_cut() {
        assert_eq!(replaced(&["aab"], false, "aaaabaab"), "aa<0><0>");
        assert_eq!(
            replaced(&["abab", "ba"], false, "ABABABxba"),
            "<0><1>Bx<1>".replace("<1>B", "ab").replace("ab", "AB")
        );
        assert_eq!(replaced(&["a", "b"], true, "abab"), "<0><1>ab");
        assert_eq!(replaced(&["abcd", "bc"], false, "abce abc"), "a<1>e abc");
    }
}
