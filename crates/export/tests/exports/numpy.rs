//! What a caller of the NumPy export sees: names or numbers, arrays of any shape, places, messages.

use std::process::Command;

use gummel_export::{Selection, numpy};

use crate::models::two_neurons;
use crate::tools::tools;

/// Runs in the folder of the export; a failed `assert` ends it with a status other than zero.
const CALLER: &str = r#"
import numpy as np
import demo
first, second = demo.DEVICES
assert (first, second) == ("W1u_L0.13u", "W10u_L1u")

one = demo.evaluate(first, 1.0, 0.6)
assert list(one) == ["id", "gm", "gds", "gmb"] and np.shape(one["id"]) == () and one["id"] > 0

vgs = np.linspace(0, 1.2, 5)[:, None, None]
vds = np.linspace(-1.2, 1.2, 4)[:, None]
grid = demo.evaluate([first, second], vgs, vds)
assert grid["gm"].shape == (5, 4, 2)
assert np.array_equal(grid["id"], demo.evaluate(np.array([0, 1]), vgs, vds, 0.0)["id"])
assert grid["id"][2, 3, 1] == demo.evaluate(1, vgs[2, 0, 0], vds[3, 0])["id"]

# Twice as wide conducts twice as much; the temperature is no longer the device's own.
wide = demo.evaluate(first, 1.0, 0.6, w=[1e-6, 2e-6])["id"]
assert wide[0] == one["id"] and abs(wide[1] / wide[0] - 2) < 1e-12
hot = demo.evaluate(first, 1.0, 0.6, temperature=398.15)["id"]
assert hot != one["id"]

# Derivatives are those of the current; absurd voltages give no warning and no NaN.
h = 1e-6
slope = (demo.evaluate(first, 1.0 + h, 0.6)["id"] - demo.evaluate(first, 1.0 - h, 0.6)["id"]) / (2 * h)
assert abs(slope / one["gm"] - 1) < 1e-6
with np.errstate(all="raise"):
    assert np.isfinite(demo.evaluate(first, 1e6, -1e6)["id"])

for wrong, error, said in [("W3u", KeyError, "no device 'W3u'"), (2, IndexError, "from 0 to 1"), (-1, IndexError, "found -1")]:
    try:
        demo.evaluate(wrong, 1.0, 0.6)
    except error as e:
        assert said in str(e), e
    else:
        raise AssertionError(wrong)
"#;

#[test]
fn arrays_of_any_shape_give_the_same_numbers_as_single_biases() {
    let folder = tempfile::tempdir().unwrap();
    let text = numpy::text(&two_neurons(), &Selection::default()).unwrap();
    std::fs::write(folder.path().join("demo.py"), text).unwrap();
    let python = &tools().python;
    let output = Command::new(python).current_dir(folder.path()).args(["-c", CALLER]).output();
    let errors = match &output {
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(e) => format!("cannot run python: {e}"),
    };
    if errors.contains("No module named 'numpy'") || output.is_err() {
        eprintln!("SKIPPED: python with numpy is needed: {errors}");
        return;
    }
    assert!(output.unwrap().status.success(), "{errors}");
}
