//! The examples of RFC 7541 appendix C, and what a block may not be.

use super::*;

const LIMITS: Limits = Limits { field: 8192, block: 32_768 };

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<String, Fault> {
    let mut fields = Fields::default();
    decoder.decode(block, LIMITS, &mut fields)?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok(fields.iter().map(|(name, value)| format!("{}: {}\n", text(name), text(value))).collect())
}

fn table(decoder: &Decoder) -> Vec<String> {
    let entry = |(bytes, middle): &(Box<[u8]>, usize)| {
        let (name, value) = bytes.split_at(*middle);
        format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
    };
    decoder.table.entries.iter().map(entry).collect()
}

#[test]
fn requests_without_and_with_huffman_code() {
    // Appendices C.3 and C.4: three requests on one connection.
    for blocks in [
        [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ],
        [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ],
    ] {
        let mut decoder = Decoder::default();
        let first = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n";
        assert_eq!(decode(&mut decoder, &bytes(blocks[0])).as_deref(), Ok(first));
        let second = format!("{first}cache-control: no-cache\n");
        assert_eq!(decode(&mut decoder, &bytes(blocks[1])), Ok(second));
        let third =
            ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value\n";
        assert_eq!(decode(&mut decoder, &bytes(blocks[2])).as_deref(), Ok(third));
        let kept = ["custom-key: custom-value", "cache-control: no-cache", ":authority: www.example.com"];
        assert_eq!(table(&decoder), kept);
        assert_eq!(decoder.table.size, 164);
    }
}

#[test]
fn a_table_that_is_full_forgets_the_oldest() {
    // Appendix C.5, with a table of 256 bytes.
    let mut decoder = Decoder::default();
    decode(&mut decoder, &bytes("3fe101")).expect("a smaller table is allowed");
    let first = "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 \
                 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d";
    decode(&mut decoder, &bytes(first)).expect("the first answer");
    assert_eq!(decoder.table.size, 222);
    assert_eq!(
        decode(&mut decoder, &bytes("4803 3330 37c1 c0bf")).as_deref(),
        Ok(
            ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\nlocation: https://www.example.com\n"
        )
    );
    assert_eq!(table(&decoder)[0], ":status: 307");
    assert_eq!(decoder.table.entries.len(), 4, "`:status: 302` is forgotten");
    // An entry larger than the table empties it.
    let large = [&[0x40, 1, b'x', 0x7f, 0x81, 0x02][..], &[b'a'; 384]].concat();
    decode(&mut decoder, &large).expect("it is no error");
    assert!(table(&decoder).is_empty() && decoder.table.size == 0);
}

#[test]
fn a_name_of_the_table_may_be_the_one_that_is_forgotten() {
    let mut decoder = Decoder::default();
    let value = [b'a'; 4000];
    decode(&mut decoder, &[&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &value].concat()).expect("it is kept");
    let again = decode(&mut decoder, &[&[0x7e, 0x7f, 0xa1, 0x1e][..], &value].concat()).expect("it names the first");
    assert!(again.starts_with("x: aaa"));
    assert_eq!(decoder.table.entries.len(), 1);
}

#[test]
fn what_no_block_is() {
    for (name, block, fault) in [
        ("the index 0", &[0x80][..], Fault::Index(0)),
        ("an index beyond the table", &[0xbe], Fault::Index(62)),
        ("a number without an end", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Fault::LongIndex),
        ("a number of five bytes", &[0x7f, 0x80, 0x80, 0x80, 0], Fault::LongIndex),
        ("a text that is cut off", &[0, 5, b'a'], Fault::Truncated),
        ("a value that is missing", &[0, 1, b'a'], Fault::Truncated),
        ("a name without letters", &[0, 0, 1, b'a'], Fault::NoName),
        ("a table larger than allowed", &[0x3f, 0xe2, 0x1f], Fault::TableSize(4097)),
        ("a new size behind a field", &[0x82, 0x20], Fault::TableSize(0)),
        ("a field longer than allowed", &[0, 0x7f, 0x82, 0x3f], Fault::LongField(Part::Name, 8193)),
    ] {
        assert_eq!(decode(&mut Decoder::default(), block), Err(fault), "{name}");
    }
    let mut decoder = Decoder::default();
    decode(&mut decoder, &[&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'a'; 4000]].concat()).expect("it is kept");
    assert_eq!(decode(&mut decoder, &[0xbe; 9]), Err(Fault::LongBlock), "a block that grows");
}

#[test]
fn answers_are_read_without_a_table() {
    let mut out = Vec::new();
    encode_empty_table(&mut out);
    encode_status(200, &mut out);
    encode_field(b"server", b"nginx", &mut out);
    encode_field(b"x-long", &[b'~'; 300], &mut out);
    assert_eq!(out[..3], [0x20, 0x88, 0x40 | 54]);
    let mut decoder = Decoder::default();
    let long = "~".repeat(300);
    assert_eq!(decode(&mut decoder, &out), Ok(format!(":status: 200\nserver: nginx\nx-long: {long}\n")));
    let statuses = [204, 206, 304, 400, 404, 500, 100, 999];
    out.clear();
    statuses.iter().for_each(|status| encode_status(*status, &mut out));
    let lines: String = statuses.iter().map(|status| format!(":status: {status}\n")).collect();
    assert_eq!(decode(&mut decoder, &out), Ok(lines));
}
