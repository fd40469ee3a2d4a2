//! The system's error numbers as nginx shows them: ` (2: No such file or directory)`.

use std::io;

/// The suffix of a message about a system call that failed; empty for an error that has no number.
pub fn suffix(error: &io::Error) -> String {
    let Some(number) = error.raw_os_error() else { return String::new() };
    format!(" ({number}: {})", description(error))
}

/// The system's own words for the error.
pub fn description(error: &io::Error) -> String {
    let text = error.to_string();
    // The standard library adds the number to what strerror() said.
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_words() {
        assert_eq!(suffix(&io::Error::from_raw_os_error(13)), " (13: Permission denied)");
        assert_eq!(suffix(&io::Error::other("x")), "");
    }
}
