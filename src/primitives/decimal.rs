//! Numbers in decimal digits, written without the machinery of formats: every answer and every line of a log has some.

/// Writes a number behind what is there.
pub fn write(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_formats_write_them() {
        for number in [0, 7, 10, 200, 65536, u64::MAX] {
            let mut out = b"=".to_vec();
            write(number, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("={number}"));
        }
    }
}
