//! A transistor with made-up readings, for tests.

use gummel_data::{CurveInfo, DeviceData, Flags};
use gummel_device::{Bias, DeviceId, Family, Geometry, Origin, Polarity, Quantity, Terminal};

/// Points of one curve: what was swept, the temperature, K, and the voltages `[vd, vg, vs, vb]`, V.
pub(crate) type Points = (Terminal, f64, Vec<[f64; 4]>);

/// An n-channel transistor of 1 um by 0.1 um with a microampere at every point; no curve is empty.
pub(crate) fn device(points: &[Points]) -> DeviceData {
    let info = |(swept, kelvin, bias): &Points| {
        let [vd, vg, vs, vb] = bias[0];
        let (held, sweep, origin) = (Bias { vd, vg, vs, vb }, String::new(), Origin::Simulated);
        CurveInfo { swept: *swept, held, temperature: *kelvin, sweep, file: 0, origin }
    };
    let each = |k: usize| std::iter::repeat_n(k, points[k].2.len());
    let curve: Vec<usize> = (0..points.len()).flat_map(each).collect();
    let n = curve.len();
    let family = Family { technology: "test".into(), name: "nmos".into(), polarity: Polarity::N };
    let (geometry, site, name) = (Geometry::new(1e-6, 1e-7), String::new(), "one".to_owned());
    DeviceData {
        id: DeviceId { family, name, geometry, site, corner: None },
        curves: points.iter().map(info).collect(),
        temperature: curve.iter().map(|k| points[*k].1).collect(),
        curve,
        bias: points.iter().flat_map(|p| p.2.iter().copied()).collect::<Vec<_>>().into(),
        quantities: [(Quantity::Id, vec![1e-6; n].into())].into(),
        flags: vec![Flags::default(); n],
        floor: 1e-13,
    }
}
