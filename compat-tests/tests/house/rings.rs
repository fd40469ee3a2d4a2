//! No ring of imports: what a file needs can be read before it, in some order, from the bottom up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::{known, report, sources};

/// Modules by path (`vrrp::engine`), each with the modules that it names.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn files_do_not_import_each_other_in_a_ring() {
    let imports = imports();
    let mut faults = Vec::new();
    let mut tolerated = BTreeSet::new();
    for module in imports.keys() {
        let Some(ring) = way_back(&imports, module) else { continue };
        match known::RINGS
            .iter()
            .find(|folder| format!("src/{}/", module.replace("::", "/")).starts_with(&format!("{folder}/")))
        {
            Some(folder) => _ = tolerated.insert(*folder),
            None => faults.push(ring.join(" -> ")),
        }
    }
    let dissolved = known::RINGS.iter().filter(|folder| !tolerated.contains(*folder));
    faults.extend(dissolved.map(|folder| format!("{folder} has no ring any more: take it out of house/known.rs")));
    report("Files do not import each other in a ring", &faults);
}

/// The modules of `src/` and their imports, tests left out.
fn imports() -> Imports {
    let files: Vec<_> = sources::product().filter(|source| source.tests_begin > 1).collect();
    let names: BTreeSet<String> = files.iter().map(|source| module_name(&source.path)).collect();
    let of = |source: &&sources::Source| {
        let name = module_name(&source.path);
        let code: Vec<&str> = source.code_lines().map(|(_, line)| line).collect();
        let named = named(&code.join("\n"), &name, &names).into_iter().filter(|other| *other != name).collect();
        (name, named)
    };
    files.iter().map(of).collect()
}

/// The modules that a file's paths lead to. A module in scope is what is named through it: `use super::filters;` and
/// `filters::order::answer()` need the file of `order`.
fn named(code: &str, name: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    let found = paths(code).into_iter().filter_map(|path| absolute(&path, name));
    let (modules, items): (Vec<String>, Vec<String>) = found.partition(|path| names.contains(path));
    let mut named: BTreeSet<String> = items.iter().filter_map(|path| resolve(path, names)).collect();
    for module in modules {
        let alias = module.rsplit("::").next().unwrap_or_default();
        let through = Regex::new(&format!(r"(?:^|[^\w:]){alias}((?:::\w+)+)")).expect("a name is a pattern");
        let code = USE.replace_all(code, "");
        named.extend(through.captures_iter(&code).filter_map(|path| resolve(&format!("{module}{}", &path[1]), names)));
    }
    named
}

static USE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\buse\s+([^;]+);").expect("a well formed pattern"));

/// `src/vrrp/mod.rs` is `vrrp`, `src/vrrp/engine.rs` is `vrrp::engine`.
fn module_name(path: &str) -> String {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.replace('/', "::")
}

/// All paths that begin at the crate or relative to the module, with the lists of `use` spread out.
fn paths(code: &str) -> Vec<String> {
    static INLINE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").expect("a well formed pattern"));
    let mut paths = Vec::new();
    for list in USE.captures_iter(code) {
        spread("", &list[1], &mut paths);
    }
    paths.extend(INLINE.find_iter(&USE.replace_all(code, "")).map(|path| path.as_str().to_owned()));
    paths
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn spread(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((stem, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or(tree).trim();
        return paths.push(format!("{prefix}{name}"));
    };
    let list = rest.rsplit_once('}').map_or(rest, |(list, _)| list);
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !list[begin..at].trim().is_empty() {
                    spread(&format!("{prefix}{}", stem.trim()), &list[begin..at], paths);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// A path from the crate's root, or nothing where it leads out of the crate.
fn absolute(path: &str, module: &str) -> Option<String> {
    let (first, rest) = path.split_once("::")?;
    match first {
        "crate" => Some(rest.to_owned()),
        "self" => Some(format!("{module}::{rest}")),
        "super" => {
            let mut base = module.rsplit_once("::")?.0;
            let mut rest = rest;
            while let Some(further) = rest.strip_prefix("super::") {
                (base, rest) = (base.rsplit_once("::")?.0, further);
            }
            Some(format!("{base}::{rest}"))
        }
        _ => None,
    }
}

/// The file that holds what a path names: the longest beginning of it that is a module.
fn resolve(path: &str, names: &BTreeSet<String>) -> Option<String> {
    let mut path = path;
    while !names.contains(path) {
        path = path.rsplit_once("::")?.0;
    }
    Some(path.to_owned())
}

/// The shortest way along imports from a module back to itself.
fn way_back<'a>(imports: &'a Imports, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = vec![start];
    while let Some(module) = next.pop() {
        for other in &imports[module] {
            if other == start {
                let mut way = vec![start, module];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if imports.contains_key(other) && !came_from.contains_key(&**other) {
                came_from.insert(other, module);
                next.insert(0, other);
            }
        }
    }
    None
}

#[test]
fn lists_of_use_are_spread_and_relative_paths_made_absolute() {
    let code = "use crate::a::{b, c::{d, e as f}};\nuse super::g;\nfn h() { self::i::j(); std::k::l() }";
    let found: Vec<String> = paths(code).iter().filter_map(|path| absolute(path, "m::n")).collect();
    assert_eq!(found, ["a::b", "a::c::d", "a::c::e", "m::g", "m::n::i::j"]);
}

#[test]
fn a_module_in_scope_is_what_is_named_through_it() {
    let names = ["a", "a::b", "a::b::c", "a::d"].map(str::to_owned).into();
    let code = "use super::b;\nfn f() { b::c::g(); b::G }";
    assert_eq!(named(code, "a::d", &names), ["a::b", "a::b::c"].map(str::to_owned).into());
}
