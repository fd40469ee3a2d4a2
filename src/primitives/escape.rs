//! `%XX` escapes, with nginx's sets of bytes that may not stand plainly.

/// Which bytes have to be escaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// For a path: also `#`, `%`, `?`.
    Uri,
    /// For arguments: also `&`, `+`, `;`.
    Args,
    /// Everything but letters, digits, `-`, `.`, `_`, `~`.
    UriComponent,
    /// For links in a page: spaces, quotes, `#`, `%`.
    Html,
    /// For a refresh in a page: spaces and quotes.
    Refresh,
}

fn is_escaped(byte: u8, kind: Escape) -> bool {
    if kind == Escape::UriComponent {
        return !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    }
    // RFC 3986 section 2: what is in no set of characters, and `%`, which begins an escape.
    let never = byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte);
    match kind {
        Escape::Uri => never || b"#%?".contains(&byte),
        Escape::Args => never || b"#%&+;?".contains(&byte),
        Escape::Html => never || b"#%'".contains(&byte),
        Escape::Refresh | Escape::UriComponent => byte != b'}' && never || b"'".contains(&byte),
    }
}

/// Whether a text has a byte that needs an escape.
pub fn is_needed(text: &[u8], kind: Escape) -> bool {
    text.iter().any(|&byte| is_escaped(byte, kind))
}

/// Writes a text with escapes.
pub fn write(text: &[u8], kind: Escape, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if is_escaped(byte, kind) {
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        } else {
            out.push(byte);
        }
    }
}

/// Writes a text with `&`, `<`, `>` and `"` as HTML has them.
pub fn write_html(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            _ => out.push(byte),
        }
    }
}

/// Writes a text as the inside of a JSON string.
pub fn write_json(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str, kind: Escape) -> String {
        let mut out = Vec::new();
        write(text.as_bytes(), kind, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_set() {
        assert_eq!(escaped("/a b?c%d#e&f+g;\u{e9}", Escape::Uri), "/a%20b%3Fc%25d%23e&f+g;%C3%A9");
        assert_eq!(escaped("a&b+c;d=e/f", Escape::Args), "a%26b%2Bc%3Bd=e/f");
        assert_eq!(escaped("a/b~c:", Escape::UriComponent), "a%2Fb~c%3A");
        assert_eq!(escaped("it's", Escape::Html), "it%27s");
    }
}
