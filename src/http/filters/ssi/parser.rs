//! Commands in a text, `<!--#name key="value" -->`, read byte by byte so that a body may be cut anywhere.

/// The longest name of a command, and of a parameter.
const LONGEST_NAME: usize = 32;
/// How a command begins, but for its `#`.
const OPENING: &[u8] = b"<!--";

/// A command as it was written.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Command {
    /// Its name.
    pub name: Vec<u8>,
    /// Its parameters in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What was read.
#[derive(PartialEq, Eq, Debug)]
pub enum Step {
    /// All bytes.
    End,
    /// A whole command.
    Command(Command),
    /// A command with a fault; the sentence is for the log, and the command goes on.
    Fault(String),
    /// The end of a command with a fault.
    FaultyCommand,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum State {
    #[default]
    Text,
    /// So many bytes of `<!--#`.
    Opening(usize),
    BeforeCommand,
    Name,
    BeforeParameter,
    Parameter,
    BeforeEqual,
    BeforeValue,
    Value(u8),
    Escaped(u8),
    AfterValue,
    /// So many bytes of `-->`.
    Closing(usize),
    Fault,
    /// So many bytes of `-->`, behind a fault.
    FaultClosing(usize),
}

/// Reads one body.
#[derive(Default)]
pub struct Parser {
    state: State,
    command: Command,
    longest_value: usize,
}

impl Parser {
    /// A reader of commands whose values are no longer than this.
    pub fn new(longest_value: usize) -> Self {
        Self { longest_value, ..Self::default() }
    }

    /// Reads from a place on, up to the end of a command or of all. Text between goes to `text`.
    pub fn next(&mut self, bytes: &[u8], position: &mut usize, text: &mut Vec<u8>) -> Step {
        while *position < bytes.len() {
            if self.state == State::Text {
                let rest = &bytes[*position..];
                let plain = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                text.extend_from_slice(&rest[..plain]);
                *position += plain;
                if plain == rest.len() {
                    break;
                }
                self.state = State::Opening(1);
                *position += 1;
                continue;
            }
            let byte = bytes[*position];
            *position += 1;
            if let Some(step) = self.step(byte, text) {
                return step;
            }
        }
        Step::End
    }

    fn step(&mut self, byte: u8, text: &mut Vec<u8>) -> Option<Step> {
        let is_space = matches!(byte, b' ' | b'\r' | b'\n' | b'\t');
        self.state = match self.state {
            State::Text => return None,
            State::Opening(length) => self.opening(length, byte, text),
            State::BeforeCommand if is_space => State::BeforeCommand,
            State::BeforeCommand => {
                self.command = Command { name: vec![byte], parameters: Vec::new() };
                State::Name
            }
            State::Name if is_space => State::BeforeParameter,
            State::Name | State::BeforeParameter if byte == b'-' => State::Closing(1),
            State::Name if self.command.name.len() == LONGEST_NAME => {
                return self.fault(
                    State::Fault,
                    format!("the \"{}{}...\" SSI command is too long", self.name(), shown(&[byte])),
                );
            }
            State::Name => {
                self.command.name.push(byte);
                State::Name
            }
            State::BeforeParameter if is_space => State::BeforeParameter,
            State::BeforeParameter => {
                self.command.parameters.push((vec![byte], Vec::new()));
                State::Parameter
            }
            State::Parameter => return self.parameter(byte, is_space),
            State::BeforeEqual | State::BeforeValue if is_space => self.state,
            State::BeforeEqual if byte == b'=' => State::BeforeValue,
            State::BeforeValue if matches!(byte, b'"' | b'\'') => State::Value(byte),
            State::BeforeEqual => return self.unexpected(byte, "after"),
            State::BeforeValue => return self.unexpected(byte, "before value of"),
            State::Value(quote) if byte == quote => State::AfterValue,
            State::Value(quote) => {
                return self.value(byte, if byte == b'\\' { State::Escaped(quote) } else { self.state });
            }
            State::Escaped(quote) => return self.value(byte, State::Value(quote)),
            State::AfterValue if is_space => State::BeforeParameter,
            State::AfterValue if byte == b'-' => State::Closing(1),
            State::AfterValue => {
                let (key, value) = self.last();
                let reason =
                    format!("unexpected \"{}\" symbol after \"{value}\" value of \"{key}\" parameter", shown(&[byte]));
                return self.fault(State::Fault, format!("{reason} in \"{}\" SSI command", self.name()));
            }
            State::Closing(1) if byte == b'-' => State::Closing(2),
            State::Closing(2) if byte == b'>' => {
                self.state = State::Text;
                return Some(Step::Command(std::mem::take(&mut self.command)));
            }
            State::Closing(_) => {
                let reason = format!("unexpected \"{}\" symbol in \"{}\" SSI command", shown(&[byte]), self.name());
                return self.fault(State::Fault, reason);
            }
            State::Fault if byte == b'-' => State::FaultClosing(1),
            State::FaultClosing(1) if byte == b'-' => State::FaultClosing(2),
            State::FaultClosing(2) if byte == b'>' => {
                self.state = State::Text;
                return Some(Step::FaultyCommand);
            }
            State::Fault | State::FaultClosing(_) => State::Fault,
        };
        None
    }

    /// What looked like the beginning of a command is text after all if the byte does not fit.
    fn opening(&self, length: usize, byte: u8, text: &mut Vec<u8>) -> State {
        if length == OPENING.len() && byte == b'#' {
            return State::BeforeCommand;
        }
        if OPENING.get(length) == Some(&byte) {
            return State::Opening(length + 1);
        }
        text.extend_from_slice(&OPENING[..length]);
        if byte == b'<' {
            return State::Opening(1);
        }
        text.push(byte);
        State::Text
    }

    fn parameter(&mut self, byte: u8, is_space: bool) -> Option<Step> {
        self.state = match byte {
            _ if is_space => State::BeforeEqual,
            b'=' => State::BeforeValue,
            b'-' => return self.unexpected(byte, "after"),
            _ => {
                let (key, _) = self.command.parameters.last_mut()?;
                if key.len() == LONGEST_NAME {
                    let reason = format!("too long \"{}{}...\" parameter in", shown(key), shown(&[byte]));
                    return self.fault(State::Fault, format!("{reason} \"{}\" SSI command", self.name()));
                }
                key.push(byte);
                State::Parameter
            }
        };
        None
    }

    fn value(&mut self, byte: u8, then: State) -> Option<Step> {
        let (key, value) = self.command.parameters.last_mut()?;
        if value.len() == self.longest_value {
            let reason =
                format!("too long \"{}{}...\" value of \"{}\" parameter", shown(value), shown(&[byte]), shown(key));
            return self.fault(State::Fault, format!("{reason} in \"{}\" SSI command", self.name()));
        }
        value.push(byte);
        self.state = then;
        None
    }

    fn unexpected(&mut self, byte: u8, place: &str) -> Option<Step> {
        let (key, _) = self.last();
        let reason = format!("unexpected \"{}\" symbol {place} \"{key}\" parameter", shown(&[byte]));
        let state = if byte == b'-' { State::FaultClosing(1) } else { State::Fault };
        self.fault(state, format!("{reason} in \"{}\" SSI command", self.name()))
    }

    fn fault(&mut self, state: State, reason: String) -> Option<Step> {
        self.state = state;
        Some(Step::Fault(reason))
    }

    fn name(&self) -> String {
        shown(&self.command.name)
    }

    fn last(&self) -> (String, String) {
        self.command.parameters.last().map(|(key, value)| (shown(key), shown(value))).unwrap_or_default()
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<String> {
        let run = |piece: usize| {
            let (mut parser, mut text, mut seen) = (Parser::new(8), Vec::new(), Vec::new());
            for bytes in body.as_bytes().chunks(piece) {
                let mut position = 0;
                loop {
                    let step = parser.next(bytes, &mut position, &mut text);
                    if step == Step::End {
                        break;
                    }
                    seen.push(shown(&std::mem::take(&mut text)));
                    seen.push(match step {
                        Step::Command(command) => {
                            let parameters = command
                                .parameters
                                .iter()
                                .map(|(key, value)| format!(" {}={}", shown(key), shown(value)));
                            format!("[{}{}]", shown(&command.name), parameters.collect::<String>())
                        }
                        Step::Fault(reason) => reason,
                        _ => "faulty".to_owned(),
                    });
                }
            }
            seen.push(shown(&text));
            seen
        };
        let whole = run(body.len());
        (1..body.len()).for_each(|piece| assert_eq!(run(piece), whole, "in pieces of {piece}"));
        whole
    }

    #[test]
    fn commands_are_found_wherever_a_body_is_cut() {
        assert_eq!(read("a<!--#echo var=\"x\" -->b"), ["a", "[echo var=x]", "b"]);
        assert_eq!(read("<<!-<!--# set  var = 'a' value='b\\'c'-->"), ["<<!-", "[set var=a value=b\\'c]", ""]);
        assert_eq!(read("<!-- no --><!--#endif-->"), ["<!-- no -->", "[endif]", ""]);
        assert_eq!(read("a<!-"), ["a"]);
    }

    #[test]
    fn faults_have_nginx_s_words() {
        let fault = read("<!--#if expr=$a --->b");
        assert_eq!(fault[1], "unexpected \"$\" symbol before value of \"expr\" parameter in \"if\" SSI command");
        assert_eq!(read("<!--#a b-->c").last().map(String::as_str), Some("c"));
        assert_eq!(
            read("<!--#a b='123456789'-->")[1],
            "too long \"123456789...\" value of \"b\" parameter in \"a\" SSI command"
        );
    }
}
