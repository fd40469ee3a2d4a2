//! Doing what the engine asks for.

use std::io;
use std::net::IpAddr;

use crate::ir::keepalived::VirtualAddress;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::Destination;
use crate::ir::keepalived::placement::Placement;
use crate::vrrp::Action;
use crate::vrrp::action::Outgoing;
use crate::vrrp::event::InstanceId;
use crate::vrrp::report::Report;
use crate::wire::netlink::kind;

use super::announcer::{Frame, frame_name};
use super::driver::{self, Driver};
use super::kernel::{error_line, error_text};

/// `ENODEV`
const NO_SUCH_DEVICE: i32 = 19;

impl Driver<'_> {
    /// Does one thing.
    pub(super) fn perform(&mut self, action: &Action) {
        match action {
            Action::SendAdvert(outgoing) => self.send(outgoing),
            Action::Addresses { instance, set, addresses } => self.change_addresses(*instance, *set, addresses),
            Action::Firewall { instance, set, addresses } => self.change_firewall(*instance, *set, addresses),
            Action::Routes { set, routes, .. } => {
                for route in routes {
                    let kind = if *set { kind::NEW_ROUTE } else { kind::DEL_ROUTE };
                    let outcome = if *set { self.kernel.add_route(route) } else { self.kernel.delete_route(route) };
                    self.log_failure(outcome, kind);
                }
            }
            Action::Rules { set, rules, .. } => {
                for rule in rules {
                    let kind = if *set { kind::NEW_RULE } else { kind::DEL_RULE };
                    let outcome = if *set { self.kernel.add_rule(rule) } else { self.kernel.delete_rule(rule) };
                    self.log_failure(outcome, kind);
                }
            }
            Action::Announce { instance, addresses, repeat } => self.announce(*instance, addresses, *repeat),
            Action::AnnounceSource { interface, address } => self.announce_source(interface, *address),
            Action::Notify(notification) => {
                self.notifier.notify(notification, &self.config.global, self.log);
                self.mailer.alert(notification, &self.config.global, self.log);
            }
            Action::Report(Report::Link { interface, running }) if self.linkbeats.running(interface).is_some() => {
                self.log.info(&format!("Linkbeat reports {interface} {}", if *running { "up" } else { "down" }));
            }
            Action::Report(report) if report.is_detail() => self.log.detail(&report.to_string()),
            Action::Report(report) => self.log.info(&report.to_string()),
        }
    }

    fn send(&mut self, outgoing: &Outgoing) {
        let router = self.engine.instance(outgoing.instance);
        let device = router.and_then(|router| self.devices.transmitting(router)).map(|device| device.name.clone());
        let device = device.or_else(|| router?.config.vrf.clone());
        let hmac = router.and_then(|router| router.config.auth_hmac.as_ref());
        let name = router.map_or("", |router| &router.config.name);
        for (destination, error) in self.sockets.send(outgoing, device.as_deref(), hmac) {
            // The last word of an instance whose interface is down cannot arrive (keepalived is silent as well).
            if outgoing.repr.priority == 0 && error.kind() == io::ErrorKind::NetworkUnreachable {
                continue;
            }
            let number = error.raw_os_error().unwrap_or(0);
            let text = error_text(&error);
            self.log.info(&match outgoing.destination {
                Destination::Multicast { .. } => format!("({name}): send advert error {number} ({text})"),
                Destination::Unicast { .. } => format!("({name}) Cant send advert to {destination} ({text})"),
            });
        }
    }

    /// Where an address goes: index and name of the interface.
    pub(super) fn interface_of(&self, instance: InstanceId, address: &VirtualAddress) -> Option<(u32, String)> {
        let router = self.engine.instance(instance)?;
        let device = match router.config.placement(address)? {
            Placement::Own => self.devices.own(router),
            Placement::OnTop(base) => {
                self.devices.for_address(&router.config, base, Family::of(address.prefix.address))
            }
            Placement::Plain(name) => return Some((self.kernel.link_named(name)?.index, name.to_owned())),
        };
        device.map(|device| (device.index, device.name.clone()))
    }

    fn change_addresses(&mut self, instance: InstanceId, set: bool, addresses: &[VirtualAddress]) {
        for address in addresses {
            let Some((index, name)) = self.interface_of(instance, address) else {
                continue;
            };
            let ip = address.prefix.address;
            if !set {
                self.announcer.forget(ip);
            }
            if set {
                let outcome = self.kernel.add_address(address, index);
                self.log_failure(outcome, kind::NEW_ADDR);
                continue;
            }
            match self.kernel.delete_address(address, index) {
                Ok(()) => self.expected_removals.push((ip, index)),
                // It went with its interface, of which we have yet to hear.
                Err(error) if error.raw_os_error() == Some(NO_SUCH_DEVICE) => {}
                Err(_) if !self.kernel.has_address(ip, index) => {}
                Err(_) => self.log.info(&format!("Failed to remove {ip} from {name}")),
            }
        }
    }

    fn change_firewall(&mut self, instance: InstanceId, set: bool, addresses: &[VirtualAddress]) {
        let element =
            |address: &VirtualAddress| Some((address.prefix.address, self.interface_of(instance, address)?.0));
        let elements: Vec<_> = addresses.iter().filter_map(element).collect();
        if let Err(error) = self.firewall.change(set, &elements) {
            self.log.info(&format!("nftables: {error}"));
        }
    }

    fn log_failure(&self, outcome: io::Result<()>, kind: u16) {
        if let Err(error) = outcome {
            self.log.info(&error_line(&error, kind, self.kernel.sequence()));
        }
    }

    fn announce(&mut self, instance: InstanceId, addresses: &[VirtualAddress], repeat: u32) {
        let name = self.engine.instance(instance);
        let name = name.map(|router| router.config.name.clone()).unwrap_or_default();
        for round in 0..repeat {
            for address in addresses {
                let Some((index, interface)) = self.interface_of(instance, address) else {
                    continue;
                };
                let ip = address.prefix.address;
                if round == 0 {
                    let what = if ip.is_ipv4() { "gratuitous ARPs" } else { "Unsolicited Neighbour Adverts" };
                    self.log.detail(&format!("({name}) Sending/queueing {what} on {interface} for {ip}"));
                }
                self.announce_once(ip, index, &interface);
            }
        }
    }

    fn announce_once(&mut self, address: IpAddr, index: u32, interface: &str) {
        let Some(mac) = self.kernel.links.get(&index).and_then(|link| link.mac) else {
            return;
        };
        let base = self.devices.base_of(interface).unwrap_or(interface).to_owned();
        self.announcer.announce(Frame { address, interface: index, name: interface.to_owned(), base, mac });
        self.send_waiting_announcements();
    }

    fn log_frame(&self, frame: &Frame, error: Option<&io::Error>) {
        let Frame { address, name, .. } = frame;
        let kind = frame_name(*address);
        self.log.detail(&format!("Sending {kind} on {name} for {address}"));
        if let Some(error) = error {
            let number = error.raw_os_error().unwrap_or(0);
            let error = error_text(error);
            self.log.info(&format!("Error {number} ({error}) sending {kind} on {name} for {address}"));
        }
    }

    /// Announcements whose turn has come.
    pub(super) fn send_waiting_announcements(&mut self) {
        for (frame, error) in self.announcer.send_due(driver::now()) {
            self.log_frame(&frame, error.as_ref());
        }
    }

    fn announce_source(&mut self, interface: &str, address: IpAddr) {
        if let Some(index) = self.kernel.link_named(interface).map(|link| link.index) {
            self.announce_once(address, index, interface);
        }
    }
}
