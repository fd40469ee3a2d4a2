//! Any bytes as a packet: the PROXY protocol, IPv4, VRRP, BFD, and what the kernel says by netlink; and as the head of a film.

#![no_main]

use evenkeel::wire::auth_header::AuthHeader;
use evenkeel::wire::bfd::Control;
use evenkeel::wire::netlink::addr::Address;
use evenkeel::wire::netlink::link::Link;
use evenkeel::wire::netlink::process_event::ProcessEvent;
use evenkeel::wire::netlink::removal;
use evenkeel::wire::vrrp::{Family, Packet};
use evenkeel::wire::mp4::{self, Parts, Span};
use evenkeel::wire::{ip, netlink, proxy_protocol, proxy_protocol_tlv, vrrp, vrrp_trailer};
use libfuzzer_sys::fuzz_target;

fn proxy(bytes: &[u8]) {
    // A reader asks for no more than the header has, so every beginning is asked about.
    let mut end = 0;
    while let Ok(proxy_protocol::Progress::More(more)) = proxy_protocol::read(&bytes[..end]) {
        assert!(more > 0, "nothing more is no progress");
        end += more;
        if end > bytes.len() {
            return;
        }
    }
}

fn entries(bytes: &[u8]) {
    for name in ["alpn", "0xff", "ssl_verify", "ssl_cn"] {
        let _ = proxy_protocol_tlv::find(bytes, name.as_bytes());
    }
}

fn film(bytes: &[u8]) {
    let parts = Parts { file_type: None, movie: Some(bytes), data_end: Some(1 << 20), file_end: 1 << 20 };
    for (start_ms, length_ms) in [(0, 1), (1500, 0), (1500, 1000)] {
        let _ = mp4::cut(&parts, Span { start_ms, length_ms, start_key_frame: true });
    }
}

fn advert(bytes: &[u8]) {
    let Ok(packet) = Packet::new(bytes) else { return };
    for family in [Family::Ipv4, Family::Ipv6] {
        assert!(packet.addresses(family).count() <= usize::from(packet.address_count()));
        let _ = (packet.auth_data(family), packet.expected_len(family));
        let start = vrrp::pseudo_header([127, 0, 0, 1].into(), [224, 0, 0, 18].into(), bytes.len());
        let _ = packet.checksum_is_right(family, start);
    }
}

fn trailer(bytes: &[u8]) {
    let Some((packet, end)) = bytes.split_last_chunk::<{ vrrp_trailer::LEN }>() else { return };
    let (prefix, _) = vrrp_trailer::parse(end);
    assert_eq!(prefix.bytes(), end[..vrrp_trailer::PREFIX_LEN]);
    let _ = vrrp_trailer::covered([127, 0, 0, 1].into(), packet, prefix);
}

fn session(bytes: &[u8]) {
    if let Ok(control) = Control::parse(bytes) {
        assert_eq!(Control::parse(&control.bytes()), Ok(control));
    }
}

fn kernel(bytes: &[u8]) {
    let _ = ProcessEvent::parse(bytes);
    for message in netlink::messages(bytes) {
        let _ = message.error_number();
        let _ = (Address::parse(message.body), Link::parse(message.body));
        let _ = (removal::Route::parse(message.body), removal::Rule::parse(message.body));
        for (_, value) in netlink::attributes(message.body) {
            let _ = (netlink::address(value), netlink::text(value));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    proxy(bytes);
    entries(bytes);
    film(bytes);
    advert(bytes);
    kernel(bytes);
    session(bytes);
    trailer(bytes);
    if let Some(datagram) = ip::Ipv4Datagram::parse(bytes) {
        advert(datagram.payload);
        if let Some((header, behind)) = AuthHeader::split(datagram.payload) {
            let _ = header.covered(&bytes[..datagram.header_len], true, behind);
            advert(behind);
        }
    }
});
