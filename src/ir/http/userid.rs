//! The values of nginx's `http_userid` module.

use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::ids::VariableId;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::Text;
use crate::primitives::duration;

layer! {
    /// The cookie that tells clients apart.
    pub struct Userid, own UseridOwn {
        /// `userid`
        mode: Mode = Mode::Off,
        /// `$uid_reset`, if `userid` was said anywhere around.
        reset: Option<VariableId> = None,
        /// `userid_flags`
        flags: UseridFlags = UseridFlags::OFF,
        /// `userid_service`; `None` is the address of the server.
        service: Option<u32> = None,
        /// `userid_name`
        name: Text = Text::from("uid"),
        /// `userid_domain`; empty for `none`.
        domain: Text = Text::default(),
        /// `userid_path`
        path: Text = Text::from("/"),
        /// `userid_p3p`; empty for `none`.
        p3p: Text = Text::default(),
        /// `userid_expires`
        expires: Expires = Expires::Off,
        /// `userid_mark`
        mark: Option<u8> = None,
    }
}

words! {
    /// `userid`
    pub enum Mode {
        /// Neither set nor read.
        Off = "off",
        /// Only read, for the log.
        Log = "log",
        /// Set, in version 1.
        V1 = "v1",
        /// Set, in version 2.
        On = "on",
    }
}

word_set! {
    /// The words of `userid_flags`.
    pub struct UseridFlags {
        /// None.
        OFF = 0 "off",
        /// `secure`
        SECURE = 1 "secure",
        /// `httponly`
        HTTPONLY = 2 "httponly",
        /// `samesite=strict`
        SAMESITE_STRICT = 3 "samesite=strict",
        /// `samesite=lax`
        SAMESITE_LAX = 4 "samesite=lax",
        /// `samesite=none`
        SAMESITE_NONE = 5 "samesite=none",
    }
}

/// `userid_expires`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Expires {
    /// With the browser's session.
    Off,
    /// `max`
    Max,
    /// After so many seconds.
    After(u64),
}

/// The setters of `http_userid`.
pub const SETTERS: Table = &[
    ("userid", userid),
    ("userid_domain", own!(userid.domain, text_or_none)),
    ("userid_expires", own!(userid.expires, expires)),
    ("userid_flags", own_bits!(userid.flags)),
    ("userid_mark", own!(userid.mark, mark)),
    ("userid_name", own!(userid.name, setter::text)),
    ("userid_p3p", own!(userid.p3p, text_or_none)),
    ("userid_path", own!(userid.path, setter::text)),
    ("userid_service", own!(userid.service, |directive| setter::number(directive).map(Some))),
];

fn userid(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    setter::once(&mut reader.own().userid.get_or_insert_default().mode, directive, setter::word)?;
    let reset = reader.http.variables.use_name(b"uid_reset");
    reader.own().userid.get_or_insert_default().reset = Some(Some(reset));
    Ok(())
}

fn text_or_none(directive: &Directive<'_>) -> Result<Text, Diagnostic> {
    setter::text(directive).map(|text| if text.as_bytes() == b"none" { Text::default() } else { text })
}

fn expires(directive: &Directive<'_>) -> Result<Expires, Diagnostic> {
    match directive.args()[0].value {
        b"max" => Ok(Expires::Max),
        b"off" => Ok(Expires::Off),
        text => match duration::parse_seconds(text) {
            None => Err(directive.fails("invalid value")),
            Some(0) => Ok(Expires::Off),
            Some(seconds) => Ok(Expires::After(seconds)),
        },
    }
}

fn mark(directive: &Directive<'_>) -> Result<Option<u8>, Diagnostic> {
    match directive.args()[0].value {
        b"off" => Ok(None),
        [mark] if mark.is_ascii_alphanumeric() || *mark == b'=' => Ok(Some(*mark)),
        _ => Err(directive.fails("value must be \"off\" or a single letter, digit or \"=\"")),
    }
}
