//! The pages that list every directive, keyword and variable.

use super::roff::Page;
use crate::variables::{self, Kind, Variable};
use crate::{Args, Context, Directive, Edition, Inherit, Status, Value, keepalived, nginx};

/// `evenkeel-directives(7)`
pub fn directives() -> String {
    let mut page = Page::new("evenkeel-directives", 7, "the directives of nginx.conf and what evenkeel does with them");
    page.section("DESCRIPTION").paragraph(
        "For each directive: where it may stand, what it takes, its default, how an inner block gets the value of an outer one, \
         and whether it is served. One that is not served yet is an error when the configuration is read, never ignored.",
    );
    for (table, rows) in nginx::TABLES {
        page.section(&format!("{table} ({})", counts(rows.iter().map(|row| row.status))));
        for row in *rows {
            page.item(row.name, &directive(row));
        }
    }
    page.finish()
}

fn directive(row: &Directive) -> String {
    let place = match row.contexts {
        Context::ANY => "in every block".to_owned(),
        contexts => format!("in {}", contexts.names().collect::<Vec<_>>().join(", ")),
    };
    let mut facts = vec![place, arguments(row)];
    if !row.default.is_empty() {
        facts.push(format!("default {}", row.default));
    }
    facts.extend(match row.inherit {
        Inherit::Value => None,
        Inherit::WholeList => Some("a list, inherited whole where a block has none of its own".to_owned()),
        Inherit::Never => Some("not inherited".to_owned()),
    });
    facts.extend(edition(row.edition).map(str::to_owned));
    facts.push(status(row.status));
    facts.join("; ") + "."
}

fn arguments(row: &Directive) -> String {
    let Args { counts, at_least, block } = row.args;
    let numbers: Vec<String> = (0..8).filter(|n| counts & (1 << n) != 0).map(|n| n.to_string()).collect();
    let count = match (at_least, numbers.as_slice()) {
        (Some(1), _) => "1 argument or more".to_owned(),
        (Some(least), _) => format!("{least} arguments or more"),
        (None, [one]) if one == "1" => "1 argument".to_owned(),
        (None, [one]) if one == "0" => "no argument".to_owned(),
        (None, _) => format!("{} arguments", numbers.join(" or ")),
    };
    let kind = match row.value {
        Value::Flag => " (on or off)".to_owned(),
        Value::Enum(words) => format!(" (one of {})", words.join(", ")),
        Value::Bitmask(words) => format!(" (of {})", words.join(", ")),
        Value::Number => " (a number)".to_owned(),
        Value::Size | Value::Offset | Value::TemplateSize => " (a size)".to_owned(),
        Value::Milliseconds | Value::Seconds => " (a time)".to_owned(),
        _ => String::new(),
    };
    format!("{count}{kind}{}", if block { " and a block" } else { "" })
}

fn edition(edition: Edition) -> Option<&'static str> {
    match edition {
        Edition::Open => None,
        Edition::Optional => Some("an optional module of nginx"),
        Edition::OtherSystem => Some("on other systems only"),
        Edition::Plus => Some("of NGINX Plus"),
        Edition::Njs => Some("of njs"),
        Edition::Removed => Some("gone from newer versions of nginx"),
        Edition::ThirdParty => Some("of a third party"),
    }
}

/// The status in words.
pub fn status(status: Status) -> String {
    match status {
        Status::Done => "served".to_owned(),
        Status::Accepted(reason) => format!("accepted without effect: {reason}"),
        Status::NotYet => "not served yet".to_owned(),
    }
}

fn counts(statuses: impl Iterator<Item = Status>) -> String {
    let (mut done, mut all) = (0, 0);
    for status in statuses {
        all += 1;
        done += usize::from(status != Status::NotYet);
    }
    format!("{done} of {all}")
}

/// `evenkeel-keywords(7)`
pub fn keywords() -> String {
    let mut page =
        Page::new("evenkeel-keywords", 7, "the keywords of keepalived.conf and what evenkeel does with them");
    page.section("DESCRIPTION").paragraph(
        "For each keyword of each block: what it takes, its default, the first version of keepalived that has it, and whether it \
         is served.",
    );
    for (table, rows) in keepalived::TABLES {
        page.section(&format!("{table} ({})", counts(rows.iter().map(|row| row.status))));
        for row in *rows {
            let default = if row.default == "-" { String::new() } else { format!("; default {}", row.default) };
            let text = format!("{}{default}; since {}; {}.", row.value, row.since, status(row.status));
            page.item(row.name, &text);
        }
    }
    page.finish()
}

/// `evenkeel-variables(7)`
pub fn variables() -> String {
    let mut page = Page::new("evenkeel-variables", 7, "the variables of nginx.conf and what evenkeel does with them");
    page.section("DESCRIPTION")
        .paragraph("For each variable: the module that defines it, whether set and map may define it anew, and whether it is served.");
    for (title, rows) in [("HTTP", variables::http::VARIABLES), ("STREAM", variables::stream::VARIABLES)] {
        page.section(&format!("{title} ({})", counts(rows.iter().map(|row| row.status))));
        for row in rows {
            page.item(&variable_name(row), &variable(row));
        }
    }
    page.finish()
}

fn variable_name(row: &Variable) -> String {
    match row.kind {
        Kind::Exact => format!("${}", row.name),
        Kind::Prefix => format!("${}NAME", row.name),
    }
}

fn variable(row: &Variable) -> String {
    let mut facts = vec![format!("of {}", row.module)];
    if row.changeable {
        facts.push("may be defined anew".to_owned());
    }
    facts.extend(edition(row.edition).map(str::to_owned));
    facts.push(status(row.status));
    facts.join("; ") + "."
}
