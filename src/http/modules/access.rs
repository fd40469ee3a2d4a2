//! `allow` and `deny` (`ngx_http_access_module`).

use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::ir::http::core::Satisfy;
use crate::log::error_log::Level;

/// Asks the first rule that fits the client.
pub fn handle(request: &Request) -> Verdict {
    let rules = &request.location.settings.access.rules;
    let Some(rule) = rules.iter().find(|rule| request.peer().is_among(&rule.clients)) else { return Verdict::Declined };
    if !rule.deny {
        return Verdict::Passed;
    }
    if request.location.settings.core.satisfy == Satisfy::All {
        request.log(Level::Error, "access forbidden by rule");
    }
    Verdict::Finish(403)
}
