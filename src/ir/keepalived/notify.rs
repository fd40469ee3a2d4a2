//! Commands that keepalived runs, as whom, and on which change of state.

use serde::Serialize;

/// Who runs a script, as named in the file; looked up where it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct User {
    /// A user name or number.
    pub name: String,
    /// A group name or number; without one, the user's own.
    pub group: Option<String>,
    /// `:GROUP`: the user's supplementary groups are set too.
    pub supplementary_groups: bool,
}

/// A command line, split into words with quotes and escapes resolved, and the user it runs as.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Command {
    /// The program and its arguments. Never empty.
    pub words: Vec<String>,
    /// As whom; `None` is the default script user.
    pub user: Option<User>,
}

impl Command {
    /// The command line as keepalived shows it in logs.
    pub fn line(&self) -> String {
        quoted(&self.words)
    }
}

/// Words of a command line, each in quotes; a file that is only to be opened (`</path`) stands as it is.
pub fn quoted(words: &[String]) -> String {
    let is_plain = |place: usize, word: &str| place == 0 && word.starts_with(['<', '>']);
    let quote = |(place, word): (usize, &String)| {
        if is_plain(place, word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    words.iter().enumerate().map(quote).collect::<Vec<_>>().join(" ")
}

/// What an instance or a sync group tells the outside when its state changes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Notify {
    /// `notify_master`
    pub master: Option<Command>,
    /// `notify_backup`
    pub backup: Option<Command>,
    /// `notify_fault`
    pub fault: Option<Command>,
    /// `notify_stop`
    pub stop: Option<Command>,
    /// `notify_deleted COMMAND`; instances only.
    pub deleted: Option<Command>,
    /// `notify_deleted` without a command: a removed instance reports DELETED instead of FAULT.
    pub deleted_without_command: bool,
    /// `notify_master_rx_lower_pri`; instances only.
    pub master_received_lower_priority: Option<Command>,
    /// `notify`: for every state, with type, name, state and priority as arguments.
    pub any: Option<Command>,
    /// `smtp_alert`, or the global default of it.
    pub smtp_alert: bool,
    /// `notify_priority_changes`, or the group's, or the global one.
    pub priority_changes: bool,
}
