//! Text out of bytes: UTF-8, UTF-16 and Latin-1, with or without byte-order mark.

use std::borrow::Cow;

use crate::DataError;
use crate::stop::{PIECE, Stop};

/// Decodes a text file; carriage returns alone become line feeds.
///
/// UTF-16 is told by its byte-order mark or by zeros in every second byte; bytes that are not UTF-8 are
/// taken as Windows-1252 (`0xB0` is the degree sign, `0xB5` micro), as old instruments write.
///
/// # Errors
/// [`DataError::Encoding`] for control bytes that no text has, and for broken UTF-16; [`DataError::Stopped`].
pub(crate) fn text<'a>(path: &str, bytes: &'a [u8], stop: Stop<'_>) -> Result<Cow<'a, str>, DataError> {
    let text = characters(path, bytes, stop)?;
    stop.look()?;
    let alone = memchr::memchr_iter(b'\r', text.as_bytes()).any(|at| !text[at + 1..].starts_with('\n'));
    Ok(if alone { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text })
}

fn characters<'a>(path: &str, bytes: &'a [u8], stop: Stop<'_>) -> Result<Cow<'a, str>, DataError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return characters(path, rest, stop),
        [0xFF, 0xFE, rest @ ..] => return utf16(path, rest, u16::from_le_bytes, stop).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => return utf16(path, rest, u16::from_be_bytes, stop).map(Cow::Owned),
        _ => {}
    }
    let start = &bytes[..bytes.len().min(256) & !1];
    let zeros = |parity: usize| start.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    if start.len() >= 8 && zeros(1) * 2 > start.len() * 9 / 10 {
        return utf16(path, bytes, u16::from_le_bytes, stop).map(Cow::Owned);
    }
    if start.len() >= 8 && zeros(0) * 2 > start.len() * 9 / 10 {
        return utf16(path, bytes, u16::from_be_bytes, stop).map(Cow::Owned);
    }
    if let Some(at) = control_byte(bytes, stop)? {
        return Err(DataError::Encoding {
            path: path.to_owned(),
            line: bytes[..at].iter().filter(|b| **b == b'\n').count() + 1,
            found: format!("byte 0x{:02x}, which no text has", bytes[at]),
            expected: "text in UTF-8, UTF-16 or Latin-1".to_owned(),
            hint: "the file is binary or damaged; copy or export it again".to_owned(),
        });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
            for piece in bytes.chunks(PIECE) {
                stop.look()?;
                text.extend(piece.iter().map(|b| windows_1252(*b)));
            }
            Ok(Cow::Owned(text))
        }
    }
}

/// Place of the first byte that no text has.
fn control_byte(bytes: &[u8], stop: Stop<'_>) -> Result<Option<usize>, DataError> {
    for (k, piece) in bytes.chunks(PIECE).enumerate() {
        stop.look()?;
        let control = |b: &u8| *b < 32 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a);
        if let Some(at) = piece.iter().position(control) {
            return Ok(Some(k * PIECE + at));
        }
    }
    Ok(None)
}

fn utf16(path: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16, stop: Stop<'_>) -> Result<String, DataError> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len() / 2);
    for c in char::decode_utf16(units) {
        stop.look()?;
        text.push(c.map_err(|e| DataError::Encoding {
            path: path.to_owned(),
            line: text.matches('\n').count() + 1,
            found: format!("the lone UTF-16 surrogate 0x{:04x}", e.unpaired_surrogate()),
            expected: "UTF-16 text".to_owned(),
            hint: "export the file again, as UTF-8 if possible".to_owned(),
        })?);
    }
    Ok(text)
}

/// The character of a byte in Windows-1252: Latin-1 but for quotes and dashes in 0x80..0xA0.
fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x91 | 0x92 => '\'',
        0x93 | 0x94 => '"',
        0x96 | 0x97 => '-',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// The text, read by somebody who wants it to the end.
    fn text<'a>(path: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, DataError> {
        super::text(path, bytes, Stop(&AtomicBool::new(false)))
    }

    #[test]
    fn all_encodings_of_one_text_read_the_same() {
        let expected = "Id [µA];T [°C]\n1;25\n";
        let utf16: Vec<u16> = expected.encode_utf16().collect();
        let le: Vec<u8> = utf16.iter().flat_map(|u| u.to_le_bytes()).collect();
        let be: Vec<u8> = utf16.iter().flat_map(|u| u.to_be_bytes()).collect();
        let latin: Vec<u8> = expected.chars().map(|c| c as u32 as u8).collect();
        for bytes in [
            expected.as_bytes().to_vec(),
            [&[0xEF, 0xBB, 0xBF], expected.as_bytes()].concat(),
            [&[0xFF, 0xFE], le.as_slice()].concat(),
            [&[0xFE, 0xFF], be.as_slice()].concat(),
            le,
            be,
            latin,
        ] {
            assert_eq!(text("f", &bytes).expect("text"), expected);
        }
    }

    #[test]
    fn lines_may_end_in_every_way_at_once() {
        let read = |t: &'static str| text("f", t.as_bytes()).expect("text").into_owned();
        assert_eq!(read("a\nb\r\nc\rd"), "a\nb\nc\nd");
        assert_eq!(read("a\rb\r"), "a\nb\n");
        assert_eq!(read("a\r\nb\r\n"), "a\r\nb\r\n");
    }

    #[test]
    fn binary_and_broken_text_are_refused_with_a_line() {
        let error = text("f.csv", b"vg,id\n0,1\n1,\x01\x02").expect_err("binary");
        assert!(error.to_string().starts_with("f.csv:3: found byte 0x01"), "{error}");
        assert!(text("f", &[0xFF, 0xFE, 0x00, 0xD8, b'a', 0]).is_err());
    }
}
