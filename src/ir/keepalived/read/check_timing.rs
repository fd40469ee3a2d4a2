//! The times and counts that checks take from their servers.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;

use super::value::{Trailing, seconds, unsigned};

const MOST: u64 = u32::MAX as u64;
/// The longest time that a keyword without an upper limit takes.
pub(super) const ANY_TIME: u64 = u64::MAX - 1;

/// Times and counts that a check takes from its real server, and that one from its virtual server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    pub(super) alpha: Option<bool>,
    pub(super) connect_timeout_us: Option<u64>,
    pub(super) delay_loop_us: Option<u64>,
    pub(super) warmup_us: Option<u64>,
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry_us: Option<u64>,
}

impl Timing {
    /// These values, and the outer ones where there are none.
    pub(super) fn within(self, outer: Self) -> Self {
        Self {
            alpha: self.alpha.or(outer.alpha),
            connect_timeout_us: self.connect_timeout_us.or(outer.connect_timeout_us),
            delay_loop_us: self.delay_loop_us.or(outer.delay_loop_us),
            warmup_us: self.warmup_us.or(outer.warmup_us),
            retry: self.retry.or(outer.retry),
            delay_before_retry_us: self.delay_before_retry_us.or(outer.delay_before_retry_us),
        }
    }

    /// One of the keywords that virtual and real servers share; `title` is the kind of server in messages.
    pub(super) fn set(
        &mut self,
        parser: &mut Parser<'_, '_>,
        name: &str,
        line: &Line,
        title: &str,
    ) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        if name == "retry" {
            match unsigned(parser, word, 1, MOST, Trailing::Refused) {
                Some(retry) => self.retry = Some(retry as u32),
                None => parser.report(Fault::General, format!("retry value invalid - {word}")),
            }
            return Ok(());
        }
        let (least, most) = match name {
            "connect_timeout" => (1, MOST),
            "delay_loop" => (1, ANY_TIME),
            _ => (0, ANY_TIME),
        };
        let Some(time) = seconds(parser, word, least, most) else {
            let text = match (name, title) {
                ("connect_timeout", _) => format!("{title} server connect_timeout {word} invalid - ignoring"),
                ("delay_loop", "virtual") => format!("virtual server delay loop '{word}' invalid - ignoring"),
                ("delay_before_retry", "virtual") => {
                    format!("virtual server delay before retry '{word}' invalid - ignoring")
                }
                _ => format!("{title} server {name} '{word}' invalid - ignoring"),
            };
            parser.report(Fault::General, text);
            return Ok(());
        };
        match name {
            "connect_timeout" => self.connect_timeout_us = Some(time),
            "delay_loop" => self.delay_loop_us = Some(time),
            "warmup" => self.warmup_us = Some(time),
            _ => self.delay_before_retry_us = Some(time),
        }
        Ok(())
    }
}
