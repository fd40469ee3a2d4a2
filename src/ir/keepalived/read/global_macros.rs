//! Short forms for setters of `global_defs`.

/// A switch whose complaint follows the common pattern.
macro_rules! global_switch {
    ($name:literal, |$draft:ident, $value:ident| $set:expr) => {
        ($name, |reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line| {
            let complaint = |word: &str| format!("Invalid value '{word}' for global {} specified", $name);
            if let Some($value) = switch_or_on(parser, line, complaint) {
                let $draft = &mut reading.global;
                $set
            }
            Ok(())
        })
    };
}

/// A switch whose complaint does not name the word.
macro_rules! plain_switch {
    ($name:literal, |$draft:ident, $value:ident| $set:expr) => {
        ($name, |reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line| {
            if let Some($value) = switch_or_on(parser, line, |_| format!("Invalid value for {} specified", $name)) {
                let $draft = &mut reading.global;
                $set
            }
            Ok(())
        })
    };
}

/// A keyword alone on its line.
macro_rules! flag {
    ($name:literal, |$draft:ident| $set:expr) => {
        ($name, |reading: &mut Reading<'_>, _: &mut Parser<'_, '_>, _: &Line| {
            let $draft = &mut reading.global;
            let () = $set;
            Ok(())
        })
    };
}

pub(super) use {flag, global_switch, plain_switch};
