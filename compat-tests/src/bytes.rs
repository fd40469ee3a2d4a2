//! Bytes as readable text and back: what a case shows of a connection.
//!
//! Every line of text stands for the bytes on it; the line break itself is not sent. `\r`, `\n`, `\t`, `\\` and `\xNN` are
//! escapes, so that a bare CR or LF is as visible as the usual pair. A line in round brackets is a stage direction.

use std::time::Duration;

/// One thing a peer does with its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write these bytes.
    Bytes(Vec<u8>),
    /// Write nothing for this long.
    Pause(Duration),
    /// Go on when the other side has sent something and then nothing for a moment.
    AwaitAnswer,
    /// Say that nothing more will be sent, and go on reading.
    HalfClose,
    /// Leave the connection open after the answer, for the next request.
    KeepOpen,
    /// Break the connection off (RST).
    Reset,
    /// Give up on silence after this long.
    Patience(Duration),
}

/// The steps that a block of a case describes.
pub fn read(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for line in text.lines() {
        match line.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(direction) => match read_direction(direction)? {
                Step::Bytes(bytes) => push_bytes(&mut steps, &bytes),
                step => steps.push(step),
            },
            None => push_bytes(&mut steps, &unescape(line)?),
        }
    }
    Ok(steps)
}

fn push_bytes(steps: &mut Vec<Step>, bytes: &[u8]) {
    if let Some(Step::Bytes(last)) = steps.last_mut() {
        last.extend_from_slice(bytes);
    } else {
        steps.push(Step::Bytes(bytes.to_vec()));
    }
}

fn read_direction(direction: &str) -> Result<Step, String> {
    if let Some((count, unit)) = direction.split_once(" × ") {
        let count: usize = count.parse().map_err(|_| format!("not a count: {count}"))?;
        return Ok(Step::Bytes(unescape(unit)?.repeat(count)));
    }
    match direction.split_whitespace().collect::<Vec<_>>()[..] {
        ["pause", count, "ms"] => milliseconds(count).map(Step::Pause),
        ["patience", count, "ms"] => milliseconds(count).map(Step::Patience),
        ["await", "answer"] => Ok(Step::AwaitAnswer),
        ["half-close"] => Ok(Step::HalfClose),
        ["keep", "open"] => Ok(Step::KeepOpen),
        ["reset"] => Ok(Step::Reset),
        _ => Err(format!("unknown stage direction ({direction})")),
    }
}

fn milliseconds(count: &str) -> Result<Duration, String> {
    count.parse().map(Duration::from_millis).map_err(|_| format!("not a number of milliseconds: {count}"))
}

fn unescape(line: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                let digits = std::str::from_utf8(&digits).map_err(|_| format!("bad \\x in {line:?}"))?;
                u8::from_str_radix(digits, 16).map_err(|_| format!("bad \\x in {line:?}"))?
            }
            other => return Err(format!("unknown escape \\{:?} in {line:?}", other.map(char::from))),
        });
    }
    Ok(bytes)
}

/// Runs of one byte longer than this are shown as `(1000 × a)`.
const LONG_RUN: usize = 200;

/// The text that [`read`] turns back into these bytes.
pub fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let run = rest.iter().take_while(|byte| **byte == first).count();
        if run > LONG_RUN {
            start_line(&mut text);
            text.push_str(&format!("({run} × "));
            show_byte(&mut text, first);
            text.push_str(")\n");
            rest = &rest[run..];
            continue;
        }
        let at_line_start = text.is_empty() || text.ends_with('\n');
        if at_line_start && (first == b'(' || first == b'`') {
            text.push_str(&format!("\\x{first:02x}"));
        } else {
            show_byte(&mut text, first);
        }
        if first == b'\n' {
            text.push('\n');
        }
        rest = &rest[1..];
    }
    text.strip_suffix('\n').unwrap_or(&text).to_owned()
}

fn start_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn show_byte(text: &mut String, byte: u8) {
    match byte {
        b'\r' => text.push_str("\\r"),
        b'\n' => text.push_str("\\n"),
        b'\t' => text.push_str("\\t"),
        b'\\' => text.push_str("\\\\"),
        0x20..=0x7e => text.push(char::from(byte)),
        _ => text.push_str(&format!("\\x{byte:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_back_as_the_same_bytes() {
        let mut bytes = b"GET / HTTP/1.1\r\nHost: x\n(a)\r\\\0\xff\r\n\r\n``` tail".to_vec();
        bytes.extend([b'a'; 1000]);
        bytes.extend(b"\r\n");
        assert_eq!(read(&show(&bytes)), Ok(vec![Step::Bytes(bytes)]));
    }

    #[test]
    fn directions_stand_between_bytes() {
        let steps = read("GET\n(pause 20 ms)\n /\\r\\n\n(half-close)");
        assert_eq!(
            steps,
            Ok(vec![
                Step::Bytes(b"GET".to_vec()),
                Step::Pause(Duration::from_millis(20)),
                Step::Bytes(b" /\r\n".to_vec()),
                Step::HalfClose,
            ])
        );
        assert!(read("(dance)").is_err());
    }
}
