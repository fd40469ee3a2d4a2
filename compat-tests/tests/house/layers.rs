//! Imports go downward only, and the pure folders touch nothing of the world.

use std::collections::BTreeSet;
use std::fs;

use regex_lite::Regex;

use crate::{report, sources};

/// The folders of `src/` by layer, the highest first, as the tables in `src/lib.rs` and `ARCHITECTURE.md` show them.
const LAYERS: &[(u8, &[&str])] = &[
    (7, &["cli", "process"]),
    (6, &["http", "vrrp_io", "health_io"]),
    (5, &["net", "log"]),
    (4, &["vrrp", "bfd", "balance"]),
    (3, &["ir"]),
    (2, &["conf", "zone"]),
    (1, &["primitives", "wire", "sys"]),
];

/// Imports within a layer that the design names.
const SIDEWAYS: &[(&str, &str)] = &[("wire", "primitives"), ("sys", "primitives"), ("net", "log"), ("cli", "process")];

/// Folders without sockets, files, clock or randomness.
const PURE: &[&str] = &["primitives", "wire", "conf", "zone", "ir", "vrrp", "bfd", "balance"];

/// What a pure folder may not name.
const WORLD: &str = r"\b(tokio|rustls|hyper|nix|libc)::|crate::sys\b|\bstd::(fs|env|process|thread)\b|\bfs::\w|\b(File|TcpStream|TcpListener|UdpSocket|UnixStream)::|\b(Instant|SystemTime)::now\b|\brand::|\bjiff::(Zoned|Timestamp)::now";

fn layer(folder: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, folders)| folders.contains(&folder)).map(|(number, _)| *number)
}

#[test]
fn the_tables_show_every_folder_in_its_layer() {
    let folders: BTreeSet<&str> = sources::product().filter_map(|source| source.folder()).collect();
    let layers: BTreeSet<(u8, &str)> =
        LAYERS.iter().flat_map(|(number, folders)| folders.iter().map(|folder| (*number, *folder))).collect();
    let mut faults = Vec::new();
    if layers.iter().map(|(_, folder)| *folder).collect::<BTreeSet<_>>() != folders {
        faults.push(format!("src: {folders:?} are there, {layers:?} have a layer"));
    }
    for document in ["src/lib.rs", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(sources::root().join(document)).expect("the document is there");
        let shown: BTreeSet<(u8, &str)> = text.lines().flat_map(shown_in_row).collect();
        if shown != layers {
            faults.push(format!("{document}: its table shows {shown:?}, not {layers:?}"));
        }
    }
    report("The tables of layers", &faults);
}

/// The folders that a row like ``| 4, pure | `vrrp`, `bfd` | …`` puts into its layer.
fn shown_in_row(line: &str) -> Vec<(u8, &str)> {
    let cells: Vec<&str> = line.trim_start_matches("//! ").split('|').map(str::trim).collect();
    let [_, number, folders, ..] = cells[..] else { return Vec::new() };
    let Ok(number) = first_word(number).parse() else { return Vec::new() };
    // Files and packages stand there too: only what lies in `src/` has a layer.
    let names = folders.split('`').skip(1).step_by(2);
    names.filter(|name| number > 0 && !name.contains('.')).map(|name| (number, name)).collect()
}

#[test]
fn imports_go_downward_only() {
    let import = Regex::new(r"\bcrate::(\w+)").expect("the pattern is well formed");
    let root_import = Regex::new(r"\bcrate::\{([^}]*)").expect("the pattern is well formed");
    let mut faults = Vec::new();
    for source in sources::product() {
        let Some(folder) = source.folder() else { continue };
        let depth = source.path.matches('/').count();
        for (number, line) in source.code_lines() {
            let single = import.captures_iter(line).filter_map(|found| found.get(1)).map(|name| name.as_str());
            let several = root_import.captures_iter(line).filter_map(|found| found.get(1));
            let several = several.flat_map(|list| list.as_str().split(',')).map(|name| first_word(name.trim()));
            for imported in single.chain(several) {
                if !may_import(folder, imported) {
                    faults.push(format!("{}:{number}: {folder} imports {imported}", source.path));
                }
            }
            if line.contains(&"super::".repeat(depth)) {
                faults.push(format!("{}:{number}: write crate:: where super:: leads to the root", source.path));
            }
        }
    }
    report("A folder imports from lower layers only", &faults);
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(text)
}

fn may_import(folder: &str, imported: &str) -> bool {
    match (layer(folder), layer(imported)) {
        _ if folder == imported => true,
        (Some(own), Some(other)) => {
            let is_pure_breach = PURE.contains(&folder) && imported == "sys";
            // The design keeps the engines apart from the text of the configuration.
            let is_conf_in_engine = own == 6 && imported == "conf";
            (other < own && !is_pure_breach && !is_conf_in_engine) || SIDEWAYS.contains(&(folder, imported))
        }
        // A name that is no folder: a type that the root names again.
        _ => true,
    }
}

#[test]
fn pure_folders_touch_nothing_of_the_world() {
    let world = Regex::new(WORLD).expect("the pattern is well formed");
    let mut faults = Vec::new();
    for source in sources::product().filter(|source| source.folder().is_some_and(|folder| PURE.contains(&folder))) {
        for (number, line) in source.code_lines() {
            if let Some(found) = world.find(line) {
                faults.push(format!("{}:{number}: {}", source.path, found.as_str()));
            }
        }
    }
    report("A pure folder has no sockets, files, clock, randomness or runtime", &faults);
}
