//! As whom a script runs.

use std::io;

use crate::ir::keepalived::{Command, Global, User};
use crate::sys::credentials;
use crate::sys::spawn::Identity;

/// The user that keepalived takes if nobody is named and it exists.
const DEFAULT_USER: &str = "keepalived_script";

/// Who runs a command; `None` is ourselves.
pub fn identity(command: &Command, global: &Global) -> io::Result<Option<Identity>> {
    identity_of(command.user.as_ref(), global)
}

/// The numbers of a user, or of the default one where nobody is named, as keepalived shows them.
pub(super) fn numbers(user: Option<&User>, global: &Global) -> String {
    let (uid, gid) = match identity_of(user, global) {
        Ok(Some(identity)) => (identity.uid, identity.gid),
        _ => credentials::identity(),
    };
    format!("{uid}:{gid}")
}

fn identity_of(user: Option<&User>, global: &Global) -> io::Result<Option<Identity>> {
    if !credentials::is_root() {
        return Ok(None);
    }
    match user.or(global.script_user.as_ref()) {
        Some(user) => named(user).map(Some),
        None => match credentials::user(DEFAULT_USER)? {
            Some(account) => {
                let groups = groups(DEFAULT_USER, account.gid, global.set_supplementary_groups)?;
                Ok(Some(Identity { uid: account.uid, gid: account.gid, groups }))
            }
            None => Ok(None),
        },
    }
}

fn named(user: &User) -> io::Result<Identity> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("Script user '{}' does not exist", user.name));
    let account = match user.name.parse::<u32>() {
        Ok(uid) => credentials::user_numbered(uid)?.unwrap_or((uid, uid)),
        Err(_) => credentials::user(&user.name)?.map(|account| (account.uid, account.gid)).ok_or_else(unknown)?,
    };
    let gid = match &user.group {
        None => account.1,
        Some(group) => match group.parse::<u32>() {
            Ok(gid) => gid,
            Err(_) => credentials::group(group)?.ok_or_else(unknown)?,
        },
    };
    let groups = groups(&user.name, account.1, user.supplementary_groups)?;
    Ok(Identity { uid: account.0, gid, groups })
}

/// The further groups of a script: none, so that root's do not stay, or all of the user's (keepalived).
fn groups(user: &str, gid: u32, wanted: bool) -> io::Result<Vec<u32>> {
    if wanted { credentials::groups(user, gid) } else { Ok(Vec::new()) }
}
