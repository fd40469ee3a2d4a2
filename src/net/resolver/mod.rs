//! `resolver`: asks name servers as nginx does, over UDP and, for what does not fit, over TCP.
//!
//! [`lookups`] decides; here are the sockets, the timers and who waits. A library would be shorter, but which server is asked
//! when, what is kept for how long and what the log says are nginx's own ways.

mod failure;
pub mod lookups;
mod services;
mod sockets;

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};

use self::lookups::{Effects, Found, Kind, Lookups, RESEND_TIMEOUT_S, Settings, Transport, Waiter};
use self::services::Host;
use self::sockets::{Receiver, Sockets};
use crate::log::error_log::{ErrorLog, Level};
use crate::log::now;
use crate::wire::dns::{Name, Service};

pub use self::failure::Failure;
pub use self::services::{Place, ServiceAnswer};

/// One `resolver` in one worker.
#[derive(Debug)]
pub struct Resolver {
    lookups: RefCell<Lookups>,
    sockets: RefCell<Sockets>,
    waiting: RefCell<Waiters>,
    resending: RefCell<Option<AbortHandle>>,
    log: Rc<ErrorLog>,
}

#[derive(Debug, Default)]
struct Waiters {
    last: Waiter,
    senders: HashMap<Waiter, oneshot::Sender<Result<Found, Failure>>>,
}

impl Resolver {
    /// A resolver over these name servers.
    pub fn new(servers: Vec<SocketAddr>, settings: Settings, log: Rc<ErrorLog>) -> Rc<Self> {
        Rc::new_cyclic(|resolver| Self {
            lookups: RefCell::new(Lookups::new(settings)),
            sockets: RefCell::new(Sockets::new(servers, Rc::clone(&log), receiver(Weak::clone(resolver)))),
            waiting: RefCell::default(),
            resending: RefCell::default(),
            log,
        })
    }

    /// The addresses of a name, and the second until which they hold. Dropping the future takes the question back.
    pub async fn addresses(self: &Rc<Self>, name: &[u8], timeout_ms: u64) -> Result<(Rc<[IpAddr]>, i64), Failure> {
        match self.ask(Kind::Addresses, name, timeout_ms).await? {
            Found::Addresses(addresses, valid_until_s) => Ok((addresses, valid_until_s)),
            Found::Services(..) => Err(Failure::NOT_FOUND),
        }
    }

    /// Where a service is. Dropping the future takes the question back.
    pub async fn service(self: &Rc<Self>, service: &[u8], name: &[u8], timeout_ms: u64) -> ServiceAnswer {
        let (services, valid_until_s) =
            match self.ask(Kind::Services, &services::name_of(service, name), timeout_ms).await {
                Ok(Found::Services(services, valid_until_s)) => (services, valid_until_s),
                Ok(Found::Addresses(..)) => return ServiceAnswer::failed(Failure::NOT_FOUND),
                Err(failure) => return ServiceAnswer::failed(failure),
            };
        let hosts = self.hosts(&services, timeout_ms).await;
        let failure_valid_s = self.lookups.borrow().failure_valid_s(now_s());
        services::answer(&services, hosts, valid_until_s, failure_valid_s, &mut random)
    }

    /// Asks for the addresses of all hosts at once.
    async fn hosts(self: &Rc<Self>, services: &[Service], timeout_ms: u64) -> Vec<Host> {
        let mut lookups = JoinSet::new();
        for (index, service) in services.iter().enumerate() {
            let (resolver, name) = (Rc::clone(self), Name::clone(&service.name));
            lookups.spawn_local(async move { (index, resolver.addresses(&name, timeout_ms).await) });
        }
        let mut hosts = vec![Err(Failure::TIMED_OUT); services.len()];
        while let Some(Ok((index, found))) = lookups.join_next().await {
            hosts[index] = found;
        }
        hosts
    }

    async fn ask(self: &Rc<Self>, kind: Kind, name: &[u8], timeout_ms: u64) -> Result<Found, Failure> {
        let name = name.strip_suffix(b".").unwrap_or(name);
        let (waiter, answer) = self.new_waiter();
        let _taken_back = TakenBack { resolver: self, waiter };
        let was_idle = self.lookups.borrow().is_idle();
        self.with_lookups(|lookups, effects| lookups.ask(kind, name, waiter, now_s(), effects));
        if was_idle && !self.lookups.borrow().is_idle() {
            self.start_resending();
        }
        let answer = async { answer.await.unwrap_or(Err(Failure::TIMED_OUT)) };
        match timeout_ms {
            0 => answer.await,
            _ => {
                tokio::time::timeout(Duration::from_millis(timeout_ms), answer).await.unwrap_or(Err(Failure::TIMED_OUT))
            }
        }
    }

    fn new_waiter(&self) -> (Waiter, oneshot::Receiver<Result<Found, Failure>>) {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.borrow_mut();
        waiting.last += 1;
        let waiter = waiting.last;
        waiting.senders.insert(waiter, sender);
        (waiter, receiver)
    }

    /// A message of a name server.
    fn receive(&self, message: &[u8], over: Transport) {
        self.with_lookups(|lookups, effects| lookups.receive(message, over, now_s(), effects));
    }

    fn with_lookups<R>(&self, run: impl FnOnce(&mut Lookups, &mut dyn Effects) -> R) -> R {
        run(&mut self.lookups.borrow_mut(), &mut World { resolver: self })
    }

    fn start_resending(self: &Rc<Self>) {
        let resolver = Rc::downgrade(self);
        let task = tokio::task::spawn_local(async move {
            let mut wait_s = RESEND_TIMEOUT_S;
            loop {
                tokio::time::sleep(Duration::from_secs(wait_s.unsigned_abs())).await;
                let Some(resolver) = resolver.upgrade() else { return };
                let next = resolver.with_lookups(|lookups, effects| lookups.resend(now_s(), effects));
                match next {
                    Some(next_s) => wait_s = next_s,
                    None => return,
                }
            }
        });
        if let Some(earlier) = self.resending.replace(Some(task.abort_handle())) {
            earlier.abort();
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if let Some(resending) = self.resending.take() {
            resending.abort();
        }
    }
}

/// Where the messages of name servers go.
fn receiver(resolver: Weak<Resolver>) -> Receiver {
    Rc::new(move |message, over| {
        if let Some(resolver) = resolver.upgrade() {
            resolver.receive(message, over);
        }
    })
}

/// What lookups do to the world.
struct World<'r> {
    resolver: &'r Resolver,
}

impl Effects for World<'_> {
    fn send(&mut self, server: usize, over: Transport, question: &[u8]) -> bool {
        let mut sockets = self.resolver.sockets.borrow_mut();
        match over {
            Transport::Udp => sockets.send_datagram(server, question),
            Transport::Tcp => sockets.send_over_tcp(server, question),
        }
    }

    fn answer(&mut self, waiter: Waiter, outcome: Result<Found, Failure>) {
        if let Some(sender) = self.resolver.waiting.borrow_mut().senders.remove(&waiter) {
            // Who has gone does not want it any more.
            let _ = sender.send(outcome);
        }
    }

    fn log(&mut self, text: String) {
        self.resolver.log.say(Level::Error, text);
    }

    fn random(&mut self) -> u32 {
        random()
    }
}

/// A number that nobody can guess: who could would answer in a name server's place.
fn random() -> u32 {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    u32::from_ne_bytes(bytes)
}

fn now_s() -> i64 {
    now::since_epoch().as_secs() as i64
}

/// Takes a question back when its asker goes away.
struct TakenBack<'r> {
    resolver: &'r Resolver,
    waiter: Waiter,
}

impl Drop for TakenBack<'_> {
    fn drop(&mut self) {
        if self.resolver.waiting.borrow_mut().senders.remove(&self.waiter).is_some() {
            self.resolver.lookups.borrow_mut().cancel(self.waiter);
        }
    }
}
