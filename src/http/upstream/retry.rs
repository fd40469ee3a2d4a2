//! Whether a failed try is made again with another server, and what the client gets if not. Pure: `proxy_next_upstream`.

use crate::ir::http::proxy::NextUpstream;

/// How a try failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection could not be made, or broke.
    Error,
    /// It took too long.
    Timeout,
    /// The answer's head was not HTTP, or too large.
    InvalidHeader,
    /// No server could be chosen.
    NoLive,
    /// The server answered this status.
    Status(u16),
}

impl Failure {
    /// The word of `proxy_next_upstream` that allows another try; none for what never leads to one.
    pub fn word(self) -> Option<NextUpstream> {
        Some(match self {
            Self::Error => NextUpstream::ERROR,
            Self::Timeout => NextUpstream::TIMEOUT,
            Self::InvalidHeader => NextUpstream::INVALID_HEADER,
            Self::NoLive => return None,
            Self::Status(500) => NextUpstream::HTTP_500,
            Self::Status(502) => NextUpstream::HTTP_502,
            Self::Status(503) => NextUpstream::HTTP_503,
            Self::Status(504) => NextUpstream::HTTP_504,
            Self::Status(403) => NextUpstream::HTTP_403,
            Self::Status(404) => NextUpstream::HTTP_404,
            Self::Status(429) => NextUpstream::HTTP_429,
            Self::Status(_) => return None,
        })
    }

    /// What the client is told when there is no further try.
    pub fn status(self) -> u16 {
        match self {
            Self::Timeout => 504,
            Self::Status(status @ (500 | 503 | 504 | 403 | 404 | 429)) => status,
            Self::Error | Self::InvalidHeader | Self::NoLive | Self::Status(_) => 502,
        }
    }

    /// A server that answers "forbidden" or "not found" has not failed.
    pub fn is_servers_fault(self) -> bool {
        !matches!(self, Self::Status(403 | 404))
    }
}

/// What else decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Situation {
    /// Servers that may still be tried; the failed one is not among them.
    pub tries_left: u32,
    /// `proxy_next_upstream`
    pub allowed: NextUpstream,
    /// Something of the request was sent.
    pub request_sent: bool,
    /// POST, LOCK, PATCH: a second one might do it twice.
    pub non_idempotent: bool,
    /// The body went through as it came, and cannot be sent again.
    pub body_passed_through: bool,
    /// Time since the first try.
    pub elapsed_ms: u64,
    /// `proxy_next_upstream_timeout`; 0 for no limit.
    pub timeout_ms: u64,
}

impl Situation {
    /// Is another server tried after this failure?
    pub fn tries_again_after(&self, failure: Failure) -> bool {
        let Some(word) = failure.word() else { return false };
        let needed = match self.request_sent && self.non_idempotent {
            true => word.or(NextUpstream::NON_IDEMPOTENT),
            false => word,
        };
        let late = self.timeout_ms != 0 && self.elapsed_ms >= self.timeout_ms;
        self.tries_left > 0
            && self.allowed.contains(needed)
            && !(self.request_sent && self.body_passed_through)
            && !late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation() -> Situation {
        Situation {
            tries_left: 1,
            allowed: NextUpstream::ERROR.or(NextUpstream::TIMEOUT),
            request_sent: true,
            non_idempotent: false,
            body_passed_through: false,
            elapsed_ms: 10,
            timeout_ms: 0,
        }
    }

    #[test]
    fn the_default_allows_errors_and_timeouts() {
        let answer = |failure| situation().tries_again_after(failure);
        assert!(answer(Failure::Error) && answer(Failure::Timeout));
        assert!(!answer(Failure::InvalidHeader) && !answer(Failure::NoLive) && !answer(Failure::Status(500)));
        assert!(!Situation { tries_left: 0, ..situation() }.tries_again_after(Failure::Error));
    }

    #[test]
    fn a_post_is_sent_twice_only_if_that_is_allowed_or_nothing_was_sent() {
        let post = Situation { non_idempotent: true, ..situation() };
        assert!(!post.tries_again_after(Failure::Error));
        assert!(Situation { request_sent: false, ..post }.tries_again_after(Failure::Error));
        let allowed = post.allowed.or(NextUpstream::NON_IDEMPOTENT);
        assert!(Situation { allowed, ..post }.tries_again_after(Failure::Error));
    }

    #[test]
    fn a_body_that_went_through_cannot_be_sent_again() {
        let through = Situation { body_passed_through: true, ..situation() };
        assert!(!through.tries_again_after(Failure::Error));
        assert!(Situation { request_sent: false, ..through }.tries_again_after(Failure::Error));
    }

    #[test]
    fn time_runs_out() {
        let limited = Situation { timeout_ms: 10, ..situation() };
        assert!(!limited.tries_again_after(Failure::Error));
        assert!(Situation { elapsed_ms: 9, ..limited }.tries_again_after(Failure::Error));
    }

    #[test]
    fn statuses() {
        assert_eq!(Failure::Error.status(), 502);
        assert_eq!(Failure::Timeout.status(), 504);
        assert_eq!(Failure::Status(503).status(), 503);
        assert_eq!(Failure::NoLive.status(), 502);
        assert!(!Failure::Status(404).is_servers_fault());
        assert!(Failure::Status(500).is_servers_fault());
    }
}
