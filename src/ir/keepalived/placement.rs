//! On which interface an address of an instance is held: one that is there, or one that is made for the virtual MAC address.

use super::addresses::{Family, VirtualAddress};
use super::instance::Instance;

/// Where an address goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement<'a> {
    /// To the interface that the adverts of `use_vmac` leave from.
    Own,
    /// To one more interface with a virtual MAC address, on top of this one.
    OnTop(&'a str),
    /// To this interface.
    Plain(&'a str),
}

impl Instance {
    /// Where an address goes; `None` if it names no interface and the instance has none.
    pub fn placement<'a>(&'a self, address: &'a VirtualAddress) -> Option<Placement<'a>> {
        let base = address.interface.as_deref().or(self.interface.as_deref())?;
        let is_primary = Some(base) == self.interface.as_deref();
        let is_same_family = Family::of(address.prefix.address) == self.family;
        if is_primary && is_same_family && self.vmac.is_some() {
            return Some(Placement::Own);
        }
        let for_addresses = self.vmac_for_addresses && !(is_primary && is_same_family);
        Some(if address.use_vmac || for_addresses { Placement::OnTop(base) } else { Placement::Plain(base) })
    }

    /// All addresses that it holds as a master, in their order.
    pub fn held_addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.addresses.iter().chain(&self.excluded_addresses)
    }

    /// The address of the other family wants IPv6 on an interface that is IPv4's otherwise.
    pub fn has_other_family(&self) -> bool {
        self.excluded_addresses.iter().any(|address| Family::of(address.prefix.address) != self.family)
    }

    /// What `garp_extra_if` announces: the first address of each interface that is none of the adverts' source.
    pub fn further_announced(&self) -> Vec<&VirtualAddress> {
        let transmits_from_base = self.vmac.as_ref().is_some_and(|vmac| vmac.transmit_base);
        let mut first: Vec<(Placement<'_>, &VirtualAddress)> = Vec::new();
        for address in self.held_addresses() {
            let Some(placement) = self.placement(address) else { continue };
            let is_announced = match placement {
                Placement::Own => transmits_from_base,
                Placement::OnTop(_) => true,
                Placement::Plain(name) => {
                    let is_source = self.vmac.is_none() && Some(name) == self.interface.as_deref();
                    self.announce.extra_interface_all && !is_source
                }
            };
            // IPv4 and IPv6 have virtual MAC addresses of their own.
            let family = Family::of(address.prefix.address);
            let is_known = first.iter().any(|(known, other)| {
                let is_shared = matches!(known, Placement::Plain(_)) || Family::of(other.prefix.address) == family;
                *known == placement && is_shared
            });
            if is_announced && !is_known {
                first.push((placement, address));
            }
        }
        first.into_iter().map(|(_, address)| address).collect()
    }
}
