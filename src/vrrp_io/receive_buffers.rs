//! `kernel_rx_buf_size`, `vrrp_rx_bufs_policy`: how much the kernel keeps of adverts that wait for their reader.

use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::global::ReceiveBufferPolicy;
use crate::ir::keepalived::instance::Authentication;
use crate::ir::keepalived::{Global, Instance};
use crate::vrrp::{advert, signature};
use crate::wire::{auth_header, ip, vrrp_trailer};

/// Bytes that an instance asks for on its socket; 0 leaves it to the kernel.
pub fn wanted(config: &Instance, global: &Global, mtu: Option<u32>) -> u32 {
    if config.receive_buffer_size > 0 {
        return config.receive_buffer_size;
    }
    let multiplied = |len: u32| global.receive_buffer_multiplier.saturating_mul(len);
    match global.receive_buffer_policy {
        ReceiveBufferPolicy::Kernel => 0,
        ReceiveBufferPolicy::Size(size) => size,
        ReceiveBufferPolicy::Advert => multiplied(advert_len(config)),
        ReceiveBufferPolicy::Mtu => mtu.map_or(0, multiplied),
    }
}

/// With everything that the kernel hands over: of IPv6 it keeps the header.
fn advert_len(config: &Instance) -> u32 {
    let headers = match (config.family, &config.authentication) {
        (Family::V6, _) => 0,
        (Family::V4, Authentication::Header(_)) => ip::HEADER_LEN + auth_header::LEN,
        (Family::V4, Authentication::None | Authentication::Password(_)) => ip::HEADER_LEN,
    };
    let is_signed = config.auth_hmac.as_ref().is_some_and(signature::signs);
    let trailer = if is_signed { vrrp_trailer::LEN } else { 0 };
    u32::try_from(headers + advert::compose(config, 0).len() + trailer).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::configuration_text;

    fn size(global: &str, own: &str) -> u32 {
        let text = format!(
            "global_defs {{\n {global}\n}}\nvrrp_instance A {{\n interface eth0\n virtual_router_id 51\n {own}\n \
             virtual_ipaddress {{\n 192.0.2.10\n }}\n}}\n"
        );
        let config = configuration_text::read(&text);
        wanted(&config.instances[0], &config.global, Some(1500))
    }

    #[test]
    fn an_own_size_goes_before_the_policy() {
        assert_eq!(size("", ""), 0);
        assert_eq!(size("", "kernel_rx_buf_size 7000"), 7000);
        assert_eq!(size("vrrp_rx_bufs_policy 9000", ""), 9000);
        assert_eq!(size("vrrp_rx_bufs_policy MTU", ""), 4500);
        assert_eq!(size("vrrp_rx_bufs_policy MTU\n vrrp_rx_bufs_multiplier 5", "kernel_rx_buf_size 7000"), 7000);
        // IPv4 header, VRRP header, an address, the password.
        assert_eq!(size("vrrp_rx_bufs_policy ADVERT\n vrrp_rx_bufs_multiplier 200", ""), 200 * (20 + 8 + 4 + 8));
        assert_eq!(size("vrrp_rx_bufs_policy ADVERT", "version 3"), 3 * (20 + 8 + 4));
    }
}
