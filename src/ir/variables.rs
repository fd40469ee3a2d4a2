//! The variables a configuration names: each gets a number once, and every use is that number.

use std::collections::HashMap;
use std::fmt;

use grammar::variables::{Kind, Variable as Row};
use grammar::{Edition, Status};

use super::ids::{GeoId, MapId, SplitClientsId, VariableId};
use super::value::Text;

/// One variable that the configuration uses or defines.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Variable {
    /// Its name, without `$`, in lower case.
    pub name: Text,
    /// Where its value comes from.
    pub source: Source,
}

/// Where a variable's value comes from.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Source {
    /// nginx has it built in.
    Builtin(#[serde(serialize_with = "row_name")] &'static Row),
    /// One of a family that shares a prefix (`arg_x`, `http_x`).
    Family {
        /// The family.
        #[serde(serialize_with = "row_name")]
        row: &'static Row,
        /// What follows the prefix.
        rest: Text,
    },
    /// `set`: empty until then, and nginx warns of it.
    Set,
    /// `auth_request_set`, a named capture: no value until then.
    Assigned,
    /// `map`
    Map(MapId),
    /// `geo`
    Geo(GeoId),
    /// `split_clients`
    SplitClients(SplitClientsId),
}

/// All variables of an `http { }`.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct Variables {
    /// Those that are used, by number.
    pub used: Vec<Variable>,
}

impl Variables {
    /// One variable.
    pub fn get(&self, id: VariableId) -> &Variable {
        &self.used[id.0 as usize]
    }

    /// The number of a name that the configuration uses.
    pub fn id_of(&self, name: &[u8]) -> Option<VariableId> {
        self.used.iter().position(|variable| *variable.name == *name).map(|index| VariableId(index as u32))
    }
}

/// The registry while a configuration is read: uses may come before definitions.
#[derive(Default, Debug)]
pub struct Registry {
    used: Vec<Text>,
    ids: HashMap<Text, VariableId>,
    defined: HashMap<Text, Source>,
}

/// A definition of what may not be defined anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unchangeable;

impl Registry {
    /// The name of a variable that is used, without `$`.
    pub fn name(&self, id: VariableId) -> &Text {
        &self.used[id.0 as usize]
    }

    /// The number of a variable. Letter case does not matter.
    pub fn use_name(&mut self, name: &[u8]) -> VariableId {
        self.meet(name).0
    }

    /// The number of a variable, and whether it was not used before.
    pub fn meet(&mut self, name: &[u8]) -> (VariableId, bool) {
        let name = name.to_ascii_lowercase();
        if let Some(id) = self.ids.get(name.as_slice()) {
            return (*id, false);
        }
        let id = VariableId(self.used.len() as u32);
        let name = Text::from(name);
        self.ids.insert(name.clone(), id);
        self.used.push(name);
        (id, true)
    }

    /// Gives a variable its source. Built-in ones mostly refuse that; a later definition replaces an earlier one.
    pub fn define(&mut self, name: &[u8], source: Source) -> Result<VariableId, Unchangeable> {
        let name = name.to_ascii_lowercase();
        if exact_row(&name).is_some_and(|row| !row.changeable) {
            return Err(Unchangeable);
        }
        self.defined.insert(Text::from(name.clone()), source);
        Ok(self.use_name(&name))
    }

    /// A variable that `set` assigns to: of a family, it keeps its value of there until then.
    pub fn set(&mut self, name: &[u8]) -> Result<VariableId, Unchangeable> {
        let name = name.to_ascii_lowercase();
        match exact_row(&name).is_none() && builtin(&name).is_some() {
            true => Ok(self.use_name(&name)),
            false => self.define_if_new(&name, Source::Set),
        }
    }

    /// A variable that something else assigns to.
    pub fn assign(&mut self, name: &[u8]) -> Result<VariableId, Unchangeable> {
        self.define_if_new(&name.to_ascii_lowercase(), Source::Assigned)
    }

    /// An earlier definition stays.
    fn define_if_new(&mut self, name: &[u8], source: Source) -> Result<VariableId, Unchangeable> {
        match exact_row(name) {
            Some(row) if !row.changeable => return Err(Unchangeable),
            Some(_) => {}
            None => {
                self.defined.entry(Text::from(name)).or_insert(source);
            }
        }
        Ok(self.use_name(name))
    }

    /// All variables with their sources, or the one that nobody defines.
    pub fn resolve(self) -> Result<Variables, Unknown> {
        let mut defined = self.defined;
        let mut used = Vec::with_capacity(self.used.len());
        for name in self.used {
            let source = match defined.remove(&name) {
                Some(source) => source,
                None => builtin(&name).ok_or_else(|| Unknown(name.clone()))?,
            };
            used.push(Variable { name, source });
        }
        Ok(Variables { used })
    }
}

/// A variable that nobody defines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown(Text);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown \"{}\" variable", self.0)
    }
}

/// What is said of a variable that nginx has and evenkeel does not serve yet.
pub fn unserved(name: &[u8]) -> String {
    format!("the \"{}\" variable is not served yet by evenkeel", String::from_utf8_lossy(name))
}

/// What a stock nginx does not have is unknown to us too, until we serve it.
fn is_known(row: &Row) -> bool {
    row.edition == Edition::Open || row.status != Status::NotYet
}

fn exact_row(name: &[u8]) -> Option<&'static Row> {
    grammar::variables::http::VARIABLES
        .iter()
        .find(|row| row.kind == Kind::Exact && row.name.as_bytes() == name && is_known(row))
}

/// Whether nginx alone can say what a variable holds.
pub fn is_unserved(name: &[u8]) -> bool {
    exact_row(&name.to_ascii_lowercase()).is_some_and(|row| row.status == Status::NotYet)
}

/// The source of a variable that nginx has built in.
pub fn builtin(name: &[u8]) -> Option<Source> {
    if let Some(row) = exact_row(name) {
        return Some(Source::Builtin(row));
    }
    let row = grammar::variables::http::VARIABLES
        .iter()
        .find(|row| row.kind == Kind::Prefix && name.starts_with(row.name.as_bytes()))?;
    Some(Source::Family { row, rest: Text::from(&name[row.name.len()..]) })
}

/// A row is printed by its name.
fn row_name<S: serde::Serializer>(row: &&'static Row, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(row.name)
}
