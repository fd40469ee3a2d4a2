//! Processes as nginx and keepalived have them: masters and parents without threads, workers with one runtime each.

pub mod control;
pub mod cycle;
pub mod daemon;
pub mod disk_files;
pub mod divert;
pub mod keepalived;
pub mod keepalived_run;
pub mod limit_zones;
pub mod machine;
pub mod master;
pub mod options;
pub mod paths;
pub mod pid_file;
pub mod privileges;
pub mod replace;
pub mod service_manager;
pub mod services;
pub mod shared;
pub mod signals;
pub mod single;
pub mod start;
pub mod takeover;
pub mod upgrade;
pub mod upstream_zones;
pub mod vrrp_child;
pub mod worker;
