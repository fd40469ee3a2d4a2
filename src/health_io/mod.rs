//! What keepalived's health checker does to servers: asks them, over the network.

pub mod genhash;
