//! Virtual routers in virtual time: a seeded network that loses, delays, doubles and cuts, routers that die and come back,
//! scripts that fail. What must hold, holds for every seed; a seed that ever failed is kept below.

#[path = "vrrp_simulation/plan.rs"]
mod plan;
#[path = "vrrp_simulation/setup.rs"]
mod setup;
#[path = "vrrp_simulation/world.rs"]
mod world;

use std::time::Duration;

use evenkeel::wire::vrrp::OWNER;

use plan::Plan;
use world::{Move, World};

/// Seeds that once failed, with what they showed.
const KEPT_SEEDS: [u64; 1] = [
    // A router whose wait before it preempts ends in the very moment in which the others are looked at.
    8880,
];

/// How many seeds a plain test run goes through; `EVENKEEL_SIMULATION_SEEDS` sets another number.
const SEEDS: u64 = 1_000;

fn seeds() -> u64 {
    std::env::var("EVENKEEL_SIMULATION_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

#[test]
fn every_seed_heals() {
    let mut failovers = 0;
    for seed in KEPT_SEEDS.into_iter().chain(0..seeds()) {
        let plan = Plan::from_seed(seed);
        failovers += live(&plan, seed).failovers();
    }
    println!("{failovers} failovers in {} seeds", seeds());
    assert!(failovers > seeds(), "the network was too kind: {failovers} failovers");
}

/// A start, a while of trouble, and the calm after it.
fn live(plan: &Plan, seed: u64) -> World {
    let mut world = World::new(plan, seed);
    world.start_all();
    world.run_for(plan.settling_time());
    world.trouble(plan);
    world.settle(plan);
    world.check_calm(plan, Duration::from_secs(30));
    world
}

#[test]
fn a_seed_stands_for_one_life() {
    for seed in 0..20 {
        let plan = Plan::from_seed(seed);
        assert_eq!(live(&plan, seed).history(), live(&plan, seed).history(), "seed {seed}");
    }
}

#[test]
fn a_graceful_stop_hands_over_within_skew_time() {
    for seed in 0..seeds() / 10 {
        let plan = Plan::from_seed(seed).without_delays();
        let mut world = World::new(&plan, seed);
        world.start_all();
        world.run_for(plan.settling_time());
        while world.alive() > 1 {
            let took = world.stop_master_and_wait();
            assert!(took <= plan.longest_skew() + Duration::from_millis(20), "seed {seed}: {took:?} {plan:?}");
            world.run_for(plan.settling_time());
        }
    }
}

#[test]
fn a_killed_master_is_replaced_within_the_master_down_time() {
    for seed in 0..seeds() / 10 {
        let plan = Plan::from_seed(seed).without_delays();
        let mut world = World::new(&plan, seed);
        world.start_all();
        world.run_for(plan.settling_time());
        let took = world.kill_master_and_wait();
        assert!(took <= plan.longest_master_down() + Duration::from_millis(20), "seed {seed}: {took:?}");
    }
}

#[test]
fn a_failing_script_moves_the_addresses_and_brings_them_back() {
    for seed in 0..seeds() / 10 {
        let plan = Plan::from_seed(seed).without_delays().preempting();
        let mut world = World::new(&plan, seed);
        world.start_all();
        world.run_for(plan.settling_time());
        let first = world.only_master().expect("one master");
        world.script_result(first, false);
        world.run_for(plan.settling_time());
        assert_ne!(world.only_master(), Some(first), "seed {seed}");
        world.script_result(first, true);
        world.run_for(plan.settling_time());
        assert_eq!(world.only_master(), Some(first), "seed {seed}");
    }
}

/// Moves in a row in a small space; `EVENKEEL_SIMULATION_DEPTH` sets another number.
const DEPTH: usize = 3;

/// Two routers in every way in which priority, version and preemption meet, and three; with how many moves each is looked at.
fn small_spaces(depth: usize) -> Vec<(Plan, usize)> {
    let mut spaces = vec![
        (Plan::small(&[101, 100], 2, true), depth),
        (Plan::small(&[101, 100], 3, false), depth),
        (Plan::small(&[102, 101, 100], 2, true), depth - 1),
        (Plan::small(&[102, 101, 100], 3, false), depth - 1),
        (Plan::small(&[101, 100], 3, true), depth - 1),
        (Plan::small(&[101, 100], 2, false), depth - 1),
    ];
    for (version, preempt) in [(2, true), (3, true), (2, false), (3, false)] {
        let alike = [[100, 100], [255, 100]].map(|priorities| Plan::small(&priorities, version, preempt));
        spaces.extend(alike.map(|plan| (plan, depth - 1)));
    }
    spaces
}

/// Everything that a few routers can live through in a few moves: after each row of them a healed network has one master.
#[test]
fn small_spaces_hold_no_surprise() {
    let depth = std::env::var("EVENKEEL_SIMULATION_DEPTH").ok().and_then(|text| text.parse().ok()).unwrap_or(DEPTH);
    let mut rows = 0;
    for (plan, depth) in small_spaces(depth) {
        let mut world = World::new(&plan, 0);
        world.start_all();
        world.run_for(plan.settling_time());
        rows += go_on(&world, &plan, &mut Vec::new(), depth);
    }
    println!("{rows} rows of up to {depth} moves");
}

fn go_on(world: &World, plan: &Plan, made: &mut Vec<Move>, depth: usize) -> u64 {
    if depth == 0 {
        return 0;
    }
    let moves = moves(plan);
    let mut rows = 0;
    for next in moves {
        made.push(next);
        let mut after = world.clone();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            after.make(next);
            after.clone().settle(plan);
        }));
        assert!(outcome.is_ok(), "{made:?} in {plan:?}");
        rows += 1 + go_on(&after, plan, made, depth - 1);
        made.pop();
    }
    rows
}

fn moves(plan: &Plan) -> Vec<Move> {
    let mut moves = vec![Move::Wait(plan.interval / 3), Move::Wait(plan.longest_master_down()), Move::Lose, Move::Join];
    for one in 0..plan.priorities.len() {
        moves.extend([Move::Kill(one), Move::Stop(one), Move::Start(one)]);
        moves.extend([
            Move::Script(one, false),
            Move::Script(one, true),
            Move::Link(one, false),
            Move::Link(one, true),
        ]);
        moves.extend((0..plan.priorities.len()).filter(|other| *other != one).map(|other| Move::Cut(one, other)));
        if plan.priorities[one] != OWNER {
            moves.push(Move::Reload(one, 150));
        }
    }
    moves
}
