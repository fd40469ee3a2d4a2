//! The checks over several values that nginx makes when it merges a block's values with the outer ones.

use super::Settings;
use super::core::ServerCore;
use super::proxy::Proxy;
use super::secure_link::SecureLink;

/// When nginx makes a check: by module, in the order of its list of modules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Order(u8);

impl Order {
    /// `http_core`
    pub const CORE: Self = Self(0);
    /// `http_referer`
    pub const REFERER: Self = Self(17);
    /// `http_ssl`
    pub const SSL: Self = Self(19);
    /// `http_proxy`
    pub const PROXY: Self = Self(20);
    /// `http_secure_link`
    pub const SECURE_LINK: Self = Self(30);
    /// The trees of locations, after all modules.
    pub const LOCATIONS: Self = Self(100);
}

/// What is wrong with a server's values.
pub fn server(core: &ServerCore) -> Vec<(Order, &'static str)> {
    match core.large_client_header_buffers.size < core.connection_pool_size {
        true => vec![(
            Order::CORE,
            "the \"large_client_header_buffers\" size must be equal to or greater than \"connection_pool_size\"",
        )],
        false => Vec::new(),
    }
}

/// What is wrong with a location's values.
pub fn location(settings: &Settings) -> Option<(Order, &'static str)> {
    let proxy = proxy(&settings.proxy).map(|fault| (Order::PROXY, fault));
    proxy.or_else(|| secure_link(&settings.secure_link).map(|fault| (Order::SECURE_LINK, fault)))
}

fn secure_link(link: &SecureLink) -> Option<&'static str> {
    let is_mixed = link.secret.is_some() && (link.link.is_some() || link.md5.is_some());
    is_mixed.then_some("\"secure_link_secret\" cannot be mixed with \"secure_link\" and \"secure_link_md5\"")
}

fn proxy(proxy: &Proxy) -> Option<&'static str> {
    let largest = proxy.largest_buffer();
    match () {
        () if proxy.buffers.count < 2 => Some("there must be at least 2 \"proxy_buffers\""),
        () if proxy.busy_size() < largest => Some(
            "\"proxy_busy_buffers_size\" must be equal to or greater than the maximum of the value of \
             \"proxy_buffer_size\" and one of the \"proxy_buffers\"",
        ),
        () if proxy.busy_size() > (proxy.buffers.count - 1).saturating_mul(proxy.buffers.size) => {
            Some("\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus one buffer")
        }
        () if proxy.temp_write_size() < largest => Some(
            "\"proxy_temp_file_write_size\" must be equal to or greater than the maximum of the value of \
             \"proxy_buffer_size\" and one of the \"proxy_buffers\"",
        ),
        () if proxy.max_temp_file_size != 0 && proxy.max_temp_file_size < largest as u64 => Some(
            "\"proxy_max_temp_file_size\" must be equal to zero to disable temporary files usage or must be equal \
             to or greater than the maximum of the value of \"proxy_buffer_size\" and one of the \"proxy_buffers\"",
        ),
        () => None,
    }
}
