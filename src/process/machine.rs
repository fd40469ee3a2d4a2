//! What reading a keepalived configuration asks of the machine, answered by the machine.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::ToSocketAddrs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;

use crate::conf::keepalived::files::{FileKind, Files};
use crate::ir::keepalived::system::{Identity, Interface, RouteNames, ScriptFile, System};
use crate::sys::{credentials, interfaces, namespace, scheduling};
use crate::vrrp_io::kernel::Kernel;
use crate::wire::netlink::link::OwnKind;

/// This machine, as it is when it is first asked.
#[derive(Default)]
pub struct Machine {
    interfaces: OnceCell<Vec<interfaces::Interface>>,
    own_kinds: OnceCell<HashMap<String, Option<OwnKind>>>,
    names: OnceCell<HashMap<&'static str, HashMap<String, u32>>>,
}

impl Files for Machine {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        let Ok(data) = fs::metadata(path) else {
            return fs::symlink_metadata(path).ok().map(|_| FileKind::Other);
        };
        Some(match data.file_type() {
            kind if kind.is_dir() => FileKind::Directory,
            kind if !kind.is_file() => FileKind::Other,
            _ if data.mode() & 0o111 != 0 => FileKind::Executable,
            _ => FileKind::Regular,
        })
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        let entries = fs::read_dir(directory).ok()?.flatten();
        Some(entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }
}

impl System for Machine {
    fn interface(&self, name: &str) -> Option<Interface> {
        let all = self.interfaces.get_or_init(|| interfaces::interfaces().unwrap_or_default());
        let found = all.iter().find(|interface| interface.name == name)?;
        Some(Interface {
            loopback: found.is_loopback,
            multicast: found.has_multicast,
            ethernet: found.is_ethernet,
            mtu: found.mtu,
            address_v4: found.address_v4,
            address_v6: found.address_v6,
        })
    }

    fn vrf_table(&self, name: &str) -> Option<u32> {
        let kernel = Kernel::open().ok()?;
        kernel.link_named(name)?.vrf_table
    }

    fn is_of_another_kind(&self, name: &str, wanted: OwnKind) -> bool {
        let all = self.own_kinds.get_or_init(|| Kernel::open().map(|kernel| kernel.own_kinds()).unwrap_or_default());
        all.get(name).is_some_and(|kind| *kind != Some(wanted))
    }

    fn user(&self, name: &str) -> Option<Identity> {
        let account = credentials::user(name).ok()??;
        Some(Identity { uid: account.uid, gid: account.gid })
    }

    fn group(&self, name: &str) -> Option<u32> {
        credentials::group(name).ok()?
    }

    fn identity(&self) -> Identity {
        let (uid, gid) = credentials::identity();
        Identity { uid, gid }
    }

    fn resolves(&self, host: &str) -> bool {
        (host, 25).to_socket_addrs().is_ok_and(|mut addresses| addresses.next().is_some())
    }

    fn script(&self, program: &str, identity: Identity) -> ScriptFile {
        let Some(path) = find_script(program, identity) else { return ScriptFile::NotFound };
        let searched = (!program.contains('/')).then(|| path.display().to_string());
        judge_script(&path, identity, searched)
    }

    fn route_number(&self, names: RouteNames, name: &str) -> Option<u32> {
        let tables = self.names.get_or_init(read_route_names);
        tables.get(table_file(names))?.get(name).copied()
    }

    fn enter_namespace(&self, name: &str) -> bool {
        namespace::enter_network(&Path::new("/run/netns").join(name)).is_ok()
    }

    fn processors(&self) -> u32 {
        thread::available_parallelism().map_or(1, |count| count.get() as u32)
    }

    fn has_ipvs(&self) -> bool {
        Path::new("/proc/net/ip_vs").exists() || has_module("ip_vs")
    }
}

/// Whether the kernel could load a module: `/proc/net/ip_vs` comes with it, and whoever asks first brings it in.
fn has_module(name: &str) -> bool {
    let Ok((_, release)) = scheduling::system() else { return false };
    let list = fs::read_to_string(format!("/lib/modules/{release}/modules.dep")).unwrap_or_default();
    let file = format!("/{name}.ko");
    list.lines().any(|line| line.split(':').next().is_some_and(|path| path.contains(&file)))
}

/// The file that would be run: a name without `/` is searched in the path for one that the user may execute.
fn find_script(program: &str, identity: Identity) -> Option<PathBuf> {
    if program.contains('/') {
        let path = PathBuf::from(program);
        return is_reachable(&path, identity).then_some(path);
    }
    let path = std::env::var("PATH").unwrap_or_else(|_| "/bin:/usr/bin".into());
    path.split(':')
        .map(|folder| Path::new(folder).join(program))
        .find(|candidate| fs::metadata(candidate).is_ok_and(|data| data.is_file() && may_execute(&data, identity)))
}

/// Whether a user gets to a file through all its directories.
fn is_reachable(path: &Path, identity: Identity) -> bool {
    let Ok(real) = fs::canonicalize(path) else { return false };
    real.ancestors().skip(1).all(|folder| fs::metadata(folder).is_ok_and(|data| may_execute(&data, identity)))
}

/// The kernel's rule: the first of owner, group and others that fits decides; root needs any of the three bits.
fn may_execute(data: &fs::Metadata, identity: Identity) -> bool {
    let bit = match identity {
        Identity { uid: 0, .. } => 0o111,
        Identity { uid, .. } if uid == data.uid() => 0o100,
        Identity { gid, .. } if gid == data.gid() => 0o010,
        _ => 0o001,
    };
    data.mode() & bit != 0
}

fn judge_script(path: &Path, identity: Identity, searched: Option<String>) -> ScriptFile {
    let Ok(data) = fs::metadata(path) else { return ScriptFile::NotFound };
    let executable = data.is_file() && may_execute(&data, identity);
    let gains_root =
        data.uid() == 0 && data.mode() & 0o4100 == 0o4100 || data.gid() == 0 && data.mode() & 0o2010 == 0o2010;
    let as_root = identity.uid == 0 || identity.gid == 0 || gains_root;
    let written = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let unsafe_part = if executable && as_root { unsafe_part(&written).or_else(|| unsafe_part(&real)) } else { None };
    ScriptFile::Found { searched, executable, unsafe_part: unsafe_part.map(|part| part.display().to_string()) }
}

/// The file or the directory above it that somebody but root can change. A sticky directory is safe, as in keepalived.
fn unsafe_part(path: &Path) -> Option<&Path> {
    path.ancestors().filter(|part| !part.as_os_str().is_empty()).find(|part| {
        let Ok(data) = fs::symlink_metadata(part) else { return true };
        let open_folder = data.is_dir() && data.mode() & 0o1000 == 0;
        let writable = data.gid() != 0 && data.mode() & 0o020 != 0 || data.mode() & 0o002 != 0;
        data.uid() != 0 || (open_folder || data.is_file()) && writable
    })
}

fn table_file(names: RouteNames) -> &'static str {
    match names {
        RouteNames::Table => "rt_tables",
        RouteNames::Protocol => "rt_protos",
        RouteNames::Scope => "rt_scopes",
        RouteNames::TrafficClass => "rt_dsfield",
        RouteNames::Realm => "rt_realms",
        RouteNames::InterfaceGroup => "group",
    }
}

/// The names that hold without a file.
const BUILT_IN: &[(&str, &[(&str, u32)])] = &[
    ("rt_tables", &[("unspec", 0), ("default", 253), ("main", 254), ("local", 255)]),
    ("rt_protos", &[("none", 0), ("redirect", 1), ("kernel", 2), ("boot", 3), ("static", 4), ("keepalived", 18)]),
    ("rt_scopes", &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)]),
    ("rt_dsfield", &[("default", 0)]),
    ("rt_realms", &[("cosmos", 0)]),
    ("group", &[("default", 0)]),
];

fn read_route_names() -> HashMap<&'static str, HashMap<String, u32>> {
    let mut tables = HashMap::new();
    for (file, built_in) in BUILT_IN {
        let mut names: HashMap<String, u32> =
            built_in.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
        let mut files = vec![PathBuf::from(format!("/etc/iproute2/{file}"))];
        let folder = fs::read_dir(format!("/etc/iproute2/{file}.d")).into_iter().flatten().flatten();
        files.extend(folder.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "conf")));
        for path in files {
            add_names(&fs::read_to_string(path).unwrap_or_default(), &mut names);
        }
        tables.insert(*file, names);
    }
    tables
}

/// Lines of a number and a name.
fn add_names(text: &str, names: &mut HashMap<String, u32>) {
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(number), Some(name)) = (words.next(), words.next()) else { continue };
        let number = match number.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        if let Ok(number) = number {
            names.insert(name.to_owned(), number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_iproute2_are_read_from_their_files() {
        let mut names = HashMap::new();
        add_names("# reserved\n254\tmain\n0x10 lowdelay # old\nx y\n", &mut names);
        assert_eq!((names.get("main"), names.get("lowdelay"), names.len()), (Some(&254), Some(&16), 2));
    }

    #[test]
    fn scripts_are_judged_by_file_and_path() {
        let root = Identity { uid: 0, gid: 0 };
        assert_eq!(Machine::default().script("/nowhere/script", root), ScriptFile::NotFound);
        let found = Machine::default().script("/etc/passwd", root);
        assert_eq!(found, ScriptFile::Found { searched: None, executable: false, unsafe_part: None });
    }
}
