//! Signs of readings that were recorded as magnitudes or logarithms.
//!
//! Drain and collector currents flow along the drain-source (collector-emitter) voltage. Gate and drain
//! voltages have the sign of the channel, the body voltage the opposite one (reverse bias). Everything
//! else keeps the sign it was recorded with.

use gummel_device::Polarity;

use crate::heading::Later;
use crate::{DataError, Flags};

/// Currents below are no reading of any instrument or simulator, A: a logarithm was taken to the wrong base.
const SMALLEST: f64 = 1e-22;

/// Refuses decimal logarithms that can only be natural ones: the natural logarithm of 1 fA is -34.5.
///
/// # Errors
/// [`DataError::Metadata`] with the column and its smallest current.
pub(crate) fn check_size(
    path: &str,
    columns: &[(String, Vec<f64>)],
    names: &[&str],
) -> Result<(), DataError> {
    for (name, values) in columns.iter().filter(|(n, _)| n.starts_with('i') && names.contains(&n.as_str())) {
        let smallest = values.iter().map(|v| v.abs()).filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        if smallest < SMALLEST {
            return Err(DataError::Metadata {
                path: path.to_owned(),
                field: name.clone(),
                found: format!("{smallest:.1e} A"),
                expected: "a decimal logarithm of amperes; a heading of natural ones says ln(Id)".to_owned(),
            });
        }
    }
    Ok(())
}

/// Drain currents below this may be the offset of an instrument, A.
const CLEAR: f64 = 1e-9;
/// The largest drain current is above this where its sign is certain, A.
const LARGE: f64 = 1e-7;
/// Share of all power below which a few readings of the right sign are noise.
const NOISE: f64 = 0.01;

/// Turns the drain currents of a device around that flow against the drain-source voltage: a transistor takes up power, so that they
/// were counted out of the terminal, or as magnitudes. Columns whose signs are told otherwise, `later`, are left alone, and so are
/// currents that the gate may have brought.
pub(crate) fn passive(columns: &mut [(String, Vec<f64>)], later: &[(String, Later)]) -> Flags {
    let column = |name: &str| columns.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice());
    let known = later.iter().any(|(n, l)| *l == Later::Sign && ["id", "vd", "vg"].contains(&n.as_str()));
    let (Some(id), Some(vd), Some(_), false) = (column("id"), column("vd"), column("vg"), known) else {
        return Flags::NONE;
    };
    let (vs, ig) = (column("vs"), column("ig"));
    let (mut taken, mut given, mut rows) = (0.0, 0.0, 0);
    let (mut least, mut most) = (f64::INFINITY, 0.0f64);
    for (row, (id, vd)) in id.iter().zip(vd).enumerate().filter(|(_, (id, _))| id.abs() > CLEAR) {
        let at = |v: Option<&[f64]>| v.map(|v| v[row]).filter(|v| v.is_finite()).unwrap_or(0.0);
        let power = id * (vd - at(vs));
        if power > 0.0 {
            taken += power;
        } else if power < 0.0 {
            if at(ig).abs() > 0.5 * id.abs() {
                return Flags::NONE;
            }
            given -= power;
            rows += 1;
            (least, most) = (least.min(id.abs()), most.max(id.abs()));
        }
    }
    if rows < 3 || most < LARGE || most < 10.0 * least || taken > NOISE * given {
        return Flags::NONE;
    }
    let current = columns.iter_mut().filter(|(n, _)| n == "id");
    current.flat_map(|(_, values)| values).for_each(|v| *v = -*v);
    Flags::ASSUMED_SIGN
}

/// Gives the columns `names` the signs of a transistor of `polarity` (n-channel where unknown).
pub(crate) fn restore(
    columns: &mut [(String, Vec<f64>)],
    names: &[&str],
    polarity: Option<Polarity>,
) -> Flags {
    if names.is_empty() {
        return Flags::NONE;
    }
    let channel = polarity.map_or(1.0, Polarity::sign);
    let unsigned = |name: &str| names.contains(&name);
    for (name, values) in columns.iter_mut().filter(|(n, _)| unsigned(n)) {
        let sign = match name.as_str() {
            "vg" | "vd" | "vc" => channel,
            "vb" => -channel,
            _ => continue,
        };
        values.iter_mut().for_each(|v| *v *= sign);
    }
    for (current, sign, high, low) in
        [("id", 1.0, "vd", "vs"), ("is", -1.0, "vd", "vs"), ("ic", 1.0, "vc", "ve"), ("ie", -1.0, "vc", "ve")]
    {
        if !unsigned(current) {
            continue;
        }
        let column = |name: &str| columns.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let (high, low) = (column(high), column(low));
        let Some((_, values)) = columns.iter_mut().find(|(n, _)| n == current) else { continue };
        for (row, value) in values.iter_mut().enumerate() {
            let at = |v: &Option<Vec<f64>>| v.as_ref().map(|v| v[row]).filter(|v| v.is_finite());
            let along = at(&high).unwrap_or(0.0) - at(&low).unwrap_or(0.0);
            *value *= sign * if along == 0.0 { channel } else { along.signum() };
        }
    }
    Flags::ASSUMED_SIGN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<(String, Vec<f64>)> {
        let column = |name: &str, values: [f64; 3]| (name.to_owned(), values.to_vec());
        vec![
            column("vg", [0.0, 0.6, 1.2]),
            column("vd", [0.0, 0.1, 1.2]),
            column("vb", [0.3, 0.3, 0.3]),
            column("id", [1e-9, 1e-6, 1e-3]),
            column("is", [1e-9, 1e-6, 1e-3]),
        ]
    }

    #[test]
    fn a_p_channel_device_of_magnitudes_conducts_as_one() {
        let mut given = columns();
        let flags = restore(&mut given, &["vg", "vd", "vb", "id", "is"], Some(Polarity::P));
        assert_eq!(flags, Flags::ASSUMED_SIGN);
        let expected = [
            [-0.0, -0.6, -1.2],
            [-0.0, -0.1, -1.2],
            [0.3, 0.3, 0.3],
            [-1e-9, -1e-6, -1e-3],
            [1e-9, 1e-6, 1e-3],
        ];
        for ((name, found), expected) in given.iter().zip(expected) {
            assert_eq!(found[..], expected, "{name}");
        }
    }

    #[test]
    fn a_current_flows_along_the_recorded_voltage_whatever_the_polarity() {
        let mut given = columns();
        given[1].1 = vec![-0.1, 0.1, 1.2];
        restore(&mut given, &["id"], None);
        assert_eq!(given[3].1, [-1e-9, 1e-6, 1e-3]);
        assert_eq!(given[4].1, [1e-9, 1e-6, 1e-3]);
    }

    #[test]
    fn a_transistor_that_gives_power_has_its_current_counted_the_other_way() {
        let mut given = columns();
        assert_eq!(passive(&mut given, &[]), Flags::NONE, "it takes power");
        given[1].1 = vec![-0.1, -0.1, -1.2];
        given[3].1 = vec![2e-9, 1e-6, 1e-3];
        assert_eq!(passive(&mut given, &[("id".to_owned(), Later::Sign)]), Flags::NONE, "restored later");
        assert_eq!(passive(&mut given, &[]), Flags::ASSUMED_SIGN);
        assert_eq!(given[3].1, [-2e-9, -1e-6, -1e-3]);
        let mut off = columns();
        off[3].1 = vec![-1e-13, -2e-13, -1e-12];
        assert_eq!(passive(&mut off, &[]), Flags::NONE, "an offset is no current");
        off[3].1 = vec![-2e-9, -2e-9, -3e-9];
        assert_eq!(passive(&mut off, &[]), Flags::NONE, "nor is a constant one");
        off[3].1 = vec![-2e-9, -1e-6, -1e-3];
        off.push(("ig".to_owned(), vec![4e-9, 2e-6, 2e-3]));
        assert_eq!(passive(&mut off, &[]), Flags::NONE, "the gate brings it");
    }

    #[test]
    fn natural_logarithms_are_told_from_decimal_ones() {
        let column = |exponent: i32| vec![("id".to_owned(), vec![10f64.powi(exponent), 0.0])];
        assert!(check_size("f", &column(-14), &["id"]).is_ok());
        assert!(check_size("f", &column(-14), &["ig"]).is_ok());
        let error = check_size("f.csv", &column(-28), &["id"]).expect_err("too small").to_string();
        assert!(error.contains("f.csv: id is '1.0e-28 A'") && error.contains("ln(Id)"), "{error}");
    }
}
