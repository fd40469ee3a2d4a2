//! The order in which connections that are ready at once get their turn.

use std::task::Poll;

/// Lets the other connections that are ready have their turn first. What many connections are about to send then goes out in one
/// row: whoever receives it on this machine is woken once for all of it instead of once for each.
pub async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
