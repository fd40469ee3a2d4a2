//! keepalived's messages as values. The shell prints them; nothing here knows where to.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::ScriptExit;
use super::fault::Fault;
use super::refusal::Refusal;

/// One line of log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Report {
    /// What an instance has to say.
    Instance {
        /// Its name.
        instance: String,
        /// What.
        text: InstanceReport,
    },
    /// A sync group moves its members.
    Syncing {
        /// Its name.
        group: String,
        /// Where to, as keepalived writes it.
        state: String,
    },
    /// A sync group is in FAULT from the start because of a member.
    SyncingAtStart {
        /// Its name.
        group: String,
        /// The member.
        instance: String,
    },
    /// The status of a script differs from the last one.
    ScriptReturns {
        /// Its name.
        script: String,
        /// The new status.
        status: i32,
    },
    /// A script counts as good or failed now, and did not before.
    ScriptChanged {
        /// Its name.
        script: String,
        /// The run that made the difference.
        exit: ScriptExit,
    },
    /// A script counts after a reload as before.
    ScriptKept {
        /// Its name.
        script: String,
        /// Whether as good.
        good: bool,
    },
    /// The quorum of a tracked process was gained or lost.
    Quorum {
        /// The name of the block.
        process: String,
        /// Whether there are enough now.
        reached: bool,
    },
    /// A BFD session tells how it stands.
    BfdTold {
        /// Its name.
        session: String,
        /// Whether it is up.
        up: bool,
    },
    /// The kernel told about an interface.
    Link {
        /// The interface.
        interface: String,
        /// Whether packets can pass now.
        running: bool,
    },
    /// `log_unknown_vrids`: an advert for nobody here.
    UnknownVrid {
        /// Its virtual router.
        vrid: u8,
        /// Where it came in.
        interface: String,
    },
    /// `timer_expired_backup`: the process stood still for too long.
    TimerExpired {
        /// How late the first timer was.
        ago: Duration,
    },
    /// The address that adverts of an interface come from is there, or is gone.
    PrimaryAddress {
        /// The interface.
        interface: String,
        /// The address.
        address: IpAddr,
        /// Whether it is there.
        assigned: bool,
    },
    /// `vrrp_startup_delay` is over.
    StartupDelayOver,
    /// Announcements can leave.
    Channel {
        /// Those of IPv6.
        ipv6: bool,
    },
}

/// What an instance has to say.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum InstanceReport {
    /// A state was entered; `init` for the first one.
    Entering {
        /// As keepalived writes it.
        state: String,
        /// The first one after the start.
        init: bool,
    },
    /// A state was taken over from another process.
    Adopting(String),
    /// It starts in FAULT for this reason.
    StartsInFault(Fault),
    /// It starts in FAULT.
    InFault,
    /// A tracked file put it into FAULT, or no longer.
    FileFault {
        /// The name of the file's block.
        file: String,
        /// Whether it does.
        fault: bool,
    },
    /// A BFD session that it tracks came up or went down.
    Bfd {
        /// Its name.
        session: String,
        /// Whether it is up.
        up: bool,
    },
    /// What is left of its priority once a tracked file is no fault any more.
    PrioritySet(u8),
    /// The effective priority changed.
    Priority {
        /// Before.
        from: u8,
        /// Now.
        to: u8,
    },
    /// The master-down timer ran out.
    Timeout,
    /// Addresses go in (`true`) or out.
    Addresses(bool),
    /// Packets to them are dropped or no longer.
    Firewall(bool),
    /// Excluded addresses go in or out.
    ExcludedAddresses(bool),
    /// A reload left an address out.
    AddressLeftOut {
        /// With its prefix.
        address: String,
        /// Where it was.
        interface: String,
    },
    /// Routes go in or out.
    Routes(bool),
    /// Rules go in or out.
    Rules(bool),
    /// An advert of priority 0 went out.
    SentZero,
    /// A backup heard that the master stops.
    BackupHeardZero,
    /// A master heard another master stop.
    MasterHeardZero,
    /// A backup saw who the master is.
    MasterIs(IpAddr),
    /// A backup saw another master than before.
    MasterChanged {
        /// Before.
        from: IpAddr,
        /// Now.
        to: IpAddr,
    },
    /// A backup with the higher priority does not follow this advert.
    Discarding {
        /// The priority in it.
        priority: u8,
        /// Who sent it.
        source: IpAddr,
    },
    /// A master yields to a higher priority.
    HigherPriority {
        /// Who sent it.
        source: IpAddr,
        /// The priority in it.
        theirs: u8,
        /// Ours.
        ours: u8,
    },
    /// A master yields to a higher address.
    HigherAddress {
        /// Who sent it.
        source: IpAddr,
        /// The priority of both.
        priority: u8,
    },
    /// A master heard a lower one.
    LowerPriority {
        /// Who sent it.
        source: IpAddr,
        /// The priority in it.
        theirs: u8,
        /// Ours.
        ours: u8,
        /// Whether it is answered at once.
        answered: bool,
    },
    /// `auth_type AH`: a master counts on from the number in a lower advert.
    SequenceFollows,
    /// Someone else sends from our address.
    OurAddress,
    /// Two routers claim to own the addresses.
    OwnerConflict(IpAddr),
    /// The other owner did not stop: we step down.
    OwnerStepsDown(IpAddr),
    /// The other owner stopped in time.
    RogueOwnerStopped,
    /// The conflict is over: back to 255.
    OwnerRestored {
        /// Whether a lower advert told so, or the silence.
        lower_advert: bool,
    },
    /// Version 3: the interval of the master is taken over.
    IntervalLearnt {
        /// Before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// Version 3: back to the own interval.
    IntervalOwn {
        /// Before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// `preempt_delay` begins.
    PreemptDelayStarts(Duration),
    /// `preempt_delay` is called off.
    PreemptDelayStops,
    /// A packet was not accepted, or accepted with a remark.
    Refused {
        /// Who sent it.
        source: IpAddr,
        /// Why.
        refusal: Refusal,
    },
    /// Peers may have forgotten where our source address is.
    AnnouncingSource(IpAddr),
}

impl Report {
    /// Whether keepalived says it with -D alone.
    pub fn is_detail(&self) -> bool {
        use InstanceReport as I;
        matches!(
            self,
            Self::BfdTold { .. }
                | Self::PrimaryAddress { .. }
                | Self::Instance {
                    text: I::Timeout
                        | I::FileFault { .. }
                        | I::PrioritySet(_)
                        | I::Addresses(_)
                        | I::Firewall(_)
                        | I::ExcludedAddresses(_)
                        | I::Routes(_)
                        | I::Rules(_)
                        | I::SentZero
                        | I::BackupHeardZero
                        | I::MasterHeardZero
                        | I::MasterIs(_)
                        | I::MasterChanged { .. }
                        | I::IntervalLearnt { .. }
                        | I::IntervalOwn { .. }
                        | I::PreemptDelayStarts(_)
                        | I::PreemptDelayStops
                        | I::AnnouncingSource(_),
                    ..
                }
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance { instance, text } => text.write(instance, f),
            Self::Syncing { group, state } => write!(f, "VRRP_Group({group}) Syncing instances to {state} state"),
            Self::SyncingAtStart { group, instance } => {
                write!(f, "VRRP_Group({group}): Syncing {instance} to FAULT state")
            }
            Self::ScriptReturns { script, status } => write!(f, "Script `{script}` now returning {status}"),
            Self::ScriptChanged { script, exit } => match exit {
                ScriptExit::Status(0) => write!(f, "VRRP_Script({script}) succeeded"),
                ScriptExit::Status(status) => write!(f, "VRRP_Script({script}) failed (exited with status {status})"),
                ScriptExit::Signal(signal) => write!(f, "VRRP_Script({script}) failed (due to signal {signal})"),
                ScriptExit::TimedOut => write!(f, "VRRP_Script({script}) timed_out"),
            },
            Self::ScriptKept { script, good } => {
                write!(f, "VRRP_Script({script}) considered {}successful on reload", if *good { "" } else { "un" })
            }
            Self::Quorum { process, reached } => {
                write!(f, "Quorum {} for tracked process {process}", if *reached { "gained" } else { "lost" })
            }
            Self::BfdTold { session, up } => {
                // keepalived has a process for the sessions, from which the word is on its way for some microseconds.
                let state = if *up { "Up" } else { "Down" };
                write!(f, "Received BFD event: instance {session} is in state {state} (delivered in 0 usec)")
            }
            Self::Link { interface, running } => {
                write!(f, "Netlink reports {interface} {}", if *running { "up" } else { "down" })
            }
            Self::UnknownVrid { vrid, interface } => {
                write!(f, "Unknown VRID({vrid}) received on interface({interface}). ignoring...")
            }
            Self::PrimaryAddress { interface, address, assigned: true } => {
                write!(f, "Assigned address {address} for interface {interface}")
            }
            Self::PrimaryAddress { interface, address, assigned: false } => {
                write!(f, "Deassigned address {address} from interface {interface}")
            }
            Self::TimerExpired { ago } => {
                let (seconds, micros) = (ago.as_secs(), ago.subsec_micros());
                write!(f, "VRRP thread timer expired {seconds}.{micros:06} seconds ago")
            }
            Self::StartupDelayOver => f.write_str("Delayed start completed"),
            Self::Channel { ipv6 } => {
                write!(f, "Registering gratuitous {} shared channel", if *ipv6 { "NDISC" } else { "ARP" })
            }
        }
    }
}

impl InstanceReport {
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartsInFault(fault) => write_start_fault(name, fault, f),
            Self::FileFault { file, fault } => {
                let state = if *fault { "now FAULT" } else { "leaving FAULT" };
                write!(f, "({name}): tracked file {file} {state} state")
            }
            Self::Bfd { session, up } => {
                let state = if *up { "UP" } else { "DOWN" };
                write!(f, "VRRP_Instance({name}) Tracked BFD instance {session} is {state}")
            }
            Self::AnnouncingSource(address) => {
                let what = if address.is_ipv4() { "ARP" } else { "NA" };
                write!(f, "{name}: sending gratuitous {what} for {address}")
            }
            Self::RogueOwnerStopped => {
                write!(f, "({name}): rogue address owner appears to have stopped advertising")
            }
            Self::Refused { source, refusal } => refusal.write(name, *source, f),
            Self::HigherPriority { .. } | Self::HigherAddress { .. } | Self::LowerPriority { .. } => {
                write!(f, "({name}) ")?;
                self.write_contest(f)
            }
            _ => {
                write!(f, "({name}) ")?;
                self.write_text(f)
            }
        }
    }

    fn write_contest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HigherPriority { source, theirs, ours } => {
                write!(f, "Master received advert from {source} with higher priority {theirs}, ours {ours}")
            }
            Self::HigherAddress { source, priority } => write!(
                f,
                "Master received advert from {source} with same priority {priority} but higher IP address than ours"
            ),
            Self::LowerPriority { source, theirs, ours, answered } => {
                let end = if *answered { ", forcing new election" } else { "" };
                write!(f, "Received advert from {source} with lower priority {theirs}, ours {ours}{end}")
            }
            _ => Ok(()),
        }
    }

    fn write_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entering { state, init } => {
                write!(f, "Entering {state} STATE{}", if *init { " (init)" } else { "" })
            }
            Self::Adopting(state) => write!(f, "Adopting {state} STATE"),
            Self::InFault => f.write_str("entering FAULT state"),
            Self::PrioritySet(priority) => write!(f, "Setting effective priority to {priority}"),
            Self::Priority { from, to } => write!(f, "Changing effective priority from {from} to {to}"),
            Self::Timeout => f.write_str("Receive advertisement timeout"),
            Self::Firewall(set) => write!(f, "{} firewall drop rule", verb(*set)),
            Self::Addresses(set) => write!(f, "{} VIPs.", verb(*set)),
            Self::ExcludedAddresses(set) => write!(f, "{} E-VIPs.", verb(*set)),
            Self::AddressLeftOut { address, interface } => {
                write!(f, "ip address {address} dev {interface}, no longer exist")
            }
            Self::Routes(set) => write!(f, "{} Virtual Routes", verb(*set)),
            Self::Rules(set) => write!(f, "{} Virtual Rules", verb(*set)),
            Self::SentZero => f.write_str("sent 0 priority"),
            Self::BackupHeardZero => f.write_str("Backup received priority 0 advertisement"),
            Self::MasterHeardZero => f.write_str("Master received priority 0 message"),
            Self::MasterIs(source) => write!(f, "master set to {source}"),
            Self::MasterChanged { from, to } => write!(f, "master changed from {from} to {to}"),
            Self::Discarding { priority, source } => {
                write!(f, "received lower priority ({priority}) advert from {source} - discarding")
            }
            Self::SequenceFollows => f.write_str("IPSEC-AH : Syncing seq_num - Increment seq"),
            Self::OurAddress => {
                f.write_str("WARNING - equal priority advert received from remote host with our IP address.")
            }
            Self::OwnerConflict(source) => write!(
                f,
                "CONFIGURATION ERROR: local instance and {source} are both configured as address owner, please resolve"
            ),
            Self::OwnerStepsDown(source) => {
                write!(f, "{source} is still advertising as address owner, please resolve - reducing our priority")
            }
            Self::OwnerRestored { lower_advert: true } => {
                f.write_str("Restoring our priority to 255 since received advert with lower priority")
            }
            Self::OwnerRestored { lower_advert: false } => {
                f.write_str("Restoring our priority to 255 since other address owner has disappeared")
            }
            Self::IntervalLearnt { from, to } => write!(
                f,
                "advertisement interval updated from {}ms to {}ms by master",
                from.as_millis(),
                to.as_millis()
            ),
            Self::IntervalOwn { from, to } => write!(
                f,
                "changing advert interval from {}ms to locally configured {}ms",
                from.as_millis(),
                to.as_millis()
            ),
            Self::PreemptDelayStarts(delay) => {
                write!(f, "start preempt delay ({}.{:06})", delay.as_secs(), delay.subsec_micros())
            }
            Self::PreemptDelayStops => f.write_str("stop preempt delay"),
            _ => Ok(()),
        }
    }
}

fn verb(set: bool) -> &'static str {
    if set { "setting" } else { "removing" }
}

/// The causes that keepalived names at the start; two of them without the colon.
fn write_start_fault(name: &str, fault: &Fault, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match fault {
        Fault::Interface(interface) => write!(f, "({name}): entering FAULT state (interface {interface} down)"),
        Fault::NoSourceAddress(_) | Fault::Process(_) | Fault::NoPeer => {
            write!(f, "({name}) entering FAULT state ({fault})")
        }
        Fault::Script(script) => write!(f, "({name}): entering FAULT state due to script {script}"),
        Fault::File(..) => write!(f, "({name}): entering FAULT state ({fault})"),
        Fault::ScriptPending(_) | Fault::Bfd(_) => Ok(()),
    }
}
