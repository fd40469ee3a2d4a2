//! The pages of the three commands.

use super::roff::Page;

/// `evenkeel(1)`
pub fn evenkeel() -> String {
    let mut page = Page::new("evenkeel", 1, "one program in the place of nginx and keepalived");
    page.section("SYNOPSIS").sample(
        "evenkeel nginx [options]\nevenkeel keepalived [options]\nevenkeel parse [--tree|--ir] [--format json|yaml] FILE...\n\
         evenkeel status [--pid-file FILE] [--vrrp-pid-file FILE] [--format text|json] [--watch [SECONDS]]\nevenkeel reload [--pid-file FILE]\nevenkeel swap-in [nginx] [keepalived] [--sbin DIR] [--pid-file FILE] [--keepalived-pid-file FILE]\n\
         evenkeel roll-back [nginx] [keepalived] [--sbin DIR] [--pid-file FILE] [--keepalived-pid-file FILE]\n\
         evenkeel completions SHELL",
    );
    page.section("DESCRIPTION")
        .paragraph(
            "Called as nginx or keepalived (a link of that name is enough), evenkeel takes that program's options, reads its files and \
             behaves as it does: see nginx(8) and keepalived(8). Its own commands are these.",
        )
        .item("evenkeel nginx, evenkeel keepalived", "The same without a link. With -t, nginx also says all that is not served yet and all that has no effect, each where it first stands.")
        .item(
            "evenkeel keepalived --takeover",
            "Takes the place of the keepalived that the pid files name, while it routes: runs the track scripts once, ends it, and goes \
             on with its states, priorities and addresses from the next advert. No address moves, and no notify script runs. If nothing \
             can be taken over, keepalived goes on and the status is 1. Without a running keepalived it is an ordinary start.",
        )
        .item(
            "evenkeel parse",
            "Reads configuration files and prints what they mean: with --tree the directives of nginx as they stand, with --ir the \
             typed values with inheritance and defaults. A file with keepalived in its name is keepalived's; one that is wrong is printed \
             as its error, and the status is 1. The output is stable, so that it can be kept and compared.",
        )
        .item(
            "evenkeel status",
            "Shows what runs. Of the proxy: which generation of its configuration it serves, since when, why the last reload was not \
             taken if it was not, each worker with the generation it serves or drains, and each upstream server: whether it can be taken, \
             why it is out and for how long, its weight, requests and open connections. Of VRRP: each instance with its state and \
             since when, its priority and what moved it, who is master, what keeps it in FAULT, and its addresses. With --watch it is shown again and again. Only root and the \
             proxy's own user are answered. The status is 1 if neither half runs.",
        )
        .item(
            "evenkeel reload",
            "Lets the running proxy read its configuration anew and waits: status 0 if it was taken, else status 1 and the reason, and \
             the old configuration goes on.",
        )
        .item(
            "evenkeel swap-in",
            "Puts this binary in the place of nginx, keepalived or both: tests the configuration with it, moves the original aside (with \
             dpkg-divert where packages are), leaves a link to itself, and takes over from what runs. A running nginx hands its sockets \
             over and drains, so that no connection is refused; a running keepalived hands its addresses over as with \
             --takeover, and systemd, if it started either, follows. What fails is undone, for both.",
        )
        .item("evenkeel roll-back", "Puts the originals back, in the same way.")
        .item("evenkeel completions", "Prints what bash, zsh, fish, elvish or powershell needs to complete these commands.");
    page.section("SEE ALSO")
        .paragraph("nginx(8), keepalived(8), evenkeel-directives(7), evenkeel-keywords(7), evenkeel-variables(7)");
    page.finish()
}

/// `nginx(8)`
pub fn nginx() -> String {
    let mut page = Page::new("nginx", 8, "evenkeel in the place of nginx");
    page.section("SYNOPSIS")
        .sample("nginx [-?hvVtTq] [-s signal] [-p prefix] [-e filename] [-c filename] [-g directives]");
    page.section("OPTIONS");
    for (option, text) in [
        ("-?, -h", "Print a short help."),
        ("-v", "Print the version."),
        ("-V", "Print the version and what is built in, as configure arguments."),
        ("-t", "Test the configuration: read it, and open what a start would open."),
        ("-T", "The same, and print every file of the configuration."),
        ("-q", "With -t or -T: print errors only."),
        ("-s signal", "Send a signal to the running master: stop, quit, reopen or reload."),
        ("-p prefix", "The directory that relative paths of the configuration begin at."),
        ("-e filename", "Where errors go until the configuration says otherwise; stderr is the terminal."),
        ("-c filename", "The configuration file; relative to the prefix."),
        (
            "-g directives",
            "Directives of the main context, read before the file; the last one ends with a semicolon too.",
        ),
    ] {
        page.item(option, text);
    }
    page.section("SIGNALS");
    for (signal, text) in [
        ("TERM, INT", "Stop at once."),
        ("QUIT", "Finish the requests under way, then stop."),
        ("HUP", "Read the configuration again; if it is wrong, everything stays as it was."),
        ("USR1", "Open the log files again."),
        ("USR2", "Start a new binary that takes the sockets over."),
        ("WINCH", "Have the workers finish and end; the master stays."),
    ] {
        page.item(signal, text);
    }
    page.section("EXIT STATUS").paragraph("0 if all went well, 1 after an error.");
    page.section("FILES")
        .item("/etc/nginx/nginx.conf", "The configuration.")
        .item("/run/nginx.pid", "The master's process id.");
    page.section("SEE ALSO").paragraph("evenkeel(1), evenkeel-directives(7), evenkeel-variables(7)");
    page.finish()
}

/// `keepalived(8)`
pub fn keepalived() -> String {
    let mut page = Page::new("keepalived", 8, "evenkeel in the place of keepalived");
    page.section("SYNOPSIS").sample("keepalived [options]");
    page.section("OPTIONS");
    for (option, text) in KEEPALIVED_OPTIONS {
        page.item(option, text);
    }
    page.section("SIGNALS");
    for (signal, text) in [
        (
            "TERM, INT",
            "Stop: addresses are removed, and a last advert with priority 0 lets the backup take over at once.",
        ),
        ("HUP", "Read the configuration again and go from the old to the new one without a change of master."),
        ("USR1", "Write the state into /tmp/keepalived.data, or where the configuration says."),
        ("USR2", "Write the counters into /tmp/keepalived.stats, or where the configuration says."),
        ("36 (JSON)", "Write both into /tmp/keepalived.json, or where the configuration says."),
        ("63 (STATS_CLEAR)", "Write the counters, and begin to count anew."),
    ] {
        page.item(signal, text);
    }
    page.section("EXIT STATUS").paragraph(
        "With -t: 0 if the file has no fault, 5 if it has and could still be used, 6 if scripts are not secure, 2 or 4 if it is refused.",
    );
    page.section("FILES")
        .item("/etc/keepalived/keepalived.conf", "The configuration.")
        .item("/run/keepalived.pid", "The process id.");
    page.section("SEE ALSO").paragraph("evenkeel(1), evenkeel-keywords(7)");
    page.finish()
}

const KEEPALIVED_OPTIONS: &[(&str, &str)] = &[
    ("-f, --use-file=FILE", "The configuration file."),
    ("-P, --vrrp", "VRRP alone."),
    ("-C, --check", "Health checks alone."),
    ("-B, --no_bfd", "No BFD."),
    ("--all", "Start every part, whether the configuration asks for it or not."),
    ("-l, --log-console", "Log to the terminal too."),
    ("-D, --log-detail", "Log in more detail."),
    ("-S, --log-facility=FACILITY", "The syslog facility: 0 to 7, local0 to local7, user or daemon."),
    ("-G, --no-syslog", "Nothing to syslog."),
    ("-u, --umask=MASK", "The umask of files that are made."),
    ("-X, --release-vips", "Drop addresses on a change of state asked for by a signal."),
    ("-V, --dont-release-vrrp", "Leave addresses and routes when stopping."),
    ("-I, --dont-release-ipvs", "Leave virtual servers when stopping."),
    ("-R, --dont-respawn", "Do not start a part again that has died."),
    ("-n, --dont-fork", "Stay in the foreground."),
    ("-d, --dump-conf", "Log the configuration."),
    ("-p, --pid=FILE", "The file for the process id."),
    ("-r, --vrrp_pid=FILE, -c, --checkers_pid=FILE, -b, --bfd_pid=FILE", "The files for the process ids of the parts."),
    ("-T, --genhash", "Compute the hash of a page."),
    ("-a, --address-monitoring", "Log every address that comes or goes."),
    ("-x, --snmp, -A, --snmp-agent-socket=FILE", "SNMP."),
    ("-s, --namespace=NAME", "Run in this network namespace."),
    ("-m, --core-dump, -M, --core-dump-pattern=PATTERN", "Leave a core when dying of a fault."),
    ("-e, --all-config", "A configuration file that is missing is an error."),
    ("-i, --config-id=ID", "Lines that begin with @ and another id are left out."),
    ("--signum=NAME", "Print the number of a signal: STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON."),
    ("-t, --config-test[=FILE]", "Test the configuration; faults go to the terminal or the file."),
    ("-v, --version", "Print the version."),
    ("-h, --help", "Print a short help."),
];
