//! What the kernel tells of processes that begin, end and change their name (linux/cn_proc.h, over linux/connector.h).

use super::HEADER_LEN;

/// `CN_IDX_PROC` and `CN_VAL_PROC`: the number of this kind of news, and of its group.
const CONNECTOR_PROCESS: u32 = 1;
/// Bytes of `struct cn_msg`.
const CONNECTOR_LEN: usize = 20;
/// `PROC_CN_MCAST_LISTEN`
const LISTEN: u32 = 1;
/// `NLMSG_DONE`: the type of every message of the connector.
const TYPE_DONE: u16 = 3;
/// Where the part begins that depends on the kind of event.
const DATA_AT: usize = HEADER_LEN + CONNECTOR_LEN + 16;

/// One thing that happened to a process; threads are left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProcessEvent {
    /// The kernel has heard that we listen.
    Acknowledged,
    /// A process has a child.
    Fork {
        /// Of which process.
        parent: i32,
        /// The new one.
        child: i32,
    },
    /// A process runs another program.
    Exec(i32),
    /// A process has another name.
    Renamed {
        /// Which.
        pid: i32,
        /// What it is called now.
        name: String,
    },
    /// A process is gone.
    Exit(i32),
}

/// The wish to be told.
pub fn listen() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN + CONNECTOR_LEN + 4);
    let len = (HEADER_LEN + CONNECTOR_LEN + 4) as u32;
    bytes.extend(len.to_ne_bytes());
    bytes.extend(TYPE_DONE.to_ne_bytes());
    bytes.extend([0; 10]);
    for word in [CONNECTOR_PROCESS, CONNECTOR_PROCESS, 0, 0, 4, LISTEN] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

impl ProcessEvent {
    /// Reads one datagram; `None` for what is not looked at.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        if (word(HEADER_LEN)?, word(HEADER_LEN + 4)?) != (CONNECTOR_PROCESS, CONNECTOR_PROCESS) {
            return None;
        }
        let number = |place: usize| Some(word(DATA_AT + 4 * place)?.cast_signed());
        // Thread and process have the same number in the first thread of a process.
        let process = |thread: usize| Some((number(thread)?, number(thread + 1)?));
        let whole = |(thread, process): (i32, i32)| (thread == process).then_some(process);
        match word(HEADER_LEN + CONNECTOR_LEN)? {
            0 => Some(Self::Acknowledged),
            0x1 => Some(Self::Fork { parent: number(1)?, child: whole(process(2)?)? }),
            0x2 => Some(Self::Exec(whole(process(0)?)?)),
            0x200 => {
                let pid = whole(process(0)?)?;
                let name = bytes.get(DATA_AT + 8..DATA_AT + 24)?.split(|byte| *byte == 0).next()?;
                Some(Self::Renamed { pid, name: String::from_utf8_lossy(name).into_owned() })
            }
            0x8000_0000 => Some(Self::Exit(whole(process(0)?)?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(what: u32, data: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LEN];
        let words = [1, 1, 7, 0, 40, what, 0, 0, 0];
        bytes.extend(words.iter().chain(data).flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    #[test]
    fn processes_are_told_apart_from_threads() {
        let parse = |what, data: &[u32]| ProcessEvent::parse(&message(what, data));
        assert_eq!(parse(0, &[0]), Some(ProcessEvent::Acknowledged));
        assert_eq!(parse(1, &[11, 10, 12, 12]), Some(ProcessEvent::Fork { parent: 10, child: 12 }));
        assert_eq!(parse(1, &[10, 10, 12, 10]), None);
        assert_eq!(parse(2, &[12, 12]), Some(ProcessEvent::Exec(12)));
        assert_eq!(parse(0x8000_0000, &[12, 12, 9, 17]), Some(ProcessEvent::Exit(12)));
        assert_eq!(parse(0x8000_0000, &[13, 12, 9, 17]), None);
        assert_eq!(parse(4, &[12, 12]), None);
    }

    #[test]
    fn a_name_ends_at_its_first_zero() {
        let mut bytes = message(0x200, &[5, 5]);
        bytes.extend(b"nginx\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(ProcessEvent::parse(&bytes), Some(ProcessEvent::Renamed { pid: 5, name: "nginx".into() }));
        bytes.truncate(bytes.len() - 1);
        assert_eq!(ProcessEvent::parse(&bytes), None);
    }
}
