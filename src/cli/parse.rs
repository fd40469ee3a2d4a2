//! `evenkeel parse`: a configuration as JSON or YAML, the same for the same text, so that it can be compared.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::conf::nginx;
use crate::conf::source::Sources;
use crate::conf::tree::Tree;
use crate::ir::Nginx;
use crate::ir::keepalived::Keepalived;
use crate::process::disk_files::DiskFiles;

/// Print configurations as data, to look at or to compare.
#[derive(Args, Debug)]
pub struct Parse {
    /// Print the directives of nginx as they are written, includes in their place.
    #[arg(long, conflicts_with = "ir")]
    tree: bool,
    /// Print what they mean: typed values, inheritance and defaults resolved. This is the default.
    #[arg(long)]
    ir: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// The configurations; one with keepalived in its name is keepalived's. What they include is found beside each. One that is
    /// wrong is printed as its error, and the status is 1.
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
    keepalived: Option<&'a Keepalived>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What reading one file gave.
enum Read {
    Nginx(Box<Nginx>),
    Keepalived(Box<Keepalived>),
    Wrong(String),
}

impl Read {
    fn file(path: &Path) -> Self {
        if is_keepalived(path) {
            return crate::parse_keepalived(path)
                .map_or_else(|fault| Self::Wrong(fault.to_string()), |values| Self::Keepalived(Box::new(values)));
        }
        crate::parse_nginx(path)
            .map_or_else(|fault| Self::Wrong(fault.to_string()), |values| Self::Nginx(Box::new(values)))
    }
}

impl<'a> Values<'a> {
    fn new(file: &'a Path, read: &'a Read) -> Self {
        let mut values = Self { file: file.to_string_lossy(), nginx: None, keepalived: None, error: None };
        match read {
            Read::Nginx(nginx) => values.nginx = Some(nginx),
            Read::Keepalived(keepalived) => values.keepalived = Some(keepalived),
            Read::Wrong(error) => values.error = Some(error.clone()),
        }
        values
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
        if let Some(file) = self.files.iter().find(|file| is_keepalived(file)) {
            let text =
                format!("{}: a file of keepalived has no tree; without --tree its values are printed", file.display());
            return Err(io::Error::other(text));
        }
        let sources = Sources::default();
        let trees: Vec<_> = self.files.iter().map(|file| read_tree(&sources, &file.to_string_lossy())).collect();
        let roots: Vec<_> = trees.iter().flat_map(|tree| tree.roots).collect();
        self.print(&roots)?;
        Ok(trees.iter().all(|tree| tree.fault().is_none()))
    }

    fn print_values(&self) -> io::Result<bool> {
        let results: Vec<_> = self.files.iter().map(|file| (file, Read::file(file))).collect();
        let values: Vec<_> = results.iter().map(|(file, read)| Values::new(file, read)).collect();
        self.print(&values)?;
        Ok(!results.iter().any(|(_, read)| matches!(read, Read::Wrong(_))))
    }

    fn print(&self, value: &impl Serialize) -> io::Result<()> {
        let text = match self.format {
            Format::Json => serde_json::to_string_pretty(value)? + "\n",
            Format::Yaml => serde_yaml_ng::to_string(value).map_err(io::Error::other)?,
        };
        io::stdout().lock().write_all(text.as_bytes())
    }
}

fn is_keepalived(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("keepalived"))
}

/// Reads a file and what it includes. Relative names begin at the file's directory.
fn read_tree<'s>(sources: &'s Sources, file: &str) -> Tree<'s> {
    let prefix = file.rfind('/').map_or("", |slash| &file[..=slash]);
    nginx::parse(sources, &DiskFiles, prefix, b"", file)
}
