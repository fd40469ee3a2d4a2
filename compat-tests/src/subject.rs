//! evenkeel, built by cargo and called by the names of the programs whose place it takes.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program::Program;

/// Builds evenkeel and gives it both names. `EVENKEEL_BINARY` names one that is built already.
pub fn ours() -> Result<Program, String> {
    let binary = match env::var_os("EVENKEEL_BINARY") {
        Some(path) => PathBuf::from(path),
        None => build()?,
    };
    let folder = binary.with_file_name("called-as");
    Ok(Program {
        nginx: link(&folder, "nginx", &binary)?,
        keepalived: link(&folder, "keepalived", &binary)?,
        versions: Vec::new(),
    })
}

/// `cargo test -p compat-tests` builds no binary of another package, so this asks for it.
fn build() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    // A test lies in `deps`, a tool beside it.
    let folder =
        own.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).ok_or("this lies in no target directory")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "evenkeel", "--bin", "evenkeel"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("evenkeel does not build".to_owned());
    }
    Ok(folder.join("evenkeel"))
}

fn link(folder: &Path, name: &str, binary: &Path) -> Result<PathBuf, String> {
    let describe = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(describe)?;
    let binary = fs::canonicalize(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    let path = folder.join(name);
    // Tests and test programs may do this at once: each renames a link of its own into place.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = folder.join(format!("{name}.{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    symlink(&binary, &own).map_err(describe)?;
    fs::rename(&own, &path).map_err(describe)?;
    Ok(path)
}
