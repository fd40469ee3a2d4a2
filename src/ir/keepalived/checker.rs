//! The checks of real servers: `TCP_CHECK`, `HTTP_GET` and their kin.

use std::net::SocketAddr;

use serde::Serialize;

use super::notify::Command;

/// One check of a real server.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Checker {
    /// What is tried.
    pub kind: CheckerKind,
    /// Where to connect; `None` for checks that do not.
    pub connection: Option<Connection>,
    /// It counts as failed until it has succeeded.
    pub alpha: bool,
    /// From one check to the next.
    pub delay_loop_us: u64,
    /// The first check comes at a random time within.
    pub warmup_us: u64,
    /// How many failures are followed by another try.
    pub retry: u32,
    /// From a failure to the next try.
    pub delay_before_retry_us: u64,
    /// `log_all_failures`
    pub log_all_failures: bool,
}

/// Where a check connects, and from where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Connection {
    /// `connect_ip` and `connect_port`, or the real server's.
    pub destination: SocketAddr,
    /// `bindto`
    pub source: Option<std::net::IpAddr>,
    /// `bind_port`; 0 is any.
    pub source_port: u16,
    /// `bind_if`
    pub interface: Option<String>,
    /// `connect_timeout`
    pub timeout_us: u64,
    /// `fwmark`; 0 is none.
    pub mark: u32,
}

/// What a check does.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum CheckerKind {
    /// `TCP_CHECK`: a connection is accepted.
    Tcp,
    /// `PING_CHECK`: ICMP echo is answered.
    Ping,
    /// `UDP_CHECK`
    Udp(UdpCheck),
    /// `DNS_CHECK`
    Dns(DnsCheck),
    /// `HTTP_GET`, `SSL_GET`
    Http(HttpCheck),
    /// `SMTP_CHECK`: the greeting of a mail server.
    Smtp {
        /// `helo_name`
        helo_name: String,
    },
    /// `MISC_CHECK`
    Misc(MiscCheck),
    /// `FILE_CHECK`: the number in a file is a weight.
    File(FileCheck),
    /// `BFD_CHECK`: the state of a `bfd_instance`.
    Bfd {
        /// Its name.
        name: String,
    },
}

/// `UDP_CHECK`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct UdpCheck {
    /// What is sent.
    pub payload: Vec<u8>,
    /// `require_reply`: silence is a failure.
    pub require_reply: bool,
    /// The reply that is expected, each byte with a mask of the bits that may be anything.
    pub reply: Vec<(u8, u8)>,
    /// `min_reply_length`
    pub min_reply_length: u16,
    /// `max_reply_length`
    pub max_reply_length: u16,
}

/// `DNS_CHECK`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DnsCheck {
    /// `type`, in capitals.
    pub record_type: &'static str,
    /// `name`
    pub name: String,
}

/// `HTTP_GET`, `SSL_GET`
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct HttpCheck {
    /// `SSL_GET`
    pub tls: bool,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `http_protocol`
    pub protocol: HttpProtocol,
    /// `enable_sni`
    pub enable_sni: bool,
    /// `sni_name`
    pub sni_name: Option<String>,
    /// `fast_recovery`
    pub fast_recovery: bool,
    /// `tls_compliant`
    pub tls_compliant: bool,
    /// Asked for one after the other. Never empty.
    pub urls: Vec<Url>,
}

/// `http_protocol`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum HttpProtocol {
    /// `1.0`
    #[default]
    Http10,
    /// `1.0C`: with a `Connection` field.
    Http10Close,
    /// `1.1`
    Http11,
}

/// `url { … }`
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Url {
    /// `path`
    pub path: String,
    /// `digest`: the MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// `status_code`: first and last of each range.
    pub status_codes: Vec<(u16, u16)>,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `regex`, over the body.
    pub regex: Option<String>,
    /// `regex_no_match`: a match is a failure.
    pub regex_no_match: bool,
    /// `regex_options`
    pub regex_options: Vec<String>,
    /// `regex_min_offset`
    pub regex_min_offset: u64,
    /// `regex_max_offset`
    pub regex_max_offset: Option<u64>,
    /// `regex_stack`: bytes at first and at most.
    pub regex_stack: Option<(u64, u64)>,
    /// `tls_compliant`
    pub tls_compliant: Option<bool>,
}

/// `MISC_CHECK`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MiscCheck {
    /// `misc_path` and `user`
    pub command: Command,
    /// `misc_timeout`; `None` is the time from one check to the next.
    pub timeout_s: Option<u32>,
    /// `misc_dynamic`: the exit code is a weight.
    pub dynamic: bool,
}

/// `FILE_CHECK`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FileCheck {
    /// The name of a `track_file`.
    pub track_file: String,
    /// What the number in the file is multiplied by.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
}
