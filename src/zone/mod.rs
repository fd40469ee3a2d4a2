//! What workers share: tables and locks over words that someone else has mapped.

pub mod aged;
pub mod limit_conn;
pub mod limit_req;
pub mod lock;
pub mod members;
pub mod peers;
pub mod slab;
pub mod ssl_sessions;
pub mod sticky;
pub mod table;
