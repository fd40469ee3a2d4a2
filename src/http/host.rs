//! Host names: which ones nginx takes.

/// A host name that passed nginx's checks: in lower case, without a dot at its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// The name.
    pub name: Vec<u8>,
    /// The port that followed it; 0 without one.
    pub port: u16,
}

/// Checks the value of a `Host` header or the authority of a target (`ngx_http_validate_host`); the name is written into `memory`.
pub fn validate_host(text: &[u8], mut memory: Vec<u8>) -> Option<Host> {
    let name_end = if text.first() == Some(&b'[') {
        text.iter().position(|&byte| byte == b']')? + 1
    } else {
        memchr::memchr(b':', text).unwrap_or(text.len())
    };
    let (name, rest) = text.split_at(name_end);
    let inside = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    let odd = if inside.is_some() { b':' } else { b'%' };
    let is_host_byte = |&byte: &u8| HOST_BYTES[usize::from(byte)] || byte == odd;
    if !inside.unwrap_or(name).iter().all(is_host_byte) || has_empty_label(name) {
        return None;
    }
    let port = match rest {
        [] => 0,
        [b':', digits @ ..] => port(digits)?,
        _ => return None,
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    memory.extend_from_slice(name);
    memory.make_ascii_lowercase();
    Some(Host { name: memory, port })
}

/// RFC 3986 section 3.2.2: unreserved and sub-delims. Escapes or colons come on top.
const HOST_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\''..=b',' | b';' | b'=');
        byte += 1;
    }
    table
};

fn has_empty_label(name: &[u8]) -> bool {
    memchr::memchr_iter(b'.', name).any(|dot| name.get(dot + 1) == Some(&b'.'))
}

fn port(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0u16, |port, &digit| {
        let digit = char::from(digit).to_digit(10)? as u16;
        port.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<(String, u16)> {
        validate_host(text.as_bytes(), Vec::new())
            .map(|host| (String::from_utf8_lossy(&host.name).into_owned(), host.port))
    }

    #[test]
    fn hosts_are_checked_as_nginx_does() {
        assert_eq!(host("Example.COM:8080"), Some(("example.com".into(), 8080)));
        assert_eq!(host("a.b."), Some(("a.b".into(), 0)));
        assert_eq!(host("[::1]:80"), Some(("[::1]".into(), 80)));
        assert_eq!(host("a:"), Some(("a".into(), 0)));
        for text in ["", ".", "a..b", "a b", "a/b", "a:b", "a:65536", "[::1", "[::1]a", "a\0", "a@b", ":80"] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
