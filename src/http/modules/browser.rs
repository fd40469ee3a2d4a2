//! `$modern_browser`, `$ancient_browser`: what the user agent says it is (`ngx_http_browser_module`).

use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::ir::http::browser::{Browser, Kind, Version};

/// `$modern_browser`
pub fn write_modern(request: &Request, out: &mut Vec<u8>) -> bool {
    let settings = &request.location.settings.browser;
    if is_modern(request.header(Known::UserAgent), settings) {
        out.extend_from_slice(&settings.modern_value);
    }
    true
}

/// `$ancient_browser`
pub fn write_ancient(request: &Request, out: &mut Vec<u8>) -> bool {
    let settings = &request.location.settings.browser;
    if !is_modern(request.header(Known::UserAgent), settings) {
        out.extend_from_slice(&settings.ancient_value);
    }
    true
}

/// Where a browser's name may begin, and what stands before its version.
struct Mask {
    skip: usize,
    name: &'static [u8],
    /// From the beginning of the name to the version.
    version_at: usize,
}

fn mask(kind: Kind) -> Mask {
    let (skip, name, version_at): (_, &[u8], _) = match kind {
        Kind::Opera => (0, b"Opera", 6),
        Kind::Msie => ("Mozilla/4.0 (compatible; ".len(), b"MSIE ", 5),
        Kind::Gecko => ("Mozilla/5.0 (".len(), b"rv:", 3),
        Kind::Safari => ("Mozilla/5.0 (".len(), b"Safari/", 7),
        Kind::Konqueror => ("Mozilla/5.0 (compatible; ".len(), b"Konqueror/", 10),
    };
    Mask { skip, name, version_at }
}

fn is_modern(agent: Option<&[u8]>, settings: &Browser) -> bool {
    let (modern, ancient) = (&settings.modern, &settings.ancient);
    let Some(agent) = agent else { return modern.unlisted };
    for from in &modern.from {
        let Mask { skip, name, version_at } = mask(from.kind);
        let Some(rest) = agent.get(skip..) else { continue };
        let Some(at) = memchr::memmem::find(rest, name) else { continue };
        if let Some(version) = rest.get(at + version_at..).filter(|version| !version.is_empty()) {
            return Version::read(version).number >= from.version;
        }
    }
    if !modern.from.is_empty() && !modern.unlisted {
        return false;
    }
    let is_netscape4 = agent.len() > "Mozilla/4.72 ".len()
        && agent.strip_prefix(b"Mozilla/").is_some_and(|rest| (b'1'..b'5').contains(&rest[0]));
    if ancient.netscape4 && is_netscape4 {
        return false;
    }
    let is_ancient = ancient.words.iter().any(|word| memchr::memmem::find(agent, word).is_some());
    !is_ancient && modern.unlisted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::http::browser::{Ancient, Modern, ModernFrom};
    use crate::ir::value::Text;

    #[test]
    fn agents_are_read_as_nginx_reads_them() {
        let from = vec![
            ModernFrom { kind: Kind::Opera, version: 4_001_000_000 },
            ModernFrom { kind: Kind::Msie, version: 5_500_000 },
            ModernFrom { kind: Kind::Gecko, version: 1_000_000 },
        ];
        let ancient = Ancient { words: vec![Text::from("Lynx")], netscape4: true };
        let mut settings = Browser { modern: Modern { from, unlisted: true }, ancient, ..Browser::default() };
        let is = |settings: &Browser, agent: &[u8]| is_modern(Some(agent), settings);
        assert!(is(&settings, b"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"));
        assert!(!is(&settings, b"Mozilla/4.0 (compatible; MSIE 5.0; Windows NT 5.1)"));
        assert!(!is(&settings, b"Mozilla/4.0 (compatible; MSIE 6.0; X11) Opera 7.50  [en]"));
        assert!(is(&settings, b"Mozilla/5.0 (X11; U; rv:1.0.0) Gecko/20020610"));
        assert!(!is(&settings, b"Lynx/2.8"));
        assert!(!is(&settings, b"Mozilla/4.72 [en] (X11; U)"));
        assert!(is(&settings, b"curl/7.0"));
        settings.modern.unlisted = false;
        assert!(!is(&settings, b"curl/7.0"));
        assert!(!is_modern(None, &settings));
    }
}
