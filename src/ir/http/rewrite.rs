//! `rewrite`, `return`, `set`, `break` and `if`: a list of operations, in source order.

pub mod setters;

use std::rc::Rc;

use super::Location;
use crate::ir::ids::VariableId;
use crate::ir::regex::Regex;
use crate::ir::value::Template;

layer! {
    /// What the rewrite module's switches say in a location.
    pub struct Rewrite, own RewriteOwn {
        /// `rewrite_log`
        log: bool = false,
        /// `uninitialized_variable_warn`
        uninitialized_variable_warn: bool = true,
    }
}

/// One step.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Operation {
    /// `set`
    Set {
        /// The variable.
        variable: VariableId,
        /// What it becomes.
        value: Template,
    },
    /// `rewrite`
    Rewrite(Rc<Rule>),
    /// `return`
    Return(Return),
    /// `break`
    Break,
    /// `if`
    If(Rc<If>),
}

/// `rewrite`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Rule {
    /// What the URI has to match.
    pub regex: Rc<Regex>,
    /// What the URI becomes, up to the first `?`.
    pub replacement: Template,
    /// What stands after the first `?` of the replacement; captures in it are escaped.
    pub arguments: Option<Template>,
    /// Whether the request's own arguments are added: not where the replacement ends in `?`.
    pub keep_arguments: bool,
    /// What happens next.
    pub then: Then,
}

/// What follows a `rewrite` that matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Then {
    /// The next operation.
    Continue,
    /// `last`: a location is looked for anew.
    Last,
    /// `break`: the location stays, no further operation.
    Break,
    /// `redirect`, `permanent`, or a replacement that is a URL: the client is told.
    Redirect(u16),
}

/// `return`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Return {
    /// The status.
    pub status: u16,
    /// The body; of a redirect, the URL.
    pub text: Option<Template>,
}

/// `if ( … ) { … }`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct If {
    /// When it holds.
    pub condition: Condition,
    /// The location that holds from then on; `None` inside `server`.
    pub location: Option<Rc<Location>>,
    /// The operations inside it.
    pub operations: Rc<[Operation]>,
}

/// The condition of an `if`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Condition {
    /// `$v`: neither empty nor `0`.
    Variable(VariableId),
    /// `$v = text`
    Equal(VariableId, Template),
    /// `$v != text`
    NotEqual(VariableId, Template),
    /// `$v ~ pattern`
    Match(VariableId, Rc<Regex>),
    /// `$v !~ pattern`
    NotMatch(VariableId, Rc<Regex>),
    /// `-f`, `-d`, `-e`, `-x`, with or without `!`
    File {
        /// What is asked of the file.
        test: FileTest,
        /// `!`
        negated: bool,
        /// Its path.
        path: Template,
    },
}

/// What an `if` asks of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum FileTest {
    /// `-f`
    File,
    /// `-d`
    Directory,
    /// `-e`
    Exists,
    /// `-x`
    Executable,
}
