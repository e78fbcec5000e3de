//! Numbers as text that every target reads back as the same double.

/// The shortest text that reads back as the same number and is no integer literal: `0.5`, `2.0`, `1.5e-7`.
pub fn real(value: f64) -> String {
    let (plain, scientific) = (format!("{value:?}"), format!("{value:e}"));
    // Debug output has a point or an exponent already.
    if scientific.len() < plain.len() { scientific } else { plain }
}

#[cfg(test)]
mod tests {
    use super::real;

    #[test]
    fn numbers_read_back_and_are_no_integers() {
        for value in [0.0, 1.0, -2.0, 1e-15, 0.1 + 0.2, 1e300, -1.234_567_890_123_456_7e-7, 1e6] {
            let text = real(value);
            assert_eq!(text.parse(), Ok(value));
            assert!(text.contains(['.', 'e']), "{text}");
        }
        assert_eq!([real(0.5), real(2.0), real(1.5e-7)], ["0.5", "2.0", "1.5e-7"]);
    }
}
