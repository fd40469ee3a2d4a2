//! The support matrix of the README: how much of each module is served.

use crate::{Edition, Status, keepalived, nginx, variables};

#[derive(Clone, Copy, Default)]
struct Count {
    done: usize,
    accepted: usize,
    not_yet: usize,
}

impl Count {
    fn of(statuses: impl Iterator<Item = Status>) -> Self {
        let mut count = Self::default();
        for status in statuses {
            match status {
                Status::Done => count.done += 1,
                Status::Accepted(_) => count.accepted += 1,
                Status::NotYet => count.not_yet += 1,
            }
        }
        count
    }

    fn row(self, name: &str) -> String {
        format!("| {name} | {} | {} | {} |\n", self.done, self.accepted, self.not_yet)
    }
}

const HEAD: &str = "| | served | accepted without effect | not yet |\n|---|---|---|---|\n";

/// The matrix as Markdown: a summary, then the modules one by one.
pub fn matrix() -> String {
    let mut text = HEAD.to_owned();
    let group = |belongs: fn(&str) -> bool| {
        Count::of(nginx::directives().filter(|row| is_free(row.edition) && belongs(row.module)).map(|row| row.status))
    };
    let of_edition =
        |edition| Count::of(nginx::directives().filter(move |row| row.edition == edition).map(|row| row.status));
    text += &group(|module| !["http", "stream", "mail"].iter().any(|start| module.starts_with(start)))
        .row("nginx core and events");
    text += &group(|module| module.starts_with("http")).row("nginx http");
    text += &group(|module| module.starts_with("stream")).row("nginx stream");
    text += &group(|module| module.starts_with("mail")).row("nginx mail");
    text += &of_edition(Edition::Plus).row("NGINX Plus");
    text += &of_edition(Edition::ThirdParty).row("third-party modules");
    text += &Count::of(variables::http::VARIABLES.iter().map(|row| row.status)).row("http variables");
    text += &Count::of(variables::stream::VARIABLES.iter().map(|row| row.status)).row("stream variables");
    text += &Count::of(keepalived::keywords().map(|row| row.status)).row("keepalived keywords");
    text += "\n<details><summary>Module by module</summary>\n\n";
    text += HEAD;
    for (name, rows) in nginx::TABLES {
        text += &Count::of(rows.iter().map(|row| row.status)).row(name);
    }
    for (name, rows) in keepalived::TABLES {
        text += &Count::of(rows.iter().map(|row| row.status)).row(&format!("keepalived {name}"));
    }
    text + "\n</details>\n"
}

/// What a build of the free nginx on Linux can have.
fn is_free(edition: Edition) -> bool {
    matches!(edition, Edition::Open | Edition::Optional | Edition::Removed)
}
