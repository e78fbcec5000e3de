//! Models that the tests export, and biases inside and far outside their range.

use std::path::PathBuf;

use gummel_device::{Geometry, Polarity};
use gummel_export::osdi::{self, Abi, Options};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest, Model};
use tempfile::TempDir;

use crate::host::Library;

/// A made-up family as a model.
pub(crate) fn model(sample: &Sample, family: &str) -> Model {
    let spec = sample.spec();
    let polarity = if sample.sign > 0.0 { Polarity::N } else { Polarity::P };
    let mut manifest = Manifest::new("demo", family, polarity);
    let entry = |d: &gummel_kernel::DeviceHeads| {
        DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12)
    };
    manifest.devices = spec.devices.iter().map(entry).collect();
    Model::new(spec, manifest).unwrap()
}

/// An exported library with the models in it: `demo_n` without charges, `demo_p` with them, `demo_pop` a population.
pub(crate) struct Exported {
    pub(crate) models: [Model; 3],
    pub(crate) library: Library,
    _folder: TempDir,
}

impl Exported {
    pub(crate) fn new(abi: Abi) -> Self {
        Self::with(Options { abi, ..Options::default() })
    }

    /// All three as one device type `demo`.
    pub(crate) fn as_one_type(abi: Abi) -> Self {
        Self::with(Options { abi, names: vec!["demo".into()], ..Options::default() })
    }

    fn with(options: Options) -> Self {
        let models = [
            model(&Sample::default(), "n"),
            model(&Sample { sign: -1.0, charges: true, ..Sample::default() }, "p"),
            model(&Sample { population: true, charges: true, ..Sample::default() }, "pop"),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("demo.osdi");
        osdi::write(&models.each_ref(), &path, &options).unwrap();
        Exported { models, library: Library::load(&path), _folder: folder }
    }

    pub(crate) fn both() -> [Self; 2] {
        [Exported::new(Abi::V0_3), Exported::new(Abi::V0_4)]
    }
}

/// Deterministic numbers in (0, 1).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Terminal voltages within `reach` of ground on either side, V.
    pub(crate) fn bias(&mut self, reach: f64) -> [f64; 4] {
        std::array::from_fn(|_| reach * (2.0 * self.next() - 1.0))
    }
}
