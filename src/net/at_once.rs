//! A future that is asked once, and not waited for.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// What a future gives without waiting. One that has begun and would wait is dropped.
pub fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}
