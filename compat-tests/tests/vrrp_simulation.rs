//! Virtual routers in virtual time: a seeded network that loses, delays, doubles and cuts, routers that die and come back,
//! scripts that fail. What must hold, holds for every seed; a seed that ever failed is kept below.

#[path = "vrrp_simulation/world.rs"]
mod world;

use std::time::Duration;

use world::{Plan, World};

/// Seeds that once failed, with what they showed.
const KEPT_SEEDS: [u64; 0] = [];

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
        let mut world = World::new(&plan, seed);
        world.start_all();
        world.run_for(plan.settling_time());
        world.trouble(&plan);
        world.heal();
        world.run_for(plan.settling_time());
        world.check_one_rightful_master(&plan);
        world.check_calm(&plan, Duration::from_secs(30));
        failovers += world.failovers();
    }
    println!("{failovers} failovers in {} seeds", seeds());
    assert!(failovers > seeds(), "the network was too kind: {failovers} failovers");
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
