//! What ngspice's own log says of a netlist that asks for what the library does not have.

use super::models::fitted;
use super::simulator::simulator;
use gummel_qa::Ngspice;

/// The log of an operating point with this model line and instance parameters.
fn log(simulator: &Ngspice, model: &str, instance: &str) -> String {
    let deck = format!(
        "* refusals\nvd d 0 1\nn1 d d 0 0 nch {instance}\n.model nch demo130_nmos {model}\n.control\n\
         pre_osdi {}\nop\nprint i(vd)\n.endc\n.end\n",
        fitted().library.display()
    );
    simulator.run(&deck).unwrap().log
}

#[test]
fn refusals_say_what_was_asked_and_what_there_is() {
    let Some(simulator) = simulator() else { return };
    for (model, instance, expected) in [
        ("device=\"W9u_L9u\"", "", "no device 'w9u_l9u' in the model; it holds W"),
        ("device=\"W1u_L0.13u\" corner=\"ff\"", "", "corner ff is not in the model for device"),
        ("device=\"W1u_L0.13u\" corner=\"xx\"", "", "expected tt, ff, ss, sf or fs"),
        ("", "w=5m l=0.13u", "w=5000u is outside the fitted range 0.2u to 10u"),
        ("device=\"W1u_L0.13u\"", "colour=3", "unknown parameter (colour)"),
    ] {
        let log = log(simulator, model, instance);
        assert!(log.contains(expected), "'{model}' '{instance}': expected '{expected}' in\n{log}");
        assert!(!log.contains("i(vd) = "), "'{model}' '{instance}' was simulated:\n{log}");
    }
    // An unknown parameter of a model line is the simulator's own affair: it warns and goes on.
    let warned = log(simulator, "device=\"W1u_L0.13u\" colour=3", "");
    assert!(
        warned.contains("unrecognized parameter (colour) - ignored") && warned.contains("i(vd) = -"),
        "{warned}"
    );
    let good = log(simulator, "device=\"W1u_L0.13u\"", "m=2");
    assert!(good.contains("i(vd) = -"), "{good}");
}
