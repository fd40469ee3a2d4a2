//! The commands and their parameters.

use super::parser::Command;

/// A command has at most so many parameters.
const MOST_PARAMETERS: usize = 16;

/// Where in `if … else … endif` the text is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Conditional {
    /// Outside of any.
    Outside,
    /// Behind `if` or `elif`.
    If,
    /// Behind `else`.
    Else,
}

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `include`
    Include,
    /// `echo`
    Echo,
    /// `config`
    Config,
    /// `set`
    Set,
    /// `if`
    If,
    /// `elif`
    Elif,
    /// `else`
    Else,
    /// `endif`
    Endif,
    /// `block`
    Block,
    /// `endblock`
    EndBlock,
}

/// A parameter that a command takes, and whether it has to be there.
type Parameter = (&'static [u8], bool);

impl Kind {
    /// The command of a name.
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"include" => Self::Include,
            b"echo" => Self::Echo,
            b"config" => Self::Config,
            b"set" => Self::Set,
            b"if" => Self::If,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"endif" => Self::Endif,
            b"block" => Self::Block,
            b"endblock" => Self::EndBlock,
            _ => return None,
        })
    }

    /// Behind what the command may stand.
    pub fn context(self) -> Conditional {
        match self {
            Self::Elif | Self::Else => Conditional::If,
            Self::Endif => Conditional::Else,
            _ => Conditional::Outside,
        }
    }

    fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::Include => {
                &[(b"virtual", false), (b"file", false), (b"wait", false), (b"set", false), (b"stub", false)]
            }
            Self::Echo => &[(b"var", true), (b"default", false), (b"encoding", false)],
            Self::Config => &[(b"errmsg", false), (b"timefmt", false)],
            Self::Set => &[(b"var", true), (b"value", true)],
            Self::If | Self::Elif => &[(b"expr", true)],
            Self::Block => &[(b"name", true)],
            Self::Else | Self::Endif | Self::EndBlock => &[],
        }
    }

    /// What is wrong with the parameters, in nginx's words.
    pub fn check(self, command: &Command) -> Result<(), String> {
        let name = shown(&command.name);
        if command.parameters.len() > MOST_PARAMETERS {
            return Err(format!("too many SSI command parameters: \"{name}\""));
        }
        for (index, (key, _)) in command.parameters.iter().enumerate() {
            if !self.parameters().iter().any(|(known, _)| known == key) {
                return Err(format!("invalid parameter name: \"{}\" in \"{name}\" SSI command", shown(key)));
            }
            if command.parameters[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(format!("duplicate \"{}\" parameter in \"{name}\" SSI command", shown(key)));
            }
        }
        match self.parameters().iter().find(|(known, mandatory)| *mandatory && find(command, known).is_none()) {
            Some((missing, _)) => {
                Err(format!("mandatory \"{}\" parameter is absent in \"{name}\" SSI command", shown(missing)))
            }
            None => Ok(()),
        }
    }

    /// The value of a parameter that has to be there.
    pub fn value<'c>(self, command: &'c Command, name: &[u8]) -> &'c [u8] {
        find(command, name).unwrap_or_default()
    }
}

/// The value of a parameter.
pub fn find<'c>(command: &'c Command, name: &[u8]) -> Option<&'c [u8]> {
    command.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
}

/// Bytes as a line of the log shows them.
pub fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
