//! What may differ between two runs of the same case, each with its reason.

use std::sync::LazyLock;

use regex_lite::Regex;

/// Replaces what may differ by a sign for it.
#[derive(Debug, Default)]
pub struct Mask {
    words: Vec<(String, &'static str)>,
}

/// Pattern and sign; `$1` is what the first group of the pattern matched.
const PATTERNS: &[(&str, &str)] = &[
    // The version is evenkeel's own; its number is as long as 1.22.1, so no length depends on it.
    (r"nginx/1\.31\.5 \(evenkeel/[0-9.]+\)", "nginx/{version}"),
    (r"nginx/1\.(?:22\.1|31\.5)", "nginx/{version}"),
    // keepalived's language is read whole; what evenkeel does not do yet is told in a line of its own, which the original lacks.
    (r"(?m)^\([^\n]*: Line \d+\) [^\n]+ is not served yet by evenkeel\n", ""),
    // The clock.
    (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[", "{time} ["),
    (r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]", "[{time}]"),
    (r"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "Date: {date}"),
    // Process and connection numbers.
    (r"\] \d+#\d+: ", "] {pid}: "),
    (r"\{pid\}: \*\d+ ", "{pid}: *{connection} "),
    // What has run out of a zone of `limit_req` since depends on the moment.
    (r", excess: \d+\.\d+", ", excess: {excess}"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |pattern| Regex::new(pattern).expect("the patterns of this table are well formed");
    PATTERNS.iter().map(|(pattern, sign)| (compile(pattern), *sign)).collect()
});

impl Mask {
    /// Lets `sign` stand for `word`: the scratch directory has another name in every run.
    pub fn word(&mut self, word: String, sign: &'static str) {
        self.words.push((word, sign));
    }

    /// The text with all that may differ replaced.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, sign) in &self.words {
            text = text.replace(word.as_str(), sign);
        }
        for (pattern, sign) in COMPILED.iter() {
            text = pattern.replace_all(&text, *sign).into_owned();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_and_process_numbers_are_masked_and_the_rest_is_not() {
        let mut mask = Mask::default();
        mask.word("/tmp/x".to_owned(), "{prefix}");
        let text = "2026/11/22 18:44:59 [emerg] 13986#13986: *7 open() \"/tmp/x/a\" failed";
        assert_eq!(mask.apply(text), "{time} [emerg] {pid}: *{connection} open() \"{prefix}/a\" failed");
        assert_eq!(mask.apply("Server: nginx/1.22.1\\r\\n"), "Server: nginx/{version}\\r\\n");
        assert_eq!(mask.apply("Age: 10#11"), "Age: 10#11");
    }
}
