//! What the completion of instances and servers has in hand.

use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::system::Interface;

use super::Reading;
use super::authentication::Kind;
use super::instance_draft::Draft;

/// Says something that belongs to no line.
pub(super) fn say(reports: &mut Vec<Report>, fault: Fault, text: impl Into<String>) {
    reports.push(Report { fault, position: None, text: text.into() });
}

/// An instance on its way, with what is decided once and used often.
pub(super) struct Completion<'c, 's> {
    pub(super) reading: &'c Reading<'s>,
    pub(super) reports: &'c mut Vec<Report>,
    pub(super) draft: Draft,
    pub(super) strict: bool,
    pub(super) version: u8,
    pub(super) family: Family,
    pub(super) priority: u8,
    pub(super) wants_master: bool,
    pub(super) unicast: bool,
    pub(super) interface: Option<Interface>,
    pub(super) authentication: Option<Kind>,
}
