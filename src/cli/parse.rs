//! `evenkeel parse`: a configuration as JSON or YAML, the same for the same text, so that it can be compared.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::conf::diagnostic::Diagnostic;
use crate::conf::nginx;
use crate::conf::source::Sources;
use crate::conf::tree::Tree;
use crate::ir::Nginx;
use crate::process::disk_files::DiskFiles;

/// Print configurations as data, to look at or to compare.
#[derive(Args, Debug)]
pub struct Parse {
    /// Print the directives as they are written, includes in their place.
    #[arg(long, conflicts_with = "ir")]
    tree: bool,
    /// Print what they mean: typed values, inheritance and defaults resolved. This is the default.
    #[arg(long)]
    ir: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// The configurations; what they include is found beside each.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What one file means, or what is wrong with it.
#[derive(Serialize)]
struct Values<'a> {
    file: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nginx: Option<&'a Nginx>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl<'a> Values<'a> {
    fn new(file: &'a Path, result: &'a Result<Nginx, Diagnostic>) -> Self {
        Self {
            file: file.to_string_lossy(),
            nginx: result.as_ref().ok(),
            error: result.as_ref().err().map(ToString::to_string),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

impl Parse {
    /// Prints all files; false if one of them is wrong.
    pub fn run(&self) -> io::Result<bool> {
        if self.tree { self.print_trees() } else { self.print_values() }
    }

    fn print_trees(&self) -> io::Result<bool> {
        let sources = Sources::default();
        let trees: Vec<_> = self.files.iter().map(|file| read_tree(&sources, &file.to_string_lossy())).collect();
        let roots: Vec<_> = trees.iter().flat_map(|tree| tree.roots).collect();
        self.print(&roots)?;
        Ok(trees.iter().all(|tree| tree.fault().is_none()))
    }

    fn print_values(&self) -> io::Result<bool> {
        let results: Vec<_> = self.files.iter().map(|file| (file, crate::parse_nginx(file))).collect();
        let values: Vec<_> = results.iter().map(|(file, result)| Values::new(file, result)).collect();
        self.print(&values)?;
        Ok(results.iter().all(|(_, result)| result.is_ok()))
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
