//! Many track scripts: what their starts cost.

use std::time::Duration;

use compat_tests::lab::{ELECTION, Lab, Which};

use crate::{Figure, milliseconds, processor};

const SCRIPTS: usize = 200;
/// How long it is measured.
const TIME: Duration = Duration::from_secs(20);
/// All scripts have run by then, and announcements are over.
const SETTLING: Duration = Duration::from_secs(8);

/// The processor time of the VRRP process and of the scripts that it has waited for.
pub fn play(which: Which) -> Vec<Figure> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 100, true);
    let each = |line: fn(usize) -> String| (0..SCRIPTS).map(line).collect::<String>();
    let scripts =
        each(|number| format!("vrrp_script s{number} {{\n script /usr/bin/true\n interval 1\n weight 1\n}}\n"));
    let tracked = each(|number| format!("    s{number}\n"));
    node.rewrite(|text| {
        let text = text.replace("vrrp_instance", &format!("{scripts}vrrp_instance"));
        text.replace("    chk\n", &tracked)
    });
    node.start();
    lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
    std::thread::sleep(SETTLING);
    let vrrp = node.pid(true);
    let before = processor::with_children(vrrp);
    std::thread::sleep(TIME);
    let spent = processor::with_children(vrrp) - before;
    vec![Figure::new("processor time of 20 s", spent.as_secs_f64() * 1e3, milliseconds(spent)).must_be_lower()]
}
