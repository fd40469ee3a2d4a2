//! Sections of PEM (RFC 7468, RFC 1421), taken and refused as OpenSSL takes and refuses them.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// How many characters a line below a header has; a shorter one is the last.
const LINE_LENGTH: usize = 64;

/// What stands between two lines of dashes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section<'t> {
    /// What the lines of dashes name.
    pub label: &'t [u8],
    /// The lines in front of an empty one, each with its end.
    pub header: Vec<u8>,
    /// The bytes that the other lines stand for.
    pub data: Vec<u8>,
}

/// Why a section that has begun is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It does not end, or not with its own line, or its lines are not in order.
    BadEndLine,
    /// The lines do not stand for bytes.
    BadBase64,
    /// It holds nothing.
    Empty,
}

/// Reads section after section; what stands around them is passed over. Nothing comes behind a fault.
pub fn sections(text: &[u8]) -> impl Iterator<Item = Result<Section<'_>, Fault>> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').map(without_end);
    let mut has_failed = false;
    std::iter::from_fn(move || {
        let mut begins = lines.by_ref().filter(|_| !has_failed);
        let label = begins.find_map(|line| line.strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----"))?;
        let section = section(label, &mut lines);
        has_failed = section.is_err();
        Some(section)
    })
}

fn without_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte > b' ').map_or(0, |last| last + 1);
    &line[..end]
}

/// Where a line stands.
#[derive(PartialEq, Eq)]
enum Place {
    /// Only an empty line would tell that it is the header.
    HeaderOrData,
    Header,
    BehindHeader,
}

fn section<'t>(label: &'t [u8], lines: &mut impl Iterator<Item = &'t [u8]>) -> Result<Section<'t>, Fault> {
    let (mut header, mut gathered) = (Vec::new(), Vec::new());
    let mut place = Place::HeaderOrData;
    let mut is_last = false;
    for line in lines {
        if let Some(end) = line.strip_prefix(b"-----END ") {
            if end.strip_suffix(b"-----") != Some(label) {
                return Err(Fault::BadEndLine);
            }
            let data = if place == Place::Header { Vec::new() } else { bytes(&gathered)? };
            return if data.is_empty() { Err(Fault::Empty) } else { Ok(Section { label, header, data }) };
        }
        if line.is_empty() {
            if place == Place::BehindHeader {
                return Err(Fault::BadEndLine);
            }
            place = Place::BehindHeader;
            header = std::mem::take(&mut gathered);
            continue;
        }
        if is_last || (place == Place::BehindHeader && line.len() > LINE_LENGTH) {
            return Err(Fault::BadEndLine);
        }
        is_last = place == Place::BehindHeader && line.len() < LINE_LENGTH;
        if place == Place::HeaderOrData && line.contains(&b':') {
            place = Place::Header;
        }
        gathered.extend_from_slice(line);
        gathered.push(b'\n');
    }
    Err(Fault::BadEndLine)
}

fn bytes(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let characters: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT.decode(characters).map_err(|_| Fault::BadBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<(String, String, Vec<u8>), Fault>> {
        let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = |section: Section| (words(section.label), words(&section.header), section.data);
        sections(text.as_bytes()).map(|section| section.map(shown)).collect()
    }

    fn plain(label: &str, data: &[u8]) -> Result<(String, String, Vec<u8>), Fault> {
        Ok((label.to_owned(), String::new(), data.to_vec()))
    }

    #[test]
    fn sections_stand_among_other_lines() {
        let text =
            "notes\n-----BEGIN A-----  \r\nAQ\n I D \n-----END A-----\nx\n-----BEGIN B C-----\nBA==\n-----END B C-----";
        assert_eq!(read(text), [plain("A", &[1, 2, 3]), plain("B C", &[4])]);
        assert_eq!(read("\n -----BEGIN A-----\nAQID\n-----END A-----\n"), []);
        assert_eq!(read("-----BEGIN A-----x\nAQID\n-----END A-----\n"), []);
    }

    #[test]
    fn a_header_ends_with_an_empty_line() {
        let text = |lines: &str| read(&format!("-----BEGIN A-----\n{lines}-----END A-----\n"));
        assert_eq!(
            text("Proc-Type: x\nB: y\n\nAQID\n"),
            [Ok(("A".into(), "Proc-Type: x\nB: y\n".into(), vec![1, 2, 3]))]
        );
        assert_eq!(text("AQID\n\nAQID\n"), [Ok(("A".into(), "AQID\n".into(), vec![1, 2, 3]))]);
        assert_eq!(text("Proc-Type: x\n\n\nAQID\n"), [Err(Fault::BadEndLine)]);
        assert_eq!(text("Proc-Type: x\n\nAQID\nAQID\n"), [Err(Fault::BadEndLine)]);
        assert_eq!(text("Proc-Type: x\n"), [Err(Fault::Empty)]);
    }

    #[test]
    fn nothing_is_read_behind_a_fault() {
        let whole = "-----BEGIN B-----\nAQID\n-----END B-----\n";
        let begun = |lines: &str| read(&format!("-----BEGIN A-----\n{lines}{whole}"));
        assert_eq!(begun("AQID\n"), [Err(Fault::BadEndLine)]);
        assert_eq!(begun("AQID\n-----END\n"), [Err(Fault::BadEndLine)]);
        assert_eq!(begun("AQID\n-----END A-----x\n"), [Err(Fault::BadEndLine)]);
        assert_eq!(begun("AQ!D\n-----END A-----\n"), [Err(Fault::BadBase64)]);
        assert_eq!(begun("AQI\n-----END A-----\n"), [Err(Fault::BadBase64)]);
        assert_eq!(begun("-----END A-----\n"), [Err(Fault::Empty)]);
    }
}
