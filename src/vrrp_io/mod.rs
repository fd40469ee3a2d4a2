//! The shell around the VRRP engine: sockets, the kernel's addresses, scripts, and one loop that feeds and obeys the engine.

pub mod accounts;
pub mod announcer;
pub mod bfd_sessions;
pub mod driver;
pub mod dump;
pub mod dump_text;
mod firewall;
mod hmac_keys;
pub mod kernel;
pub mod leftovers;
mod link_delays;
mod local_igmp;
pub mod notify;
mod perform;
mod policy_routing;
pub mod predecessor;
mod promote_secondaries;
mod receive_buffers;
pub mod recorder;
pub mod smtp_alert;
pub mod sockets;
pub mod static_items;
pub mod status;
pub mod track_file;
pub mod track_process;
pub mod track_script;
pub mod vmac;
