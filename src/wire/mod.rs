//! Bytes to values and back, for every protocol spoken here. Pure: no sockets, no clock.

pub mod arp;
pub mod auth_header;
pub mod bfd;
pub mod der;
pub mod dns;
pub mod http1;
pub mod http2;
pub mod ip;
pub mod mp4;
pub mod ndisc;
pub mod netlink;
pub mod ocsp;
pub mod pem;
pub mod proxy_protocol;
pub mod proxy_protocol_tlv;
pub mod vrrp;
pub mod vrrp_trailer;
pub mod x509;
pub mod x509_name;
