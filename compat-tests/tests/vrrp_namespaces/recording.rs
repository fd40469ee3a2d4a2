//! A live run, recorded and replayed: the engine comes to every action again, from the events alone.

use evenkeel::ir::keepalived::read;
use evenkeel::process::machine::Machine;
use evenkeel::vrrp_io::recorder;

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

#[test]
fn a_live_run_is_replayed_to_the_letter() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut a = lab.node("a", Which::Evenkeel, 101, true);
    let mut b = lab.node("b", Which::Evenkeel, 100, false);
    lab.move_by_script(&mut a, &mut b);
    a.stop();
    lab.wait("b takes over after a stop", ELECTION, || b.holds(), &[&a, &b]);
    b.stop();
    for node in [&a, &b] {
        let path = node.configuration();
        let config = node.inside(move |_| {
            let options = read::Options { path, directory: "/".into(), vrrp_only: true, ..read::Options::default() };
            let machine = Machine::default();
            read::read(&machine, &machine, &options).keepalived
        });
        let recording = node.recording();
        assert!(recording.contains("ScriptExited") && recording.contains("Advert"), "{recording}");
        assert_eq!(recorder::replay(&config, &recording), Ok(recording.lines().count()));
    }
}
