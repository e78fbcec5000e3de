//! The n- and p-channel models that all these tests share, fitted once to the bundled data, and their library.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gummel_data::{Dataset, ReadOptions, Reading, Selection, read};
use gummel_device::Corner;
use gummel_export::osdi::{self, Abi, Options};
use gummel_model::Model;
use gummel_surrogate::config::NetworkConfig;
use gummel_surrogate::{ChargeConfig, FitConfig, LmConfig, Solver, charges, fit};

/// Both polarities and the library that holds them.
pub(super) struct Fitted {
    pub(super) n: Model,
    pub(super) p: Model,
    /// The library.
    pub(super) library: PathBuf,
    /// The same models behind the newer interface.
    pub(super) newer: PathBuf,
}

/// The models of the typical corner at 27 C: currents from the noisy set with its fine grid, as a laboratory would
/// measure them, charges from the set with operating points.
pub(super) fn fitted() -> &'static Fitted {
    static FITTED: OnceLock<Fitted> = OnceLock::new();
    FITTED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let [measured, simulated] = ["demo130-noisy", "demo130"].map(|set| {
            let file = gummel_catalogue::bundled(set).unwrap().unpack(folder.path()).unwrap();
            read(&[file], &ReadOptions::default(), &|_| ()).unwrap()
        });
        let select = |reading: &Reading, family: &str| {
            let selection = Selection { corner: vec![Corner::Tt], ..Selection::of(family, 27.0) };
            Dataset::assemble(&reading.table, &reading.files, &selection).unwrap()
        };
        let network = NetworkConfig { hidden: vec![16, 16], ..NetworkConfig::default() };
        let solver = Solver::Lm(LmConfig { max_steps: 150, tolerance: 1e-4, ..LmConfig::default() });
        let recipe = FitConfig { network, solver, ..FitConfig::default() };
        let [n, p] = ["*/nmos", "*/pmos"].map(|family| {
            let mut model = fit(&select(&measured, family), &recipe, &mut ()).unwrap().model;
            let charged = select(&simulated, family);
            assert!(
                !charges::add(&mut model, &charged, &ChargeConfig::default(), 0, &mut ()).unwrap().is_empty()
            );
            for e in charges::charge_errors(&model, &charged).unwrap() {
                let [median, worst] = [e.error.median, e.error.worst].map(|v| 100.0 * v);
                println!("{family} {}: {median:.2} %, worst device {worst:.2} %", e.quantity.column());
            }
            model
        });
        // Statics are never dropped: the libraries lie where cargo keeps what tests leave, and replace the last ones.
        let write = |name: &str, abi: Abi| {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            osdi::write(&[&n, &p], &path, &Options { abi, ..Options::default() }).unwrap();
            path
        };
        let (library, newer) =
            (write("ngspice-demo130.osdi", Abi::V0_3), write("ngspice-demo130-0.4.osdi", Abi::V0_4));
        Fitted { n, p, library, newer }
    })
}
