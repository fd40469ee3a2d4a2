//! What a client calls itself, as far as nginx treats some browsers apart.

/// What the user agent is, as far as nginx treats some apart.
#[derive(Clone, Copy, Default, Debug)]
pub struct Browser {
    /// Internet Explorer.
    pub msie: bool,
    /// Internet Explorer up to 6.
    pub msie6: bool,
    /// Chrome.
    pub chrome: bool,
    /// Safari on macOS.
    pub safari: bool,
}

/// The few browsers that nginx treats apart.
pub fn browser(agent: &[u8]) -> Browser {
    let has = |part: &[u8]| memchr::memmem::find(agent, part).is_some();
    let mut browser = Browser::default();
    let opera = has(b"Opera");
    if let Some(at) = memchr::memmem::find(agent, b"MSIE ")
        && at + 7 < agent.len()
        && !opera
    {
        browser.msie = true;
        if agent[at + 6] == b'.' {
            browser.msie6 = match agent[at + 5] {
                b'4' | b'5' => true,
                b'6' => memchr::memmem::find(&agent[at + 8..], b"SV1").is_none(),
                _ => false,
            };
        }
    }
    if !browser.msie && !opera && !has(b"Gecko/") {
        browser.chrome = has(b"Chrome/");
        browser.safari = !browser.chrome && has(b"Safari/") && has(b"Mac OS X");
    }
    browser
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_that_matter() {
        assert!(browser(b"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)").msie6);
        assert!(!browser(b"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)").msie6);
        assert!(browser(b"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36").chrome);
    }
}
