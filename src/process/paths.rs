//! The directories and files that a configuration names: temporary directories are made, log files are listed.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::rc::Rc;

use crate::conf::diagnostic::Level;
use crate::http::engine;
use crate::ir::Nginx;
use crate::ir::core::{ErrorLog as Line, ErrorLogTarget};
use crate::ir::http::Location;
use crate::ir::http::log::AccessLogTarget;
use crate::log::error_log::ErrorLog;

/// Says that a directory could not be made; the reason is in the log.
#[derive(Debug)]
pub struct PathFault;

/// Makes the temporary directories and gives them to the workers' user.
pub fn create(nginx: &Nginx, owner: Option<u32>, log: &ErrorLog) -> Result<(), PathFault> {
    let mut directories = Vec::new();
    let mut seen = BTreeSet::new();
    for_each_location(nginx, &mut |location| {
        let settings = &location.settings;
        for path in [&settings.core.client_body_temp_path.path, &settings.proxy.temp_path.path] {
            if seen.insert(path.clone()) {
                directories.push(path.to_string());
            }
        }
    });
    for directory in directories {
        create_one(&directory, owner).map_err(|(call, error)| {
            log.say_error(Level::Emerg, &error, call);
            PathFault
        })?;
    }
    Ok(())
}

fn create_one(path: &str, owner: Option<u32>) -> Result<(), (String, io::Error)> {
    // nginx's paths end with a slash here only if the operator wrote one.
    let fault = |call: String| move |error| (call, error);
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err((format!("mkdir() \"{path}\" failed"), error));
        }
        _ => {}
    }
    let Some(owner) = owner else { return Ok(()) };
    let metadata = fs::metadata(path).map_err(fault(format!("stat() \"{path}\" failed")))?;
    if metadata.uid() != owner {
        chown(path, Some(owner), None).map_err(fault(format!("chown(\"{path}\", {owner}) failed")))?;
    }
    let mode = metadata.mode();
    if mode & 0o700 != 0o700 {
        let rights = fs::Permissions::from_mode(mode | 0o700);
        fs::set_permissions(path, rights).map_err(fault(format!("chmod() \"{path}\" failed")))?;
    }
    Ok(())
}

/// The paths of all log files, in nginx's order: as they are named, then what nobody names.
pub fn log_files(nginx: &Nginx) -> Vec<String> {
    let mut paths = Vec::new();
    let mut seen = BTreeSet::new();
    let mut add = |path: String| {
        if seen.insert(path.clone()) {
            paths.push(path);
        }
    };
    nginx.log_files.iter().for_each(|path| add(path.to_string()));
    for_each_location(nginx, &mut |location| {
        error_log_files(&location.settings.core.error_log, &mut add);
        for access_log in &*location.settings.log.access_logs {
            if let AccessLogTarget::File(path) = &access_log.target {
                add(path.to_string());
            }
        }
    });
    paths
}

fn error_log_files(lines: &[Line], add: &mut impl FnMut(String)) {
    for line in lines {
        if let ErrorLogTarget::File(path) = &line.target {
            add(path.to_string());
        }
    }
}

/// Runs something for every location of `http`.
pub fn for_each_location(nginx: &Nginx, run: &mut impl FnMut(&Rc<Location>)) {
    if let Some(http) = &nginx.http {
        engine::each_location(http, run);
    }
}
