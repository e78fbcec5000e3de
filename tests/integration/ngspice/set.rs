//! The circuit set of `gummel check --exports` on models that were fitted to the bundled data.

use super::models::fitted;
use super::simulator::simulator;
use gummel_export::{Tools, VerifyOptions};
use gummel_qa::{Plan, Verdict, check_exports, export_checks};

#[test]
fn fitted_models_pass_the_circuit_set_and_have_the_noise_of_their_conductance() {
    let Some(simulator) = simulator() else { return };
    let tools = Tools { ngspice: simulator.program().into(), ..Tools::default() };
    let options = VerifyOptions { tools, ..VerifyOptions::default() };
    let names: Vec<String> =
        export_checks().filter(|n| !n.starts_with("round-trip")).map(str::to_owned).collect();
    let plan = Plan { checks: names.clone(), ..Plan::default() };
    for (model, other) in [(&fitted().n, &fitted().p), (&fitted().p, &fitted().n)] {
        let reports = check_exports(model, Some(other), &plan, &options).unwrap();
        assert_eq!(reports.len(), names.len());
        for report in reports {
            println!(
                "{} {}: {:?}, {}",
                model.manifest.title(),
                report.name,
                report.worst.number,
                report.worst.remark
            );
            assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
            // Where ten noise floors are no weak inversion any more, there is no shot noise to look at.
            let measured = report.cases.iter().filter(|c| c.number.is_some()).count();
            assert_eq!(report.passed, measured, "{report:#?}");
            assert!(measured == report.cases.len() || report.name == "noise-shot", "{report:#?}");
            assert_eq!(report.cases.len(), model.spec.devices.len(), "{}", report.name);
        }
    }
}
