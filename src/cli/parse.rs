//! `evenkeel parse`: a configuration as JSON or YAML, the same for the same text, so that it can be compared.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::conf::nginx;
use crate::conf::source::Sources;
use crate::conf::tree::Tree;
use crate::process::disk_files::DiskFiles;

/// Print configurations as data, to look at or to compare.
#[derive(Args, Debug)]
pub struct Parse {
    /// Print the directives as they are written, includes in their place.
    #[arg(long)]
    tree: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// The configurations; what they include is found beside each.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

impl Parse {
    /// Prints all files; false if one of them is wrong.
    pub fn run(&self) -> io::Result<bool> {
        let sources = Sources::default();
        let trees: Vec<_> = self.files.iter().map(|file| read_tree(&sources, &file.to_string_lossy())).collect();
        let roots: Vec<_> = trees.iter().flat_map(|tree| tree.roots).collect();
        self.print(&roots)?;
        Ok(trees.iter().all(|tree| tree.fault().is_none()))
    }

    fn print(&self, value: &impl Serialize) -> io::Result<()> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(value)? + "\n",
            Format::Yaml => serde_yaml_ng::to_string(value).map_err(io::Error::other)?,
        };
        io::stdout().lock().write_all(text.as_bytes())
    }
}

/// Reads a file and what it includes. Relative names begin at the file's directory.
fn read_tree<'s>(sources: &'s Sources, file: &str) -> Tree<'s> {
    let prefix = file.rfind('/').map_or("", |slash| &file[..=slash]);
    nginx::parse(sources, &DiskFiles, prefix, b"", file)
}
