//! BFD control packets without authentication (RFC 5880 §4.1).

use std::fmt;

/// Single hop: the port that packets go to (RFC 5881 §4).
pub const PORT: u16 = 3784;
/// Several hops: the port that packets go to (RFC 5883 §5).
pub const MULTIHOP_PORT: u16 = 4784;
/// Bytes of a packet without authentication.
pub const LEN: usize = 24;

const VERSION: u8 = 1;
const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const AUTHENTICATED: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;

/// State of a session (RFC 5880 §4.1, "Sta").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Taken out of use.
    AdminDown,
    /// No contact.
    Down,
    /// The other one is heard.
    Init,
    /// Both hear each other.
    Up,
}

impl State {
    fn from_number(number: u8) -> Self {
        match number & 3 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }

    /// As keepalived writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AdminDown => "AdminDown",
            Self::Down => "Down",
            Self::Init => "Init",
            Self::Up => "Up",
        }
    }
}

/// Why a session left its state (RFC 5880 §4.1, "Diag").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Diagnostic(u8);

const DIAGNOSTICS: [&str; 9] = [
    "No Diagnostic",
    "Control Detection Time Expired",
    "Echo Function Failed",
    "Neighbor Signaled Session Down",
    "Forwarding Plane Reset",
    "Path Down",
    "Concatenated Path Down",
    "Administratively Down",
    "Reverse Concatenated Path Down",
];

impl Diagnostic {
    /// Nothing was heard for the detection time.
    pub const EXPIRED: Self = Self(1);
    /// The other one says that it is down.
    pub const NEIGHBOR_DOWN: Self = Self(3);
    /// Taken out of use.
    pub const ADMINISTRATIVE: Self = Self(7);

    /// As keepalived writes it.
    pub fn name(self) -> &'static str {
        DIAGNOSTICS.get(usize::from(self.0)).unwrap_or(&"Unknown")
    }
}

/// A control packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// Why the sender left its last state.
    pub diagnostic: Diagnostic,
    /// The sender's state.
    pub state: State,
    /// It asks for an answer.
    pub poll: bool,
    /// It is the answer.
    pub is_final: bool,
    /// Authentication data follow, which nobody here can check.
    pub authenticated: bool,
    /// It wants to hear no packets while both are up.
    pub demand: bool,
    /// So many packets may be missing in a row.
    pub detect_multiplier: u8,
    /// The sender's number for the session.
    pub my_discriminator: u32,
    /// The receiver's number for the session; 0: not known.
    pub your_discriminator: u32,
    /// The sender would like to send this often, in microseconds.
    pub desired_min_tx_us: u32,
    /// The sender can take packets this often, in microseconds.
    pub required_min_rx_us: u32,
}

/// What is wrong with a packet, whatever session it is for (RFC 5880 §6.8.6, and what keepalived asks in addition).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// Not even the fixed part.
    TooSmall(usize),
    /// The length in it is not its own.
    Length {
        /// In the packet.
        field: u8,
        /// Bytes received.
        received: usize,
    },
    /// Another version than 1.
    Version(u8),
    /// A multiplier of 0.
    DetectMultiplier,
    /// Multipoint.
    Multipoint,
    /// The sender has no number.
    MyDiscriminator,
    /// No number of ours, although the sender has heard us.
    YourDiscriminator,
    /// Question and answer at once.
    PollAndFinal,
    /// No such diagnostic.
    Diagnostic(u8),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall(len) => write!(f, "Packet is too small: {len} bytes"),
            Self::Length { field, received } => {
                write!(f, "Packet size mismatch: length field: {field} bytes, buffer size: {received} bytes")
            }
            Self::Version(version) => write!(f, "Packet is of unsupported version: {version}"),
            Self::DetectMultiplier => f.write_str("Packet 'detection multiplier' field is zero"),
            Self::Multipoint => f.write_str("Packet has 'multipoint' flag"),
            Self::MyDiscriminator => f.write_str("Packet 'my discriminator' field is zero"),
            Self::YourDiscriminator => {
                f.write_str("Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown")
            }
            Self::PollAndFinal => f.write_str("Packet has both poll and final  flags set"),
            Self::Diagnostic(diagnostic) => write!(f, "Packet has invalid 'diag' field: {diagnostic}"),
        }
    }
}

impl Control {
    /// Takes a packet apart, with keepalived's order of checks.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let fixed: &[u8; LEN] = bytes.first_chunk().ok_or(Malformed::TooSmall(bytes.len()))?;
        let word = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let [first, flags, detect_multiplier, field, ..] = *fixed;
        let control = Self {
            diagnostic: Diagnostic(first & 0x1f),
            state: State::from_number(flags >> 6),
            poll: flags & POLL != 0,
            is_final: flags & FINAL != 0,
            authenticated: flags & AUTHENTICATED != 0,
            demand: flags & DEMAND != 0,
            detect_multiplier,
            my_discriminator: word(4),
            your_discriminator: word(8),
            desired_min_tx_us: word(12),
            required_min_rx_us: word(16),
        };
        let without_contact = matches!(control.state, State::Down | State::AdminDown);
        let faults = [
            (usize::from(field) != bytes.len(), Malformed::Length { field, received: bytes.len() }),
            (first >> 5 != VERSION, Malformed::Version(first >> 5)),
            (detect_multiplier == 0, Malformed::DetectMultiplier),
            (flags & MULTIPOINT != 0, Malformed::Multipoint),
            (control.my_discriminator == 0, Malformed::MyDiscriminator),
            (control.your_discriminator == 0 && !without_contact, Malformed::YourDiscriminator),
            (control.poll && control.is_final, Malformed::PollAndFinal),
            (usize::from(first & 0x1f) >= DIAGNOSTICS.len(), Malformed::Diagnostic(first & 0x1f)),
        ];
        faults.into_iter().find(|(wrong, _)| *wrong).map_or(Ok(control), |(_, fault)| Err(fault))
    }

    /// As it goes out. No echoes are taken, so that interval is 0.
    pub fn bytes(&self) -> [u8; LEN] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let mut bytes = [0; LEN];
        bytes[0] = VERSION << 5 | self.diagnostic.0;
        bytes[1] = (self.state as u8) << 6
            | flag(self.poll, POLL)
            | flag(self.is_final, FINAL)
            | flag(self.authenticated, AUTHENTICATED)
            | flag(self.demand, DEMAND);
        bytes[2] = self.detect_multiplier;
        bytes[3] = LEN as u8;
        let words = [self.my_discriminator, self.your_discriminator, self.desired_min_tx_us, self.required_min_rx_us];
        for (place, word) in bytes[4..20].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As keepalived 2.2.7 sends it when it has come up.
    const UP: [u8; LEN] = [
        0x20, 0xe0, 4, 24, 0x91, 0xc8, 0xd9, 0x79, 0xda, 0xc0, 0x50, 0x3b, 0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0, 0, 0, 0,
        0,
    ];

    #[test]
    fn a_packet_and_back() {
        let control = Control::parse(&UP).expect("a right packet");
        assert_eq!((control.state, control.poll, control.is_final), (State::Up, true, false));
        assert_eq!((control.detect_multiplier, control.desired_min_tx_us), (4, 100_000));
        assert_eq!((control.my_discriminator, control.your_discriminator), (0x91c8_d979, 0xdac0_503b));
        assert_eq!(control.bytes(), UP);
    }

    #[test]
    fn each_fault_has_its_name() {
        let with = |at: usize, value: u8| {
            let mut bytes = UP;
            bytes[at] = value;
            Control::parse(&bytes).expect_err("a fault").to_string()
        };
        assert_eq!(Control::parse(&UP[..23]).expect_err("a fault").to_string(), "Packet is too small: 23 bytes");
        assert_eq!(with(3, 25), "Packet size mismatch: length field: 25 bytes, buffer size: 24 bytes");
        assert_eq!(with(0, 0x40), "Packet is of unsupported version: 2");
        assert_eq!(with(2, 0), "Packet 'detection multiplier' field is zero");
        assert_eq!(with(1, 0xe1), "Packet has 'multipoint' flag");
        assert_eq!(with(1, 0xf0), "Packet has both poll and final  flags set");
        assert_eq!(with(0, 0x29), "Packet has invalid 'diag' field: 9");
        let zeroed = |range: std::ops::Range<usize>| {
            let mut bytes = UP;
            bytes[range].fill(0);
            Control::parse(&bytes)
        };
        assert_eq!(zeroed(4..8), Err(Malformed::MyDiscriminator));
        assert_eq!(zeroed(8..12), Err(Malformed::YourDiscriminator));
    }
}
