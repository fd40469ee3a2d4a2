//! The values of nginx's `http_v2` module, and its directives that newer versions only warn about.

pub mod setters;

layer! {
    /// What the `http2_…` directives of a server say.
    pub struct ServerV2, own ServerV2Own {
        /// `http2`
        enabled: bool = false,
        /// `http2_max_concurrent_streams`
        max_concurrent_streams: u32 = 128,
        /// `http2_body_preread_size`
        body_preread_size: u32 = 64 * 1024,
    }
}

layer! {
    /// What the `http2_…` directives of a location say.
    pub struct V2, own V2Own {
        /// `http2_chunk_size`
        chunk_size: usize = 8 * 1024,
    }
}
