//! Processes as nginx has them: a privileged master without threads, workers with one runtime each.

pub mod disk_files;
pub mod options;
