//! What every request is given to ask of the code above it.

use super::request::Handlers;
use super::{finalize, variables};

/// The handlers.
pub static HANDLERS: Handlers = Handlers { variable: variables::write, run: finalize::run_subrequest };
