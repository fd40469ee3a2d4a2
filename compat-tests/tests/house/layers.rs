//! Imports go downward only, and the pure folders touch nothing of the world.

use regex_lite::Regex;

use crate::{report, sources};

/// The folders of `src/` by layer, the highest first, as the table in `src/lib.rs` shows them.
const LAYERS: &[(u8, &[&str])] = &[
    (7, &["cli", "process"]),
    (6, &["http", "stream", "vrrp_io", "health_io"]),
    (5, &["net", "log"]),
    (4, &["vrrp", "bfd", "balance", "health"]),
    (3, &["ir"]),
    (2, &["conf", "zone"]),
    (1, &["primitives", "wire", "sys"]),
];

/// Imports within a layer that the design names.
const SIDEWAYS: &[(&str, &str)] = &[("wire", "primitives"), ("sys", "primitives"), ("net", "log"), ("cli", "process")];

/// Folders without sockets, files, clock or randomness.
const PURE: &[&str] = &["primitives", "wire", "conf", "zone", "ir", "vrrp", "bfd", "balance", "health"];

/// What a pure folder may not name.
const WORLD: &str = r"\b(tokio|rustls|hyper|nix|libc)::|crate::sys\b|\bstd::(fs|env|process|thread)\b|\bfs::\w|\b(File|TcpStream|TcpListener|UdpSocket|UnixStream)::|\b(Instant|SystemTime)::now\b|\brand::|\bjiff::(Zoned|Timestamp)::now";

fn layer(folder: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, folders)| folders.contains(&folder)).map(|(number, _)| *number)
}

#[test]
fn every_folder_has_a_layer_and_the_library_shows_the_same_table() {
    let library = sources::all().iter().find(|source| source.path == "src/lib.rs").expect("the library has a root");
    let mut faults = Vec::new();
    for line in library.text.lines().filter(|line| line.starts_with("//! | ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Ok(number) = cells[1].parse::<u8>() else { continue };
        for folder in cells[2].split('`').skip(1).step_by(2) {
            if number > 0 && layer(folder) != Some(number) {
                faults.push(format!("src/lib.rs: {folder} in layer {number} is {:?} here", layer(folder)));
            }
        }
    }
    for source in sources::product() {
        let Some(folder) = source.folder() else { continue };
        if layer(folder).is_none() {
            faults.push(format!("{}: the folder {folder} has no layer", source.path));
        }
        if !library.text.contains(&format!("`{folder}`")) {
            faults.push(format!("{}: the table in src/lib.rs does not name {folder}", source.path));
        }
    }
    faults.dedup();
    report("The table of layers", &faults);
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
