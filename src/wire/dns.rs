//! DNS messages: the questions that nginx's resolver asks, and what it takes out of answers (RFC 1035, 2782, 3596).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// An address of IPv4.
pub const A: u16 = 1;
/// Another name of the same host.
pub const CNAME: u16 = 5;
/// A host's name by its address.
pub const PTR: u16 = 12;
/// An address of IPv6.
pub const AAAA: u16 = 28;
/// Where a service is.
pub const SRV: u16 = 33;
/// Another name of a whole subtree; a CNAME comes along with it.
pub const DNAME: u16 = 39;

const CLASS_IN: u16 = 1;
const HEAD_LENGTH: usize = 12;
const QUESTION_LENGTH: usize = 4;
const RECORD_LENGTH: usize = 10;
/// Enough for a name of 255 bytes; more is a loop.
const MOST_POINTERS: usize = 128;

/// A name in lower case, labels with dots between them.
pub type Name = Rc<[u8]>;

/// What is wrong with an answer, in nginx's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It ends too early.
    Short,
    /// Not one question.
    QuestionCount,
    /// The question's name is not written out.
    PointerInQuestion,
    /// The question has no name.
    NoName,
    /// The question is not about the Internet.
    QuestionClass(u16),
    /// Nobody asks for such records.
    QuestionType(u16),
    /// A label that is neither text nor a pointer.
    LabelType,
    /// A name that leads out of the message.
    NameOutside,
    /// Pointers that lead to each other.
    PointerLoop,
    /// A record without a name.
    RecordName,
    /// The same in an answer about services, where nginx says it otherwise.
    ServiceRecordName,
    /// A record that is not about the Internet.
    RecordClass(u16),
    /// A record that nobody asked for.
    RecordType(u16),
    /// An address of IPv4 where none was asked for.
    UnexpectedA,
    /// An address of IPv6 where none was asked for.
    UnexpectedAaaa,
    /// An address of IPv4 that has not four bytes.
    LengthOfA,
    /// An address of IPv6 that has not sixteen bytes.
    LengthOfAaaa,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QuestionClass(class) => return write!(f, "unknown query class {class} in DNS response"),
            Self::QuestionType(kind) => return write!(f, "unknown query type {kind} in DNS response"),
            Self::RecordClass(class) => return write!(f, "unexpected RR class {class} in DNS response"),
            Self::RecordType(kind) => return write!(f, "unexpected RR type {kind} in DNS response"),
            Self::Short => "short DNS response",
            Self::QuestionCount => "invalid number of questions in DNS response",
            Self::PointerInQuestion => "unexpected compression pointer in DNS response",
            Self::NoName => "zero-length domain name in DNS response",
            Self::LabelType => "invalid label type in DNS response",
            Self::NameOutside => "name is out of DNS response",
            Self::PointerLoop => "compression pointers loop in DNS response",
            Self::RecordName => "invalid name in DNS response",
            Self::ServiceRecordName => "invalid name DNS response",
            Self::UnexpectedA => "unexpected A record in DNS response",
            Self::UnexpectedAaaa => "unexpected AAAA record in DNS response",
            Self::LengthOfA => "invalid A record in DNS response",
            Self::LengthOfAaaa => "invalid AAAA record in DNS response",
        })
    }
}

/// A question with recursion desired; none for a name that cannot be asked for.
pub fn question(id: u16, name: &[u8], kind: u16) -> Option<Box<[u8]>> {
    let mut message = Vec::with_capacity(HEAD_LENGTH + name.len() + 2 + QUESTION_LENGTH);
    message.extend(id.to_be_bytes());
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split(|byte| *byte == b'.') {
        let length = u8::try_from(label.len()).ok().filter(|length| *length > 0)?;
        message.push(length);
        message.extend(label);
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    Some(message.into())
}

/// The number that a question was sent with.
pub fn id_of(question: &[u8]) -> Option<u16> {
    word_at(question, 0)
}

/// The head of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The number of the question.
    pub id: u16,
    /// All flags, with the code.
    pub flags: u16,
    questions: u16,
    records: u16,
}

impl Head {
    /// Reads it.
    pub fn parse(message: &[u8]) -> Result<Self, Fault> {
        let word = |at| word_at(message, at).ok_or(Fault::Short);
        if message.len() < HEAD_LENGTH {
            return Err(Fault::Short);
        }
        Ok(Self { id: word(0)?, flags: word(2)?, questions: word(4)?, records: word(6)? })
    }

    /// It answers a standard question.
    pub fn is_answer(self) -> bool {
        self.flags & 0xF870 == 0x8000
    }

    /// It did not fit, and is to be asked for over TCP.
    pub fn is_truncated(self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// 0, or what is wrong.
    pub fn code(self) -> u8 {
        (self.flags & 0xF) as u8
    }

    /// There are no records.
    pub fn is_empty(self) -> bool {
        self.records == 0
    }
}

/// What an answer is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The kind of record.
    pub kind: u16,
    end: usize,
}

impl Question {
    /// Reads it; for kinds that are asked for only.
    pub fn parse(message: &[u8], head: Head) -> Result<Self, Fault> {
        if head.questions != 1 {
            return Err(Fault::QuestionCount);
        }
        let mut at = HEAD_LENGTH;
        loop {
            match *message.get(at).ok_or(Fault::Short)? {
                0 => break,
                label if label & 0xC0 != 0 => return Err(Fault::PointerInQuestion),
                label => at += 1 + usize::from(label),
            }
        }
        if at == HEAD_LENGTH {
            return Err(Fault::NoName);
        }
        let end = at + 1 + QUESTION_LENGTH;
        if end + usize::from(head.records) * (2 + RECORD_LENGTH) > message.len() {
            return Err(Fault::Short);
        }
        let kind = word_at(message, at + 1).ok_or(Fault::Short)?;
        match word_at(message, at + 3).ok_or(Fault::Short)? {
            CLASS_IN => {}
            class => return Err(Fault::QuestionClass(class)),
        }
        if ![A, AAAA, SRV, PTR].contains(&kind) {
            return Err(Fault::QuestionType(kind));
        }
        Ok(Self { name: name_at(message, HEAD_LENGTH)?, kind, end })
    }
}

/// A place of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// The smaller, the earlier.
    pub priority: u16,
    /// Never 0.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its host.
    pub name: Name,
}

/// The records of an answer.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Records {
    /// Addresses of IPv4.
    pub v4: Vec<Ipv4Addr>,
    /// Addresses of IPv6.
    pub v6: Vec<Ipv6Addr>,
    /// Places of a service, by priority.
    pub services: Vec<Service>,
    /// Where the last CNAME's name stands.
    cname: Option<usize>,
    /// How long the shortest-lived record holds, in seconds.
    pub ttl_s: Option<u32>,
}

impl Records {
    /// Reads the records that follow a question. What is odd but no reason to give up is told on the way.
    pub fn parse(message: &[u8], head: Head, question: &Question, odd: &mut dyn FnMut(Fault)) -> Result<Self, Fault> {
        let mut records = Self::default();
        let mut at = question.end;
        for _ in 0..head.records {
            at = records.push(message, at, question.kind, odd)?;
        }
        records.services.sort_by_key(|service| service.priority);
        Ok(records)
    }

    /// The other name.
    pub fn cname(&self, message: &[u8]) -> Option<Result<Name, Fault>> {
        self.cname.map(|at| name_at(message, at))
    }

    fn push(&mut self, message: &[u8], start: usize, asked: u16, odd: &mut dyn FnMut(Fault)) -> Result<usize, Fault> {
        let at = behind_name(message, start, asked)?;
        // nginx wants a byte behind the head of a record, even where it has no data.
        if at + RECORD_LENGTH >= message.len() {
            return Err(Fault::Short);
        }
        let word = |at| word_at(message, at).ok_or(Fault::Short);
        let (kind, class, length) = (word(at)?, word(at + 2)?, usize::from(word(at + 8)?));
        if class != CLASS_IN {
            return Err(Fault::RecordClass(class));
        }
        let ttl = u32::from(word(at + 4)?) << 16 | u32::from(word(at + 6)?);
        // A time with the sign bit set is no time (RFC 2181, section 8).
        let ttl = if ttl.leading_zeros() == 0 { 0 } else { ttl };
        self.ttl_s = Some(self.ttl_s.map_or(ttl, |least| least.min(ttl)));
        let data = at + RECORD_LENGTH;
        match kind {
            A if asked == SRV => odd(Fault::RecordType(kind)),
            AAAA if asked == SRV => odd(Fault::RecordType(kind)),
            A if asked != A => return Err(Fault::UnexpectedA),
            A if length != 4 => return Err(Fault::LengthOfA),
            A => self.v4.push(Ipv4Addr::from(array_at(message, data)?)),
            AAAA if asked != AAAA => return Err(Fault::UnexpectedAaaa),
            AAAA if length != 16 => return Err(Fault::LengthOfAaaa),
            AAAA => self.v6.push(Ipv6Addr::from(array_at::<16>(message, data)?)),
            SRV if asked == SRV => self.services.push(Service {
                priority: word(data)?,
                weight: word(data + 2)?.max(1),
                port: word(data + 4)?,
                name: message.get(data + 6).ok_or(Fault::Short).and_then(|_| name_at(message, data + 6))?,
            }),
            CNAME => self.cname = Some(data),
            DNAME => {}
            _ => odd(Fault::RecordType(kind)),
        }
        Ok(data + length)
    }
}

fn behind_name(message: &[u8], start: usize, asked: u16) -> Result<usize, Fault> {
    let mut at = start;
    loop {
        match *message.get(at).ok_or(Fault::Short)? {
            0 if at == start && asked == SRV => return Err(Fault::ServiceRecordName),
            0 if at == start => return Err(Fault::RecordName),
            0 => return Ok(at + 1),
            label if label & 0xC0 != 0 => return Ok(at + 2),
            label => at += 1 + usize::from(label),
        }
    }
}

fn name_at(message: &[u8], start: usize) -> Result<Name, Fault> {
    let (mut at, mut name) = (start, Vec::new());
    for _ in 0..MOST_POINTERS {
        let label = *message.get(at).ok_or(Fault::NameOutside)?;
        match label {
            0 => {
                name.pop();
                return Ok(name.into());
            }
            1..=0x3F => {
                let text = message.get(at + 1..at + 1 + usize::from(label)).ok_or(Fault::NameOutside)?;
                name.extend(text.iter().map(u8::to_ascii_lowercase));
                name.push(b'.');
                at += 1 + usize::from(label);
            }
            0xC0.. => {
                let low = *message.get(at + 1).ok_or(Fault::NameOutside)?;
                at = usize::from(label & 0x3F) << 8 | usize::from(low);
            }
            _ => return Err(Fault::LabelType),
        }
    }
    Err(Fault::PointerLoop)
}

fn word_at(message: &[u8], at: usize) -> Option<u16> {
    array_at(message, at).ok().map(u16::from_be_bytes)
}

fn array_at<const N: usize>(message: &[u8], at: usize) -> Result<[u8; N], Fault> {
    message.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Fault::Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `question`, with these records behind it.
    fn answer(name: &[u8], kind: u16, flags: u16, records: &[&[u8]]) -> Vec<u8> {
        let mut message = question(7, name, kind).expect("a name").into_vec();
        message[2..4].copy_from_slice(&flags.to_be_bytes());
        message[7] = records.len() as u8;
        message.extend(records.concat());
        message
    }

    /// A record about the name in the question.
    fn record(kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
        let mut record = vec![0xC0, 12];
        record.extend(kind.to_be_bytes());
        record.extend([0, 1]);
        record.extend(ttl.to_be_bytes());
        record.extend((data.len() as u16).to_be_bytes());
        record.extend(data);
        record
    }

    fn read(message: &[u8]) -> Result<(Question, Records, Vec<Fault>), Fault> {
        let head = Head::parse(message)?;
        let question = Question::parse(message, head)?;
        let mut odd = Vec::new();
        let records = Records::parse(message, head, &question, &mut |fault| odd.push(fault))?;
        Ok((question, records, odd))
    }

    #[test]
    fn a_question_is_written_label_by_label() {
        let message = question(0x1234, b"a.example", A).expect("a name");
        assert_eq!(&message[..], b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01");
        assert_eq!(id_of(&message), Some(0x1234));
        assert_eq!(question(1, b"", A), None);
        assert_eq!(question(1, b"a..b", A), None);
    }

    #[test]
    fn addresses_with_the_shortest_life() {
        let records = [record(A, 60, &[127, 0, 0, 1]), record(A, 30, &[127, 0, 0, 2])];
        let (question, records, _) =
            read(&answer(b"A.example", A, 0x8180, &[&records[0], &records[1]])).expect("an answer");
        assert_eq!(*question.name, *b"a.example");
        assert_eq!(records.v4, [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)]);
        assert_eq!(records.ttl_s, Some(30));
    }

    #[test]
    fn another_name() {
        let cname = record(CNAME, 5, b"\x01b\xC0\x0E");
        let message = answer(b"a.example", A, 0x8180, &[&cname]);
        let (_, records, _) = read(&message).expect("an answer");
        assert_eq!(records.cname(&message), Some(Ok(Rc::from(&b"b.example"[..]))));
    }

    #[test]
    fn services_stand_by_priority() {
        let late = record(SRV, 5, b"\0\x02\0\0\x1F\x90\x01b\0");
        let early = record(SRV, 5, b"\0\x01\0\x03\x1F\x91\x01c\0");
        let (_, records, _) = read(&answer(b"_http._tcp.a", SRV, 0x8180, &[&late, &early])).expect("an answer");
        let shown: Vec<_> = records.services.iter().map(|s| (s.priority, s.weight, s.port, &*s.name)).collect();
        assert_eq!(shown, [(1, 3, 8081, &b"c"[..]), (2, 1, 8080, &b"b"[..])]);
    }

    #[test]
    fn hostile_answers_have_names_for_what_is_wrong() {
        let fault = |message: &[u8]| read(message).expect_err("a fault").to_string();
        assert_eq!(fault(b"\0\0"), "short DNS response");
        let four = record(A, 5, &[1, 2, 3, 4]);
        assert_eq!(fault(&answer(b"a", AAAA, 0x8180, &[&four])), "unexpected A record in DNS response");
        assert_eq!(fault(&answer(b"a", A, 0x8180, &[&record(A, 5, &[1, 2])])), "invalid A record in DNS response");
        assert_eq!(fault(&answer(b"a", 99, 0x8180, &[])), "unknown query type 99 in DNS response");
        let mut many = answer(b"a", A, 0x8180, &[&four]);
        many[7] = 9;
        assert_eq!(fault(&many), "short DNS response");
        let looping = record(CNAME, 5, b"\xC0\x1D\0");
        let message = answer(b"a", A, 0x8180, &[&looping]);
        let at = message.len() - 3;
        let mut message = message;
        message[at..at + 2].copy_from_slice(&(0xC000 | at as u16).to_be_bytes());
        let (_, records, _) = read(&message).expect("an answer");
        assert_eq!(records.cname(&message), Some(Err(Fault::PointerLoop)));
    }

    #[test]
    fn no_cut_makes_it_panic() {
        let records = [record(CNAME, 5, b"\x01b\xC0\x0E"), record(A, 9, &[1, 2, 3, 4])];
        let whole = answer(b"a.example", A, 0x8180, &[&records[0], &records[1]]);
        for end in 0..whole.len() {
            let _ = read(&whole[..end]).map(|(_, records, _)| records.cname(&whole[..end]));
        }
    }
}
