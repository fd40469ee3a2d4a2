//! Plays one case with one program and gathers its answers.

use std::collections::BTreeMap;

use crate::bytes;
use crate::case::{Case, Role};
use crate::mask::Mask;
use crate::namespace;
use crate::ports::Ports;
use crate::program::{self, Program, Server};
use crate::raw_client;
use crate::scratch::Scratch;
use crate::scripted_upstream::ScriptedUpstream;

/// An answer, and the block whose text it is to be compared with.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The index, among the blocks of the case, of the block that asked: a `console`, `send`, `asked` or `log` block.
    pub block: usize,
    /// What came, with masks.
    pub text: String,
}

/// Plays the case.
pub fn play(case: &Case, program: &Program) -> Result<Vec<Answer>, String> {
    let mut stage = Stage::set(case, program)?;
    let mut answers = Vec::new();
    for (block, role) in case.blocks.iter().map(|block| &block.role).enumerate() {
        // A block that holds another version's answer asks for nothing.
        if case.blocks[block].version.is_some() {
            continue;
        }
        let text = match role {
            Role::Console => stage.run_command(&case.blocks[block].body)?,
            Role::Send(port) => {
                let stored = case.stored_answer(block, program).map(|block| block.body.as_str());
                stage.send(*port, &case.blocks[block].body, stored)?
            }
            _ => continue,
        };
        answers.push(Answer { block, text });
    }
    let stopped = stage.server.take().map_or(Ok(()), Server::stop);
    for (block, role) in case.blocks.iter().map(|block| &block.role).enumerate() {
        let text = match role {
            _ if case.blocks[block].version.is_some() => continue,
            Role::Asked(port) => stage.upstreams.get(port).map(ScriptedUpstream::asked).unwrap_or_default(),
            Role::Log(name) => std::fs::read_to_string(stage.scratch.path().join(name)).unwrap_or_default(),
            _ => continue,
        };
        answers.push(Answer { block, text: text.trim_end_matches('\n').to_owned() });
    }
    stopped?;
    Ok(answers.into_iter().map(|answer| Answer { text: stage.present(&answer.text), ..answer }).collect())
}

/// Everything that stands ready before the first block is played. The server goes first when it is dropped.
struct Stage<'a> {
    server: Option<Server>,
    upstreams: BTreeMap<u16, ScriptedUpstream>,
    program: &'a Program,
    case: &'a Case,
    ports: Ports,
    scratch: Scratch,
    first_port: Option<u16>,
}

impl<'a> Stage<'a> {
    fn set(case: &'a Case, program: &'a Program) -> Result<Self, String> {
        let scratch = Scratch::new()?;
        // Where an nginx that was built without paths writes its log and its process number.
        std::fs::create_dir(scratch.path().join("logs")).map_err(|error| format!("logs: {error}"))?;
        let mut ports = Ports::default();
        let mut listening = Vec::new();
        for (name, content) in case.files() {
            let content = if case.is_served() { ports.fill_in(content)? } else { content.to_owned() };
            let content = content.replace("{prefix}", &scratch.path().display().to_string());
            listening.extend(listened_ports(&content));
            scratch.write(name, &(content + "\n"))?;
        }
        let first_port = listening.first().copied();
        let mut stage = Self { server: None, upstreams: BTreeMap::new(), program, case, ports, scratch, first_port };
        if case.is_served() {
            stage.start_upstreams()?;
            let mut arguments = stage.place_options();
            arguments.extend(["-e".to_owned(), "error.log".to_owned()]);
            let server = Server::start(&program.nginx, &arguments, stage.scratch.path(), &listening)?;
            stage.server = Some(server);
        }
        Ok(stage)
    }

    fn start_upstreams(&mut self) -> Result<(), String> {
        let mut scripts: BTreeMap<u16, Vec<_>> = BTreeMap::new();
        for block in &self.case.blocks {
            if let Role::Answer(port) = block.role {
                let text = self.ports.fill_in(&block.body)?;
                let steps = bytes::read(&text).map_err(|error| format!("line {}: {error}", block.line))?;
                scripts.entry(port).or_default().push(steps);
            }
        }
        for (port, answers) in scripts {
            self.ports.fill_in(&port.to_string())?;
            self.upstreams.insert(port, ScriptedUpstream::start(self.ports.real(port), answers)?);
        }
        Ok(())
    }

    /// The options that make nginx take the scratch directory for its own, and what it writes go there.
    fn place_options(&self) -> Vec<String> {
        let mut options = vec!["-p".to_owned(), format!("{}/", self.scratch.path().display())];
        options.extend(["-c".to_owned(), "nginx.conf".to_owned()]);
        if self.case.is_served() {
            let says = |name: &str| self.case.files().any(|(_, text)| has_directive(text, name));
            let mut directives = String::new();
            for (name, text) in [("daemon", "daemon off; "), ("pid", "pid nginx.pid; ")] {
                directives.push_str(if says(name) { "" } else { text });
            }
            options.extend(["-g".to_owned(), directives.trim_end().to_owned()]);
        }
        options
    }

    /// Runs the command that a console block shows and gives the block as it should read.
    fn run_command(&mut self, body: &str) -> Result<String, String> {
        let line = body.lines().next().and_then(|line| line.strip_prefix("$ "));
        let line = line.ok_or("a console block begins with \"$ \" and a command")?;
        let real_line = line.replace("{prefix}", &self.scratch.path().display().to_string());
        let mut words = split_words(&self.ports.fill_in(&real_line)?);
        if words.is_empty() {
            return Err("a console block names no command".to_owned());
        }
        let name = words.remove(0);
        let has_file = |name: &str| self.case.files().any(|(file, _)| file == name);
        if name == "nginx" && has_file("nginx.conf") {
            words.extend(self.place_options());
            if !words.iter().any(|word| word.starts_with("-e")) {
                words.extend(["-e".to_owned(), "stderr".to_owned()]);
            }
        } else if name == "keepalived" && has_file("keepalived.conf") && !line.contains("-f") {
            words.extend(["-f".to_owned(), format!("{}/keepalived.conf", self.scratch.path().display())]);
        }
        let program = self.program.named(&name)?;
        let (output, code) = match name.as_str() {
            "keepalived" => {
                let (shell, words) = namespace::command(program, &words);
                program::run(&shell, &words, self.scratch.path())?
            }
            _ => program::run(program, &words, self.scratch.path())?,
        };
        let break_after = if output.is_empty() || output.ends_with('\n') { "" } else { "\n" };
        Ok(format!("$ {line}\n{output}{break_after}$ echo $?\n{code}"))
    }

    fn send(&mut self, port: Option<u16>, body: &str, stored: Option<&str>) -> Result<String, String> {
        let steps = bytes::read(&self.ports.fill_in(body)?)?;
        let port = port.map(|port| self.ports.real(port)).or(self.first_port);
        raw_client::exchange(port.ok_or("nothing in the configuration listens")?, &steps, stored)
    }

    /// The text as a case stores it.
    fn present(&self, text: &str) -> String {
        let mut mask = Mask::default();
        for name in ["nginx", "keepalived"] {
            if let Ok(path) = self.program.named(name) {
                mask.word(path.display().to_string(), name);
            }
        }
        mask.word(self.scratch.path().display().to_string(), "{prefix}");
        mask.apply(&self.ports.take_out(text))
    }
}

/// The ports that `listen` lines name, on any address but not on a Unix socket or with UDP.
fn listened_ports(configuration: &str) -> Vec<u16> {
    let statements = configuration.split([';', '{', '}', '\n']).map(str::trim);
    let values = statements.filter_map(|statement| statement.strip_prefix("listen ")).map(str::trim);
    let values = values.filter(|value| !value.starts_with("unix:") && !value.split(' ').any(|word| word == "udp"));
    values.filter_map(|value| value.split(' ').next()?.rsplit(':').next()?.parse().ok()).collect()
}

fn has_directive(configuration: &str, name: &str) -> bool {
    configuration.lines().any(|line| line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))
}

/// Words as a shell splits them, with both kinds of quotes.
fn split_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut started) = (String::new(), None, false);
    for c in line.chars() {
        match quote {
            Some(mark) if c == mark => quote = None,
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' => (quote, started) = (Some(c), true),
            None if c == ' ' => {
                if started {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            None => {
                word.push(c);
                started = true;
            }
        }
    }
    if started {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_lines_name_ports_to_wait_for() {
        let text =
            "server { listen 127.0.0.1:8080 default_server; listen [::]:8081; }\nlisten unix:/x;\nlisten 8082 udp;";
        assert_eq!(listened_ports(text), [8080, 8081]);
    }

    #[test]
    fn words_keep_what_is_quoted_together() {
        assert_eq!(split_words("nginx -t -g 'user root; pid x;' \"\""), ["nginx", "-t", "-g", "user root; pid x;", ""]);
    }
}
