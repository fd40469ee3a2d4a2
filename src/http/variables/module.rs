//! Variables that modules define: `map`, `geo`, `split_clients`, and those of limits.

use std::net::IpAddr;

use super::put::{Write1, put_bytes, put_number, put_seconds, put_some, text_of};
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::request::body::Body;
use crate::http::{evaluate, filters, modules};
use crate::ir::http::geo::Geo;
use crate::ir::http::map::Map;
use crate::ir::http::split_clients::SplitClients;
use crate::log::now;
use crate::primitives::hash;

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "limit_req_status" => |request, out| {
            put_some(out, request.contexts.limit_status.get().and_then(|status| status.req.get()).map(str::as_bytes))
        },
        "limit_conn_status" => |request, out| {
            put_some(out, request.contexts.limit_status.get().and_then(|status| status.conn.get()).map(str::as_bytes))
        },
        "date_local" => |request, out| date(request, false, out),
        "date_gmt" => |request, out| date(request, true, out),
        "invalid_referer" => modules::referer::write_invalid,
        "modern_browser" => modules::browser::write_modern,
        "ancient_browser" => modules::browser::write_ancient,
        "msie" => |request, out| {
            if request.browser().msie {
                out.push(b'1');
            }
            true
        },
        "secure_link" => modules::secure_link::write,
        "secure_link_expires" => modules::secure_link::write_expires,
        "echo_incr" => |request, out| {
            let Some(counter) = &request.contexts.echo_counter else { return false };
            counter.set(counter.get() + 1);
            put_number(out, counter.get())
        },
        "echo_it" => |_, _| false,
        "echo_request_method" => |request, out| put_bytes(out, request.method_name()),
        "echo_client_request_method" => |request, out| put_bytes(out, request.main_method_name()),
        "echo_client_request_headers" => |request, out| {
            let head = &request.head;
            head.buffer.get(head.line.start..head.end).is_some_and(|bytes| put_bytes(out, bytes))
        },
        "echo_request_uri" | "echo_cacheable_request_uri" => |request, out| put_bytes(out, &request.uri),
        "echo_request_body" => |request, out| match &request.body {
            Body::Memory(bytes) => put_bytes(out, bytes),
            _ => false,
        },
        "echo_timer_elapsed" => |request, out| {
            let began = request.contexts.echo_timer_began.unwrap_or(request.began);
            put_seconds(out, now::since_epoch().saturating_sub(began).as_millis() as u64)
        },
        "echo_response_status" => |request, out| match request.response.status {
            0 => false,
            status => put_number(out, status.into()),
        },
        "slice_range" => filters::slice::write_range,
        "uid_got" => modules::userid::write_got,
        "uid_set" => modules::userid::write_set,
        "uid_reset" => |_, _| true,
        _ => return None,
    })
}

/// The time as `ssi` shows it.
fn date(request: &Request, is_gmt: bool, out: &mut Vec<u8>) -> bool {
    let format = request.filters.time_format.as_deref().unwrap_or(b"%A, %d-%b-%Y %H:%M:%S %Z");
    let text = now::format(&String::from_utf8_lossy(format), is_gmt);
    put_some(out, text.as_deref().map(str::as_bytes))
}

/// Writes what a `map` makes of its subject.
pub fn map(request: &Request, map: &Map, out: &mut Vec<u8>) {
    let mut subject = text_of(request, &map.subject);
    if map.hostnames && subject.last() == Some(&b'.') {
        subject.pop();
    }
    let lower = subject.to_ascii_lowercase();
    let found = map.texts.find(&lower);
    let found = found.or_else(|| {
        map.regex.iter().find(|(regex, _)| evaluate::matches(request, regex, &subject)).map(|(_, value)| value)
    });
    evaluate::write(request, found.unwrap_or(&map.default), out);
}

/// Writes what a `geo` says of an address.
pub fn geo(request: &Request, geo: &Geo, out: &mut Vec<u8>) {
    let address = match geo.address {
        Some(id) => {
            let mut text = Vec::new();
            request.write_variable(id, &mut text);
            // An address that is none counts as the broadcast address, which nobody lists.
            std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(u32::MAX.into()))
        }
        None => request.peer().ip().unwrap_or(IpAddr::V4(u32::MAX.into())),
    };
    let trusted = |address: IpAddr| geo.proxies.iter().any(|network| network.contains(address));
    let forwarded: Vec<&[u8]> = request.head.header_all(Known::XForwardedFor).collect();
    let address =
        modules::realip::forwarded_address(address, &forwarded, geo.proxy_recursive, trusted).unwrap_or(address);
    out.extend_from_slice(geo_value(geo, address));
}

fn geo_value(geo: &Geo, address: IpAddr) -> &[u8] {
    let Some(ranges) = &geo.ranges else { return geo.networks.find(address).unwrap_or(&geo.default) };
    let IpAddr::V4(address) = address.to_canonical() else { return &geo.default };
    match ranges.get(ranges.partition_point(|range| range.last < address)) {
        Some(range) if range.first <= address => &range.value,
        _ => &geo.default,
    }
}

/// Writes the part that the hash of a text falls into.
pub fn split_clients(request: &Request, split: &SplitClients, out: &mut Vec<u8>) {
    let hash = hash::murmur2(&text_of(request, &split.subject));
    let part = split.parts.iter().find(|(end, _)| end.is_none_or(|end| hash < end));
    if let Some((_, value)) = part {
        out.extend_from_slice(value);
    }
}
