//! The `Cookie` header of a request.

/// The value of a cookie in one `Cookie` line; letter case of the name does not matter (`ngx_http_parse_multi_header_lines`).
pub fn find_cookie<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    line.split(|&byte| byte == b';').find_map(|part| {
        let part = part.trim_ascii_start();
        let rest =
            part.get(..name.len()).filter(|head| head.eq_ignore_ascii_case(name)).map(|_| &part[name.len()..])?;
        let value = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        assert_eq!(find_cookie(b"a=1; b=2; ab=3", b"b"), Some(&b"2"[..]));
        assert_eq!(find_cookie(b"ab=3", b"b"), None);
    }
}
