//! `auth_hmac key ID file:PATH`: keys that stand in files of their own, so that the configuration holds no secret.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use crate::ir::keepalived::Keepalived;
use crate::ir::keepalived::instance::HmacKeySource;
use crate::ir::keepalived::read::key_bytes;
use crate::log::keepalived_log::KeepalivedLog;

/// Bytes that a key may have.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=64;
/// `hex:`, two digits for each byte of the longest key, and a few more (keepalived).
const LONGEST_FILE: u64 = 139;
/// Everybody but the owner.
const OTHERS: u32 = 0o077;

/// Puts the keys where their files are named. A key that cannot be had is left out, with a word in the log.
pub fn load(config: &mut Keepalived, log: &KeepalivedLog) {
    for instance in &mut config.instances {
        let name = &instance.name;
        let Some(hmac) = &mut instance.auth_hmac else { continue };
        hmac.keys.retain_mut(|key| {
            let HmacKeySource::File(path) = &key.source else { return true };
            let bytes = read(name, path, log).unwrap_or_default();
            let fits = LENGTHS.contains(&bytes.len());
            if !fits {
                let (id, len) = (key.id, bytes.len());
                log.info(&format!("({name}) auth_hmac key {id} length {len} not in range [32, 64]"));
            }
            key.source = HmacKeySource::Bytes(bytes);
            fits
        });
        let active = hmac.active_key;
        if !hmac.keys.iter().any(|key| key.id == active) {
            log.info(&format!("({name}) auth_hmac active_key {active} is not defined, disabling extension"));
            instance.auth_hmac = None;
        }
    }
}

fn read(instance: &str, path: &str, log: &KeepalivedLog) -> Option<Vec<u8>> {
    let Ok(file) = File::open(path) else {
        log.info(&format!("({instance}) auth_hmac key file '{path}' cannot be opened"));
        return None;
    };
    if file.metadata().is_ok_and(|data| data.permissions().mode() & OTHERS != 0) {
        log.info(&format!("({instance}) auth_hmac key file '{path}' is readable by group or others"));
    }
    let mut text = String::new();
    if file.take(LONGEST_FILE + 1).read_to_string(&mut text).is_err() || text.len() as u64 > LONGEST_FILE {
        log.info(&format!("({instance}) auth_hmac key file '{path}' is too large"));
        return None;
    }
    Some(key_bytes(text.trim_end_matches(['\n', '\r'])))
}
