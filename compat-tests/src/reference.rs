//! The originals, as the distribution installs them.

use std::env;
use std::path::{Path, PathBuf};

use crate::program::{Program, run};

/// nginx and keepalived; `NGINX_ORIGINAL` and `KEEPALIVED_ORIGINAL` name others than the installed ones.
pub fn originals() -> Result<Program, String> {
    let nginx = locate(
        "NGINX_ORIGINAL",
        "/usr/sbin/nginx",
        "nginx-full libnginx-mod-stream libnginx-mod-http-headers-more-filter libnginx-mod-http-echo",
    )?;
    let keepalived = locate("KEEPALIVED_ORIGINAL", "/usr/sbin/keepalived", "keepalived")?;
    let versions = [version(&nginx)?, version(&keepalived)?].into_iter().flatten().collect();
    Ok(Program { nginx, keepalived, versions })
}

fn locate(variable: &str, installed: &str, packages: &str) -> Result<PathBuf, String> {
    let path = env::var_os(variable).map_or_else(|| PathBuf::from(installed), PathBuf::from);
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{} is missing. The original to compare with: apt-get install {packages}", path.display()))
}

/// `1.22.1` and `1.22`, so that a fence may name either.
fn version(program: &Path) -> Result<Vec<String>, String> {
    let (text, _) = run(program, &["-v".to_owned()], Path::new("/"))?;
    let number = text.split(['/', ' ', '\n']).map(|word| word.trim_start_matches('v'));
    let number = number.into_iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'));
    let number = number.ok_or_else(|| format!("{} -v names no version: {text}", program.display()))?;
    let short = number.rsplit_once('.').map_or(number, |(short, _)| short);
    Ok(vec![number.to_owned(), short.to_owned()])
}
