//! The search for the row of a directive.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::TABLES;
use crate::{Context, Directive, Edition, Status};

/// What the tables say about a name in a context.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// It may stand there.
    Row(&'static Directive),
    /// It exists, but may not stand there.
    NotAllowedHere,
    /// No module knows it.
    Unknown,
}

static INDEX: LazyLock<HashMap<&'static [u8], Vec<&'static Directive>>> = LazyLock::new(|| {
    let mut index = HashMap::<_, Vec<_>>::new();
    for row in TABLES.iter().flat_map(|(_, rows)| *rows).filter(|row| is_known(row)) {
        index.entry(row.name.as_bytes()).or_default().push(row);
    }
    index
});

/// Looks a directive up as nginx does: through all modules until one has it for this context.
pub fn find(context: Context, name: &[u8]) -> Found {
    let Some(rows) = INDEX.get(name) else { return Found::Unknown };
    match rows.iter().find(|row| row.contexts.intersects(context)) {
        Some(row) => Found::Row(row),
        None => Found::NotAllowedHere,
    }
}

/// What a stock nginx does not have is unknown to us too, until we serve it.
fn is_known(row: &Directive) -> bool {
    row.edition == Edition::Open || row.status != Status::NotYet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_differs_by_context() {
        let module = |context| match find(context, b"server") {
            Found::Row(row) => row.module,
            other => panic!("{other:?}"),
        };
        assert_eq!(module(Context::HTTP), "http_core");
        assert_eq!(module(Context::UPSTREAM), "http_upstream");
        assert!(matches!(find(Context::LOCATION, b"server"), Found::NotAllowedHere));
        assert!(matches!(find(Context::LOCATION, b"nonesuch"), Found::Unknown));
    }

    #[test]
    fn include_stands_everywhere() {
        for (context, _) in Context::NAMES {
            assert!(matches!(find(context, b"include"), Found::Row(_)));
        }
    }

    #[test]
    fn no_two_rows_of_stock_nginx_fit_the_same_place() {
        for (name, rows) in INDEX.iter() {
            for (index, row) in rows.iter().enumerate() {
                for other in &rows[index + 1..] {
                    let both_stock = row.edition == Edition::Open && other.edition == Edition::Open;
                    assert!(
                        !(both_stock && row.contexts.intersects(other.contexts)),
                        "{} in {} and {}",
                        String::from_utf8_lossy(name),
                        row.module,
                        other.module
                    );
                }
            }
        }
    }
}
