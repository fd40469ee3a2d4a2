//! The tree in a form to print: what `evenkeel parse --tree` shows, and what snapshots hold.
//!
//! The names of the fields are crossplane's, which tools for nginx.conf already know.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::tree::{Body, Directive, File, Tree};

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.roots)
    }
}

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("file", &self.source.name)?;
        map.serialize_entry("parsed", self.directives)?;
        map.end()
    }
}

impl Serialize for Directive<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Body::Fault(fault) = self.body {
            map.serialize_entry("error", &fault.to_string())?;
            return map.end();
        }
        map.serialize_entry("directive", &self.name().text())?;
        map.serialize_entry("line", &self.line)?;
        map.serialize_entry("args", &self.args().iter().map(|word| word.text()).collect::<Vec<_>>())?;
        match self.body {
            Body::Block(block) => map.serialize_entry("block", block.directives)?,
            Body::Include(files) => map.serialize_entry("includes", files)?,
            Body::Simple | Body::Fault(_) => {}
        }
        map.end()
    }
}
