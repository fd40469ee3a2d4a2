//! Small values that every layer shares.

pub mod calendar;
pub mod checksum;
pub mod clock;
pub mod decimal;
pub mod duration;
pub mod escape;
pub mod hash;
pub mod http_date;
pub mod monotonic;
pub mod os_error;
pub mod size;
pub mod utf8;
