//! Command lines behind `script`, `notify` and their kin, and the users they run as.

use crate::conf::keepalived::lexer::{CommandError, command_words};
use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::notify::{Command, User};
use crate::ir::keepalived::system::{Identity, ScriptFile};

use super::Reading;

/// A user as named, and who that is.
pub(super) struct FoundUser {
    pub(super) user: User,
    pub(super) identity: Identity,
}

fn complain(parser: &mut Parser<'_, '_>, source: &str, error: &CommandError) {
    match error {
        CommandError::Unclosed(quote) => {
            parser.report(Fault::UnmatchedQuote, format!("String '{source}': missing terminating {quote}"));
        }
        CommandError::MissingEscape => {
            parser.report(Fault::LogOnly, format!("Missing escape char at end: '{source}'"));
        }
    }
}

/// The words of the whole line, with its own rules for quotes; empty where they are broken.
pub(super) fn line_words(parser: &mut Parser<'_, '_>, line: &Line) -> Vec<String> {
    let words = command_words(&line.text, false);
    words.unwrap_or_else(|error| {
        complain(parser, &line.text, &error);
        Vec::new()
    })
}

/// The words of one command line.
pub(super) fn split(parser: &mut Parser<'_, '_>, command: &str) -> Vec<String> {
    command_words(command, true).unwrap_or_else(|error| {
        complain(parser, command, &error);
        Vec::new()
    })
}

impl Reading<'_> {
    /// Looks up a user and group as they stand on a line; a log line and `None` if there is no such one.
    pub(super) fn find_user(&self, parser: &mut Parser<'_, '_>, name: &str, group: Option<&str>) -> Option<FoundUser> {
        let Some(mut identity) = self.system.user(name) else {
            parser.report(Fault::LogOnly, format!("Script user '{name}' does not exist"));
            return None;
        };
        let of_this_one = group.is_some_and(|group| group.starts_with(':'));
        let supplementary_groups = of_this_one || self.global.ir.set_supplementary_groups;
        let group = group.filter(|group| *group != ":").map(|group| group.trim_start_matches(':'));
        if let Some(group) = group {
            let Some(gid) = self.system.group(group) else {
                parser.report(Fault::LogOnly, format!("Script group '{group}' does not exist"));
                return None;
            };
            identity.gid = gid;
        }
        let user = User { name: name.to_owned(), group: group.map(str::to_owned), supplementary_groups };
        Some(FoundUser { user, identity })
    }

    /// The user of scripts that name none: `script_user`, else `keepalived_script`, else ours. `None` if there is none.
    pub(super) fn default_user(&mut self, parser: &mut Parser<'_, '_>) -> Option<Identity> {
        if let Some(decided) = self.default_script_user {
            return decided;
        }
        let found = self.system.user("keepalived_script");
        if found.is_none() {
            parser.report(Fault::LogOnly, "Script user 'keepalived_script' does not exist");
        }
        if found.is_none() && self.global.ir.script_security {
            parser.report(Fault::General, "Unable to set default user keepalived_script for script");
        }
        let decided = match found {
            None if self.global.ir.script_security => None,
            None => Some(self.system.identity()),
            found => found,
        };
        self.default_script_user = Some(decided);
        decided
    }

    /// A notify script: the command line, then a user and a group. `None`, with at most a log line, if it is ignored.
    pub(super) fn notify_command(
        &mut self,
        parser: &mut Parser<'_, '_>,
        line: &Line,
        kind: &str,
    ) -> Result<Option<Command>, Stop> {
        let words = line_words(parser, line);
        if words.is_empty() {
            parser.report(Fault::LogOnly, "Unable to parse notify script");
            return Ok(None);
        }
        let command = words.get(1).map(|command| split(parser, command)).unwrap_or_default();
        if command.is_empty() {
            // The message names the word, and a word that is missing ends the reading.
            let name = Line { words, text: String::new() }.word(1, parser.reader)?.to_owned();
            parser.report(Fault::LogOnly, format!("Unable to parse script '{name}' - ignoring"));
            return Ok(None);
        }
        let user = match words.get(2) {
            Some(user) => match self.find_user(parser, user, words.get(3).map(String::as_str)) {
                Some(found) => Some(found.user),
                None => {
                    let text = format!("Invalid user/group for {kind} script {} - ignoring", command[0]);
                    parser.report(Fault::LogOnly, text);
                    return Ok(None);
                }
            },
            None if self.default_user(parser).is_none() => {
                let text = format!("Failed to set default user for {kind} script {} - ignoring", command[0]);
                parser.report(Fault::LogOnly, text);
                return Ok(None);
            }
            None => None,
        };
        Ok(Some(Command { words: command, user }))
    }

    /// Who a command runs as.
    pub(super) fn command_identity(&self, command: &Command) -> Identity {
        let named = command.user.as_ref().and_then(|user| {
            let identity = self.system.user(&user.name)?;
            let gid = user.group.as_ref().and_then(|group| self.system.group(group));
            Some(Identity { gid: gid.unwrap_or(identity.gid), ..identity })
        });
        named.or(self.default_script_user.flatten()).unwrap_or_else(|| self.system.identity())
    }

    /// What is to be held against running a command.
    pub(super) fn check_command(&self, command: &Command) -> Safety {
        let program = &command.words[0];
        // `</path` only tests that a file can be opened: nothing is run.
        if program.strip_prefix('<').is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('/')) {
            return Safety { test_only: true, ..Safety::default() };
        }
        match self.system.script(program, self.command_identity(command)) {
            ScriptFile::NotFound => Safety { not_found: true, ..Safety::default() },
            ScriptFile::Found { searched, executable, unsafe_part } => Safety {
                is_script: true,
                searched,
                executable,
                inhibited: unsafe_part.is_some() && self.global.ir.script_security,
                unsafe_part,
                ..Safety::default()
            },
        }
    }
}

/// What is to be held against running a command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Safety {
    /// There is a file that would be run.
    pub(super) is_script: bool,
    /// Where a name without `/` was found.
    pub(super) searched: Option<String>,
    /// The user may execute it.
    pub(super) executable: bool,
    /// It is a `</path` test.
    pub(super) test_only: bool,
    /// There is no such file, or the user cannot reach it.
    pub(super) not_found: bool,
    /// What others than root may change: the file, or a directory above it.
    pub(super) unsafe_part: Option<String>,
    /// It must not be run for that.
    pub(super) inhibited: bool,
}

impl Safety {
    /// Whether it can be run at all.
    pub(super) fn may_run(&self) -> bool {
        !self.inhibited && !self.not_found && (self.executable || self.test_only)
    }
}
