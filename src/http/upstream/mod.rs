//! The proxy's side towards the backends: groups of servers, tries, requests, answers.
//!
//! [`tries::run`] is the whole of it, top to bottom: `balance` picks a server, [`keepalive`] or [`connect`] gives a connection,
//! [`exchange`] sends the [`request`] and reads the head of the [`response`], [`retry`] says what a failure leads to, and
//! [`relay`] passes the answer on through a [`pipe`]. [`http2`] takes the place of a plain stream where HTTP/2 is spoken.

pub mod answer;
pub mod attempt;
pub mod connect;
pub mod cookie;
mod downstream;
pub mod dynamic;
pub mod exchange;
pub mod group;
pub mod headers;
pub mod http2;
pub mod job;
pub mod keepalive;
pub mod layout;
pub mod pipe;
pub mod plan;
pub mod queue;
pub mod record;
pub mod relay;
pub mod request;
pub mod resolve;
pub mod response;
pub mod retry;
pub mod secure;
pub mod sessions;
pub mod spool;
pub mod sticky;
pub mod store;
pub mod tries;
pub mod unsafe_uri;
pub mod url;
pub mod waiting;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use self::group::{Group, Zones};
use self::plan::{AnswerPlan, Plans, RequestPlan};
use super::resolvers::Resolvers;
use crate::ir::http::Http;
use crate::ir::http::proxy::{Proxy, ProxyPass};
use crate::ir::lookup::HostId;
use crate::ir::upstream::UpstreamId;
use crate::log::error_log::ErrorLog;
use tokio::task::AbortHandle;

/// All groups of one generation in one worker.
#[derive(Debug)]
pub struct Upstreams {
    groups: Vec<Rc<Group>>,
    plans: RefCell<BTreeMap<(usize, usize), Rc<Plans>>>,
    random: Cell<u64>,
    shows_headers: bool,
    /// The lookups in the background.
    resolving: RefCell<Vec<AbortHandle>>,
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.resolving.borrow().iter().for_each(AbortHandle::abort);
    }
}

impl Upstreams {
    /// The groups of a configuration; `resolve` gives the addresses of its host names, `zones` the words of their zones, `seed` is for `random`.
    pub fn new(
        http: &Http,
        seed: u64,
        mut resolve: impl FnMut(HostId) -> Vec<SocketAddr>,
        zones: &dyn Fn(UpstreamId) -> Zones,
    ) -> Self {
        let shows = |name: &[u8]| name.starts_with(b"upstream_http_") || name.starts_with(b"upstream_cookie_");
        Self {
            groups: group::groups(http, &mut resolve, zones),
            plans: RefCell::default(),
            resolving: RefCell::default(),
            random: Cell::new(seed | 1),
            shows_headers: http.variables.used.iter().any(|variable| shows(&variable.name)),
        }
    }

    /// A group by its number.
    pub fn group(&self, id: UpstreamId) -> &Rc<Group> {
        &self.groups[id.0 as usize]
    }

    /// The group that a URL with variables names.
    pub fn find(&self, host: &[u8], port: Option<u16>, default_port: u16) -> Option<&Rc<Group>> {
        self.groups.iter().find(|group| group.is_named(host, port, default_port))
    }

    /// The plans of a location. Both values live as long as the configuration, so their places in memory name them.
    pub fn plans(&self, proxy: &Rc<Proxy>, pass: &Rc<ProxyPass>) -> Rc<Plans> {
        let key = (Rc::as_ptr(proxy) as usize, Rc::as_ptr(pass) as usize);
        let mut plans = self.plans.borrow_mut();
        let plan = plans.entry(key).or_insert_with(|| {
            Rc::new(Plans {
                request: RequestPlan::new(&proxy.set_headers, pass.is_grpc),
                answer: Rc::new(AnswerPlan::new(proxy, pass)),
            })
        });
        Rc::clone(plan)
    }

    /// Does any variable show a header of a backend's answer?
    pub fn shows_headers(&self) -> bool {
        self.shows_headers
    }

    /// A random number (xorshift64*): which server `random` draws is nobody's secret.
    pub fn random(&self) -> u32 {
        let mut state = self.random.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.random.set(state);
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// Looks up names again and again, in the background; ends with this value.
    pub fn start_resolving(&self, http: &Http, resolvers: &Resolvers, log: &Rc<ErrorLog>) {
        for (group, upstream) in self.groups.iter().zip(&http.upstreams) {
            let Some(dynamic) = &group.dynamic else { continue };
            let Some(resolver) = upstream.resolver.as_ref().and_then(|resolver| resolvers.get(resolver)) else {
                continue;
            };
            for template in 0..dynamic.lines() {
                let (group, resolver, log) = (Rc::clone(group), Rc::clone(resolver), Rc::clone(log));
                let resolving = async move {
                    if let Some(dynamic) = &group.dynamic {
                        dynamic.keep_resolving(template, resolver, log).await;
                    }
                };
                self.resolving.borrow_mut().push(tokio::task::spawn_local(resolving).abort_handle());
            }
        }
    }

    /// Closes idle connections: the worker is to end.
    pub fn close_idle(&self) {
        self.groups.iter().for_each(|group| group.pool.clear());
    }
}
