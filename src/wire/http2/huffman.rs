//! Huffman's code of header texts (RFC 7541 section 5.2 and appendix B). It is canonical: the lengths of the codes say all.

/// How many bits the code of each byte has.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
/// The longest code; the end of strings has such a one, all ones.
const LONGEST: usize = 30;
/// A tree of 257 leaves has so many inner nodes.
const NODES: usize = 256;
/// The root, before each code.
const ROOT: usize = 0;
/// A tree's branch that leads to a byte's leaf is marked with this, the one to the end of strings with the next.
const LEAF: u16 = 256;
const END_OF_STRINGS: u16 = 512;

/// The code of each byte, in its lowest bits: in order of length, then of value.
const CODES: [u32; 256] = {
    let mut codes = [0; 256];
    let (mut code, mut length) = (0, 0);
    while length <= LONGEST {
        let mut byte = 0;
        while byte < 256 {
            if LENGTHS[byte] as usize == length {
                codes[byte] = code;
                code += 1;
            }
            byte += 1;
        }
        code <<= 1;
        length += 1;
    }
    codes
};

/// For each inner node where a zero and a one lead.
const TREE: [[u16; 2]; NODES] = {
    let mut tree = [[END_OF_STRINGS; 2]; NODES];
    let mut used = 1;
    let mut byte = 0;
    while byte < 256 {
        let (mut node, mut left) = (ROOT, LENGTHS[byte] as u32);
        while left > 1 {
            left -= 1;
            let bit = (CODES[byte] >> left & 1) as usize;
            if tree[node][bit] == END_OF_STRINGS {
                tree[node][bit] = used;
                used += 1;
            }
            node = tree[node][bit] as usize;
        }
        tree[node][(CODES[byte] & 1) as usize] = LEAF + byte as u16;
        byte += 1;
    }
    tree
};

/// What four bits lead to from a node.
#[derive(Clone, Copy)]
struct Step {
    /// The node behind them.
    next: u8,
    /// The byte whose code ends in them: no code is so short that two could.
    byte: u8,
    has_byte: bool,
    is_fault: bool,
}

static STEPS: [[Step; 16]; NODES] = {
    let mut steps = [[Step { next: 0, byte: 0, has_byte: false, is_fault: false }; 16]; NODES];
    let mut node = 0;
    while node < NODES {
        let mut nibble = 0;
        while nibble < 16 {
            steps[node][nibble] = step(node, nibble);
            nibble += 1;
        }
        node += 1;
    }
    steps
};

const fn step(node: usize, nibble: usize) -> Step {
    let mut step = Step { next: 0, byte: 0, has_byte: false, is_fault: false };
    let (mut place, mut left) = (node as u16, 4);
    while left > 0 {
        left -= 1;
        place = TREE[place as usize][nibble >> left & 1];
        if place == END_OF_STRINGS {
            step.is_fault = true;
            return step;
        }
        if place >= LEAF {
            step.byte = (place - LEAF) as u8;
            step.has_byte = true;
            place = ROOT as u16;
        }
    }
    step.next = place as u8;
    step
}

/// Whether a text may end at a node: behind it there are less than eight bits, all ones.
static IS_END: [bool; NODES] = ends_within(8);
/// The same with as many ones as are not yet the sign for the end, which has thirty.
static IS_PADDED_END: [bool; NODES] = ends_within(30);

const fn ends_within(most_bits: u32) -> [bool; NODES] {
    let mut ends = [false; NODES];
    let (mut node, mut bits) = (ROOT, 0);
    while bits < most_bits {
        ends[node] = true;
        node = TREE[node][1] as usize;
        bits += 1;
    }
    ends
}

/// How much there may be behind a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding {
    /// The rest of its last byte (RFC 7541 section 5.2).
    Rest,
    /// Whole bytes, too, as nginx lets it be.
    Bytes,
}

/// The text is not one of this code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Invalid;

/// Appends what a text says.
pub fn decode(coded: &[u8], padding: Padding, out: &mut Vec<u8>) -> Result<(), Invalid> {
    let mut node = ROOT;
    // The shortest code has five bits.
    out.reserve(coded.len() * 8 / 5);
    for &byte in coded {
        for nibble in [byte >> 4, byte & 15] {
            let step = &STEPS[node][usize::from(nibble)];
            if step.is_fault {
                return Err(Invalid);
            }
            if step.has_byte {
                out.push(step.byte);
            }
            node = usize::from(step.next);
        }
    }
    let is_end = match padding {
        Padding::Rest => IS_END[node],
        Padding::Bytes => IS_PADDED_END[node],
    };
    if is_end { Ok(()) } else { Err(Invalid) }
}

/// How long a text is in this code.
pub fn coded_length(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|byte| usize::from(LENGTHS[usize::from(*byte)])).sum();
    bits.div_ceil(8)
}

/// Appends a text in this code.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut count) = (0u64, 0);
    for &byte in text {
        bits = bits << LENGTHS[usize::from(byte)] | u64::from(CODES[usize::from(byte)]);
        count += LENGTHS[usize::from(byte)];
        while count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    if count > 0 {
        // Ones fill the last byte: the beginning of the end of strings.
        out.push((bits << (8 - count)) as u8 | u8::MAX >> count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, Invalid> {
        let mut out = Vec::new();
        decode(coded, Padding::Rest, &mut out).map(|()| out)
    }

    #[test]
    fn texts_of_the_examples() {
        // RFC 7541 appendices C.4.1, C.4.2 and C.6.1.
        for (text, coded) in [
            ("www.example.com", &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff][..]),
            ("no-cache", &[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]),
            ("302", &[0x64, 0x02]),
            ("private", &[0xae, 0xc3, 0x77, 0x1a, 0x4b]),
        ] {
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!(out, coded, "{text}");
            assert_eq!(coded_length(text.as_bytes()), coded.len());
            assert_eq!(decoded(coded), Ok(text.as_bytes().to_vec()));
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        encode(&all, &mut out);
        assert_eq!(out.len(), coded_length(&all));
        assert_eq!(decoded(&out), Ok(all));
    }

    #[test]
    fn the_end_is_less_than_a_byte_of_ones() {
        assert_eq!(decoded(&[]), Ok(Vec::new()));
        assert_eq!(decoded(&[0x1f]), Ok(b"a".to_vec()));
        assert_eq!(decoded(&[0x18]), Err(Invalid), "zeros");
        assert_eq!(decoded(&[0x1f, 0xff]), Err(Invalid), "too long");
        assert_eq!(decoded(&[0xff; 4]), Err(Invalid), "the end of strings itself");
        let mut out = Vec::new();
        assert_eq!(decode(&[0x1f, 0xff, 0xff], Padding::Bytes, &mut out), Ok(()));
        assert_eq!(out, b"a");
        assert_eq!(decode(&[0xff; 4], Padding::Bytes, &mut out), Err(Invalid), "the end of strings itself");
    }
}
