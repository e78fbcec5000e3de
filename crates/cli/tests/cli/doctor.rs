//! `gummel doctor` as a user runs it: what it prints, its exit codes, its JSON.

use crate::lab::Lab;

/// A made-up transistor with a resistor to a supply (V); `gate` joins its gate `g` and the input `in` (V).
fn amplifier([supply, input]: [f64; 2], gate: &str) -> String {
    format!(
        "an amplifier\nvdd vdd 0 {supply}\nvin in 0 {input}\nrl vdd out 5k\n{gate}\n.model nch made_up_nmos device=\"W10u_L0.13u\"\n\
         N1 out g 0 0 nch\n.control\npre_osdi made.osdi\nop\n.endc\n.end\n"
    )
}

#[test]
fn a_healthy_circuit_ends_with_zero_and_a_suspicious_one_with_four() {
    let Some(ngspice) = std::env::var_os("GUMMEL_NGSPICE") else {
        eprintln!("SKIPPED: the doctor runs ngspice; GUMMEL_NGSPICE is not set");
        return;
    };
    let lab = Lab::new().with_made_up();
    lab.gummel("export nmos --to osdi --out made.osdi").code(0);
    let doctor = |name: &str, rest: &str| {
        lab.gummel(&format!("doctor {name} --simulator {} {rest}", ngspice.to_string_lossy()))
    };
    lab.write("good.cir", &amplifier([1.2, 0.6], "rg in g 1k"));
    let healthy = doctor("good.cir", "").code(0).out();
    assert!(
        healthy.contains("1 analysis, 1 exported transistor") && healthy.contains("nothing suspicious"),
        "{healthy}"
    );

    lab.write("bad.cir", &amplifier([1.2, 0.6], "cg in g 1p"));
    let floating = doctor("bad.cir", "").code(4).out();
    for part in ["1. floating node: node g", "where  cg and 1 more", "do     connect the node", "1 suspicion"]
    {
        assert!(floating.contains(part), "{part}: {floating}");
    }
    let json = doctor("bad.cir", "--json").code(4).json();
    assert_eq!((&json["transistors"], &json["findings"][0]["cause"]), (&1.into(), &"floating_node".into()));

    lab.write("high.cir", &amplifier([5.0, 0.0], "rg in g 1k"));
    let beyond = doctor("high.cir", "").code(4).out();
    assert!(
        beyond.contains("bias out of range: nch") && beyond.contains("do     keep vds within the range"),
        "{beyond}"
    );
    // Limits are read before anything runs, and what is no netlist is an error.
    lab.write("typo.toml", "knik = 1\n");
    assert!(doctor("good.cir", "--limits typo.toml").code(1).err().contains("unknown field `knik`"));
    assert!(doctor("none.cir", "").code(1).err().contains("cannot read none.cir"));
    let nowhere = lab.gummel("doctor good.cir --simulator /no/such/ngspice").code(1).err();
    assert!(nowhere.contains("cannot start /no/such/ngspice"), "{nowhere}");
}
