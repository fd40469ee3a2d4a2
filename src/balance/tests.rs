//! Sequences recorded from nginx, and what cannot be seen from outside.

use super::*;

const NOW_MS: i64 = 1_000_000_000;

fn peers(weights: &[i64]) -> Vec<Peer> {
    let peer = |(index, weight): (usize, &i64)| Peer {
        weight: *weight,
        ..Peer::new(format!("127.0.1.{}:18080", index + 1).as_bytes())
    };
    weights.iter().enumerate().map(peer).collect()
}

fn never() -> impl FnMut() -> u32 {
    || panic!("this method draws no lots")
}

/// Served picks as letters.
fn sequence(balancer: &Balancer, keys: &[&[u8]]) -> String {
    let pick = |key: &&[u8]| {
        let mut session = balancer.start(key);
        let id = balancer.pick(&mut session, NOW_MS, &mut never()).expect("all are alive");
        balancer.release(&mut session, Outcome::Served, Times::default(), NOW_MS);
        char::from(b'a' + id.index as u8)
    };
    keys.iter().map(pick).collect()
}

#[test]
fn smooth_weights_as_nginx_documents_them() {
    let balancer = Balancer::new(Method::RoundRobin, peers(&[5, 1, 1]), Vec::new());
    assert_eq!(sequence(&balancer, &[&b""[..]; 14]), "aabacaaaabacaa");
}

#[test]
fn a_failed_peer_rests_and_comes_back_slowly() {
    let balancer = Balancer::new(Method::RoundRobin, peers(&[2, 2]), Vec::new());
    let mut session = balancer.start(b"");
    let first = balancer.pick(&mut session, NOW_MS, &mut never()).expect("alive");
    assert!(
        balancer.release(&mut session, Outcome::Failed, Times::default(), NOW_MS),
        "one failure takes it out of use"
    );
    let second = balancer.pick(&mut session, NOW_MS, &mut never()).expect("alive");
    assert_eq!((first.index, second.index), (0, 1));
    balancer.release(&mut session, Outcome::Served, Times::default(), NOW_MS);
    assert_eq!(sequence(&balancer, &[&b""[..]; 4]), "bbbb");
    let mut session = balancer.start(b"");
    let back = (0..4).map(|_| {
        let id = balancer.pick(&mut session, NOW_MS + 11_000, &mut never()).expect("alive");
        balancer.release(&mut session, Outcome::Served, Times::default(), NOW_MS + 11_000);
        session = balancer.start(b"");
        id.index
    });
    assert!(back.collect::<Vec<_>>().contains(&0));
}

#[test]
fn a_full_peer_is_passed_over() {
    let mut limited = peers(&[1, 1]);
    limited[0].max_conns = 1;
    limited[1].max_conns = 1;
    let balancer = Balancer::new(Method::RoundRobin, limited, Vec::new());
    let mut sessions = [balancer.start(b""), balancer.start(b""), balancer.start(b"")];
    let [one, two, three] = &mut sessions;
    assert!(balancer.pick(one, NOW_MS, &mut never()).is_ok());
    assert!(balancer.pick(two, NOW_MS, &mut never()).is_ok());
    assert_eq!(balancer.pick(three, NOW_MS, &mut never()), Err(Busy));
    balancer.release(one, Outcome::Served, Times::default(), NOW_MS);
    assert!(balancer.pick(three, NOW_MS, &mut never()).is_ok());
}

#[test]
fn least_conn_takes_the_idle_one() {
    let balancer = Balancer::new(Method::LeastConn, peers(&[1, 1, 2]), Vec::new());
    let mut held = Vec::new();
    let picks = (0..8).map(|_| {
        let mut session = balancer.start(b"");
        let id = balancer.pick(&mut session, NOW_MS, &mut never()).expect("alive");
        held.push(session);
        char::from(b'a' + id.index as u8)
    });
    assert_eq!(picks.collect::<String>(), "cabcbacc");
}

#[test]
fn random_draws_by_weight_and_two_prefers_the_idle_one() {
    let balancer = Balancer::new(Method::Random { two: false }, peers(&[3, 1]), Vec::new());
    let mut lots = [0, 2, 3, 7].into_iter();
    let mut next = move || lots.next().expect("four lots");
    let picks = (0..4).map(|_| balancer.pick(&mut balancer.start(b""), NOW_MS, &mut next).expect("alive").index);
    assert_eq!(picks.collect::<Vec<_>>(), [0, 0, 1, 1]);

    let balancer = Balancer::new(Method::Random { two: true }, peers(&[1, 1]), Vec::new());
    let mut busy = balancer.start(b"");
    let first = balancer.pick(&mut busy, NOW_MS, &mut {
        let mut lots = [0, 1].into_iter();
        move || lots.next().expect("two")
    });
    let mut other = balancer.start(b"");
    let second = balancer.pick(&mut other, NOW_MS, &mut {
        let mut lots = [0, 1].into_iter();
        move || lots.next().expect("two")
    });
    assert_ne!(first, second);
}

#[test]
fn random_gives_up_after_twenty_draws() {
    let mut two = peers(&[1, 1]);
    two[0].down = true;
    let balancer = Balancer::new(Method::Random { two: false }, two, Vec::new());
    let id = balancer.pick(&mut balancer.start(b""), NOW_MS, &mut || 0).expect("the other is alive");
    assert_eq!(id.index, 1);
}

#[test]
fn hash_again_bounds_the_further_tries() {
    let mut three = peers(&[1, 1, 1]);
    let key = b"some key";
    let all = Balancer::new(Method::Hash, three.clone(), Vec::new());
    let first = all.pick(&mut all.start(key), NOW_MS, &mut never()).expect("alive").index;
    three[first].down = true;
    let balancer = Balancer::new(Method::UrlHash { again: 0 }, three, Vec::new());
    let id = balancer.pick(&mut balancer.start(key), NOW_MS, &mut never()).expect("round robin finds one");
    assert_ne!(id.index, first);
}

/// The share of a peer that came back, a tenth of its slow start after the other.
#[test]
fn a_peer_that_comes_back_gets_its_weight_little_by_little() {
    let mut two = peers(&[1, 1]);
    two[0].slow_start_ms = 10_000;
    let balancer = Balancer::new(Method::RoundRobin, two, Vec::new());
    let serve = |now_ms: i64, outcome: Outcome| {
        let mut session = balancer.start(b"");
        let id = balancer.pick(&mut session, now_ms, &mut never()).expect("alive");
        balancer.release(&mut session, if id.index == 0 { outcome } else { Outcome::Served }, Times::default(), now_ms);
        id.index
    };
    assert_eq!(serve(NOW_MS, Outcome::Failed), 0);
    let back_ms =
        (NOW_MS + 11_000..).step_by(1).find(|now_ms| serve(*now_ms, Outcome::Served) == 0).expect("its rest ends");
    let share = |after_ms: i64| (0..100).filter(|_| serve(back_ms + after_ms, Outcome::Served) == 0).count();
    assert_eq!(share(0), 0);
    assert!((8..=12).contains(&share(1_250)));
    assert!((31..=35).contains(&share(5_000)));
    assert!((49..=51).contains(&share(10_000)));
}

#[test]
fn least_conn_sends_a_peer_less_while_it_starts_slowly() {
    let mut two = peers(&[1, 1]);
    two[0].slow_start_ms = 10_000;
    let balancer = Balancer::new(Method::LeastConn, two, Vec::new());
    let mut failing = balancer.start(b"");
    assert_eq!(balancer.pick(&mut failing, NOW_MS, &mut never()).map(|id| id.index), Ok(0));
    balancer.release(&mut failing, Outcome::Failed, Times::default(), NOW_MS);
    let is_back = (0..9).any(|_| {
        let mut session = balancer.start(b"");
        let id = balancer.pick(&mut session, NOW_MS + 11_000, &mut never()).expect("alive");
        balancer.release(&mut session, Outcome::Served, Times::default(), NOW_MS + 11_000);
        id.index == 0
    });
    assert!(is_back, "its rest has ended");
    let mut held = Vec::new();
    let picks = (0..12).map(|_| {
        let mut session = balancer.start(b"");
        let id = balancer.pick(&mut session, NOW_MS + 11_000 + 2_500, &mut never()).expect("alive");
        held.push(session);
        id.index
    });
    assert_eq!(picks.filter(|index| *index == 0).count(), 3, "a quarter of the other's load");
}
