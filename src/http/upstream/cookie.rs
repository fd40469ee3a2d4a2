//! `proxy_cookie_domain`, `proxy_cookie_path` and `proxy_cookie_flags`: a backend's `Set-Cookie` rewritten.

use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::http::proxy::{CookieFlags, CookieName, CookieRewrite, Proxy};

/// One attribute; the first is the cookie itself.
#[derive(Debug)]
struct Attribute {
    name: Vec<u8>,
    value: Option<Vec<u8>>,
}

/// The rewritten header; nothing if no rule changed it.
pub fn rewrite(request: &Request, proxy: &Proxy, value: &[u8]) -> Option<Vec<u8>> {
    if proxy.cookie_domains.is_empty() && proxy.cookie_paths.is_empty() && proxy.cookie_flags.is_empty() {
        return None;
    }
    let mut attributes: Vec<Attribute> = value.split(|&byte| byte == b';').map(parse).collect();
    attributes.first()?.value.as_ref()?;
    let mut changed = false;
    for attribute in &mut attributes[1..] {
        let rules = match &attribute.name {
            name if name.eq_ignore_ascii_case(b"domain") => Rules::Domain(&proxy.cookie_domains),
            name if name.eq_ignore_ascii_case(b"path") => Rules::Path(&proxy.cookie_paths),
            _ => continue,
        };
        if let Some(value) = &mut attribute.value
            && let Some(rewritten) = rules.apply(request, value)
        {
            *value = rewritten;
            changed = true;
        }
    }
    changed |= set_flags(request, &proxy.cookie_flags, &mut attributes);
    changed.then(|| write(&attributes))
}

fn parse(text: &[u8]) -> Attribute {
    let trimmed = |text: &[u8]| {
        let start = text.iter().take_while(|&&byte| byte == b' ').count();
        let end = text.len() - text[start..].iter().rev().take_while(|&&byte| byte == b' ').count();
        text[start..end].to_vec()
    };
    match text.iter().position(|&byte| byte == b'=') {
        Some(at) => Attribute { name: trimmed(&text[..at]), value: Some(trimmed(&text[at + 1..])) },
        None => Attribute { name: trimmed(text), value: None },
    }
}

fn write(attributes: &[Attribute]) -> Vec<u8> {
    let mut out = Vec::new();
    for attribute in attributes {
        if !out.is_empty() {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(&attribute.name);
        if let Some(value) = &attribute.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    out
}

enum Rules<'p> {
    /// The whole domain has to fit, with or without a dot before it.
    Domain(&'p [CookieRewrite]),
    /// A beginning has to fit.
    Path(&'p [CookieRewrite]),
}

impl Rules<'_> {
    fn apply(&self, request: &Request, value: &[u8]) -> Option<Vec<u8>> {
        let rules = match self {
            Rules::Domain(rules) | Rules::Path(rules) => rules,
        };
        rules.iter().find_map(|rule| match rule {
            CookieRewrite::Text { from, to } => {
                let from = evaluate::text(request, from);
                let to = || evaluate::text(request, to);
                match self {
                    Rules::Domain(_) => {
                        let (dot, domain) = value.split_at(usize::from(value.first() == Some(&b'.')));
                        domain.eq_ignore_ascii_case(&from).then(|| [dot, &to()].concat())
                    }
                    Rules::Path(_) => value.strip_prefix(&*from).map(|rest| [&to(), rest].concat()),
                }
            }
            CookieRewrite::Regex { from, to } => {
                evaluate::matches(request, from, value).then(|| evaluate::text(request, to).into_owned())
            }
        })
    }
}

/// What `proxy_cookie_flags` asks for.
#[derive(Default)]
struct Wanted {
    secure: Option<bool>,
    http_only: Option<bool>,
    same_site: Option<SameSite>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Value(&'static str),
    Off,
}

fn wanted(request: &Request, flags: &CookieFlags) -> Wanted {
    let mut wanted = Wanted::default();
    for template in &*flags.flags {
        let word = evaluate::text(request, template).to_ascii_lowercase();
        match &word[..] {
            b"secure" => wanted.secure = Some(true),
            b"nosecure" => wanted.secure = Some(false),
            b"httponly" => wanted.http_only = Some(true),
            b"nohttponly" => wanted.http_only = Some(false),
            b"samesite=strict" => wanted.same_site = Some(SameSite::Value("Strict")),
            b"samesite=lax" => wanted.same_site = Some(SameSite::Value("Lax")),
            b"samesite=none" => wanted.same_site = Some(SameSite::Value("None")),
            b"nosamesite" => wanted.same_site = Some(SameSite::Off),
            // A variable may hold anything; nginx passes over what is no flag.
            _ => {}
        }
    }
    wanted
}

fn set_flags(request: &Request, rules: &[CookieFlags], attributes: &mut Vec<Attribute>) -> bool {
    let name = &attributes[0].name;
    let rule = rules.iter().find(|rule| match &rule.cookie {
        CookieName::Name(template) => name.eq_ignore_ascii_case(&evaluate::text(request, template)),
        CookieName::Regex(regex) => evaluate::matches(request, regex, name),
    });
    let Some(rule) = rule else { return false };
    let wanted = wanted(request, rule);
    if wanted.secure.is_none() && wanted.http_only.is_none() && wanted.same_site.is_none() {
        return false;
    }
    set_flag(attributes, "Secure", wanted.secure);
    set_flag(attributes, "HttpOnly", wanted.http_only);
    set_same_site(attributes, wanted.same_site);
    true
}

fn is_flag(name: &'static str) -> impl Fn(&Attribute) -> bool {
    move |attribute| attribute.name.eq_ignore_ascii_case(name.as_bytes())
}

fn set_flag(attributes: &mut Vec<Attribute>, name: &'static str, wanted: Option<bool>) {
    let present = attributes.iter().skip(1).any(is_flag(name));
    match wanted {
        Some(true) if !present => attributes.push(Attribute { name: name.into(), value: None }),
        Some(false) => remove(attributes, name),
        _ => {}
    }
}

fn remove(attributes: &mut Vec<Attribute>, name: &'static str) {
    let cookie = attributes.remove(0);
    attributes.retain(|attribute| !is_flag(name)(attribute));
    attributes.insert(0, cookie);
}

fn set_same_site(attributes: &mut Vec<Attribute>, wanted: Option<SameSite>) {
    let value = match wanted {
        None => return,
        Some(SameSite::Off) => return remove(attributes, "SameSite"),
        Some(SameSite::Value(value)) => value,
    };
    match attributes.iter_mut().skip(1).find(|attribute| is_flag("SameSite")(attribute)) {
        Some(present) if present.value.as_ref().is_some_and(|is| is.eq_ignore_ascii_case(value.as_bytes())) => {}
        Some(present) => {
            present.name = b"SameSite".to_vec();
            present.value = Some(value.into());
        }
        None => attributes.push(Attribute { name: b"SameSite".to_vec(), value: Some(value.into()) }),
    }
}
