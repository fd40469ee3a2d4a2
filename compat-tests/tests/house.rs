//! The rules of the house, read off the source tree: layers, bans, sizes, rows, documents.
//!
//! A rule that is broken in places when it arrives comes with a list of those places (`house/known.rs`), which may only
//! get shorter.

#[path = "house/bans.rs"]
mod bans;
#[path = "house/documents.rs"]
mod documents;
#[path = "house/known.rs"]
mod known;
#[path = "house/layers.rs"]
mod layers;
#[path = "house/rings.rs"]
mod rings;
#[path = "house/rows.rs"]
mod rows;
#[path = "house/sizes.rs"]
mod sizes;
#[path = "house/sources.rs"]
mod sources;

/// Fails with all faults at once, each on a line that names file and line.
fn report(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}\n  {}", faults.join("\n  "));
}
