//! The keepalived tables, a file for each block, and the search over them.

pub mod auth_hmac;
pub mod authentication;
pub mod bfd_instance;
pub mod check_bfd_check;
pub mod check_dns_check;
pub mod check_file_check;
pub mod check_http_get;
pub mod check_http_get_url;
pub mod check_misc_check;
pub mod check_ping_check;
pub mod check_smtp_check;
pub mod check_smtp_check_host;
pub mod check_ssl_get;
pub mod check_ssl_get_url;
pub mod check_tcp_check;
pub mod check_udp_check;
pub mod garp_group;
pub mod global_defs;
pub mod real_server;
pub mod root;
pub mod ssl;
pub mod static_ipaddress;
pub mod static_routes;
pub mod static_rules;
pub mod track_file;
pub mod track_group;
pub mod virtual_ipaddress;
pub mod virtual_ipaddress_excluded;
pub mod virtual_routes;
pub mod virtual_rules;
pub mod virtual_server;
pub mod vrrp_instance;
pub mod vrrp_script;
pub mod vrrp_sync_group;
pub mod vrrp_track_file;
pub mod vrrp_track_process;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Status;

/// One keyword in one block of keepalived.conf.
#[derive(Clone, Copy, Debug)]
pub struct Keyword {
    /// The path of blocks it stands in, parted by `/`; empty outside all blocks.
    pub block: &'static str,
    /// The word that begins the line.
    pub name: &'static str,
    /// What follows it: type, range, words.
    pub value: &'static str,
    /// The value in force when nobody sets it; `-` where there is none.
    pub default: &'static str,
    /// What a second line with the same keyword does.
    pub repeatable: &'static str,
    /// The first version of keepalived that has it.
    pub since: &'static str,
    /// The build options of keepalived it hangs on.
    pub needs: &'static str,
    /// What evenkeel does with it.
    pub status: Status,
}

/// The same rows in `block`, and what it has beyond them; `N` is the number of both.
const fn also_in<const N: usize>(block: &'static str, rows: &[Keyword], further: &[Keyword]) -> [Keyword; N] {
    assert!(N == rows.len() + further.len());
    let mut keywords = [Keyword { block, ..rows[0] }; N];
    let mut at = 0;
    while at < N {
        let row = if at < rows.len() { rows[at] } else { further[at - rows.len()] };
        keywords[at] = Keyword { block, ..row };
        at += 1;
    }
    keywords
}

/// What ties a static address, route or rule to a `track_group`.
const TRACK_GROUP_OF_STATIC: Keyword = Keyword {
    block: "",
    name: "track_group",
    value: "string NAME",
    default: "none",
    repeatable: "first kept",
    since: "-",
    needs: "-",
    status: Status::Done,
};

/// All tables, by the name of their file.
pub const TABLES: &[(&str, &[Keyword])] = &[
    ("auth_hmac", auth_hmac::KEYWORDS),
    ("authentication", authentication::KEYWORDS),
    ("bfd_instance", bfd_instance::KEYWORDS),
    ("check_bfd_check", check_bfd_check::KEYWORDS),
    ("check_dns_check", check_dns_check::KEYWORDS),
    ("check_file_check", check_file_check::KEYWORDS),
    ("check_http_get", check_http_get::KEYWORDS),
    ("check_http_get_url", check_http_get_url::KEYWORDS),
    ("check_misc_check", check_misc_check::KEYWORDS),
    ("check_ping_check", check_ping_check::KEYWORDS),
    ("check_smtp_check", check_smtp_check::KEYWORDS),
    ("check_smtp_check_host", check_smtp_check_host::KEYWORDS),
    ("check_ssl_get", check_ssl_get::KEYWORDS),
    ("check_ssl_get_url", check_ssl_get_url::KEYWORDS),
    ("check_tcp_check", check_tcp_check::KEYWORDS),
    ("check_udp_check", check_udp_check::KEYWORDS),
    ("garp_group", garp_group::KEYWORDS),
    ("global_defs", global_defs::KEYWORDS),
    ("real_server", real_server::KEYWORDS),
    ("root", root::KEYWORDS),
    ("ssl", ssl::KEYWORDS),
    ("static_ipaddress", static_ipaddress::KEYWORDS),
    ("static_routes", static_routes::KEYWORDS),
    ("static_rules", static_rules::KEYWORDS),
    ("track_file", track_file::KEYWORDS),
    ("track_group", track_group::KEYWORDS),
    ("virtual_ipaddress", virtual_ipaddress::KEYWORDS),
    ("virtual_ipaddress_excluded", virtual_ipaddress_excluded::KEYWORDS),
    ("virtual_routes", virtual_routes::KEYWORDS),
    ("virtual_rules", virtual_rules::KEYWORDS),
    ("virtual_server", virtual_server::KEYWORDS),
    ("vrrp_instance", vrrp_instance::KEYWORDS),
    ("vrrp_script", vrrp_script::KEYWORDS),
    ("vrrp_sync_group", vrrp_sync_group::KEYWORDS),
    ("vrrp_track_file", vrrp_track_file::KEYWORDS),
    ("vrrp_track_process", vrrp_track_process::KEYWORDS),
];

/// All rows of all tables.
pub fn keywords() -> impl Iterator<Item = &'static Keyword> {
    TABLES.iter().flat_map(|(_, rows)| rows.iter())
}

/// The row of a keyword in a block; the empty block is the outside of all.
pub fn find(block: &str, name: &str) -> Option<&'static Keyword> {
    // Every line of a file asks, and there are a thousand rows.
    static ROWS: LazyLock<HashMap<(&str, &str), &Keyword>> =
        LazyLock::new(|| keywords().map(|row| ((row.block, row.name), row)).collect());
    ROWS.get(&(block, name)).copied()
}

/// The blocks that hold keywords. All other blocks hold values, which the keyword before them reads.
const KEYWORD_BLOCKS: &[&str] = &[
    "SSL",
    "bfd_instance",
    "garp_group",
    "global_defs",
    "track_file",
    "track_group",
    "virtual_server",
    "virtual_server/real_server",
    "virtual_server/real_server/BFD_CHECK",
    "virtual_server/real_server/DNS_CHECK",
    "virtual_server/real_server/FILE_CHECK",
    "virtual_server/real_server/HTTP_GET",
    "virtual_server/real_server/HTTP_GET/url",
    "virtual_server/real_server/MISC_CHECK",
    "virtual_server/real_server/PING_CHECK",
    "virtual_server/real_server/SMTP_CHECK",
    "virtual_server/real_server/SMTP_CHECK/host",
    "virtual_server/real_server/SSL_GET",
    "virtual_server/real_server/SSL_GET/url",
    "virtual_server/real_server/TCP_CHECK",
    "virtual_server/real_server/UDP_CHECK",
    "vrrp_instance",
    "vrrp_instance/auth_hmac",
    "vrrp_instance/authentication",
    "vrrp_script",
    "vrrp_sync_group",
    "vrrp_track_file",
    "vrrp_track_process",
];

/// The block of keywords that a keyword opens.
pub fn keyword_block(row: &Keyword) -> Option<&'static str> {
    KEYWORD_BLOCKS.iter().copied().find(|path| match path.rsplit_once('/') {
        Some((block, name)) => row.block == block && row.name == name,
        None => row.block.is_empty() && row.name == *path,
    })
}

impl Keyword {
    /// Whether a command line follows, which has its own rules for quotes.
    pub fn takes_command(&self) -> bool {
        self.value.contains("quoted command")
    }
}
