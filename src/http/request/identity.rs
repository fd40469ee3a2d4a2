//! Who a client is by the cookie of `userid`.

/// What a request knows of its client's identity.
#[derive(Clone, Default, Debug)]
pub struct Identity {
    /// The cookie's value.
    pub cookie: Vec<u8>,
    /// What the client sent.
    pub got: [u32; 4],
    /// What it is sent.
    pub set: [u32; 4],
    /// `$uid_reset` asked for a new one.
    pub reset: bool,
}
