//! A URI that a backend names (`X-Accel-Redirect`): its path decoded, its arguments apart, no way out of the root.

/// Path and arguments; nothing if the path would leave the root.
pub fn parse(uri: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let end = uri.iter().position(|&byte| byte == b'?').unwrap_or(uri.len());
    let args = uri.get(end + 1..).unwrap_or_default().to_vec();
    let path = decode(&uri[..end]);
    let leaves_root = path.split(|&byte| byte == b'/').any(|part| part == b"..");
    let is_bad = path.is_empty() || path.first() == Some(&b'?') || path.contains(&0) || leaves_root;
    (!is_bad).then_some((path, args))
}

/// The text without its escapes.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(parse(b"/a%20b?c=%20"), Some((b"/a b".to_vec(), b"c=%20".to_vec())));
        assert_eq!(parse(b"/a/..b/"), Some((b"/a/..b/".to_vec(), Vec::new())));
        for unsafe_uri in [&b"/a/../b"[..], b"/%2e%2E/x", b"/..", b"/a%00", b"", b"?a"] {
            assert_eq!(parse(unsafe_uri), None);
        }
    }
}
