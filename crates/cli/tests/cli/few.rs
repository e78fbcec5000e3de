//! `gummel adapt`, `plan`, `certify` and intervals: a device that the fit has not seen.

use crate::lab::Lab;

/// A laboratory with a model in `run`, and a device in `new` that it has not seen.
fn with_model() -> Lab {
    let lab = Lab::new();
    lab.gummel("fit data --config quick.toml --no-plots --out run").code(0);
    lab.measure_into("new", "nmos", 3.0, 0.5, 1.0);
    lab
}

#[test]
fn a_new_device_joins_the_model_and_is_predicted_with_intervals() {
    let lab = with_model();
    let ran = lab.gummel("adapt run new --points 20 --json --out grown").code(0).json();
    let device = &ran["devices"][0];
    assert_eq!((device["device"].as_str(), device["used"].as_u64()), (Some("W3u_L0.5u"), Some(20)));
    assert!(device["errors"]["rel_rms"].as_f64().expect("error") < 0.2, "{device}");
    assert_eq!(lab.list("grown"), ["manifest.toml", "population.safetensors", "weights.safetensors"]);
    lab.gummel("adapt run new --plot few.svg --out again").code(0);
    assert!(lab.read("few.svg").contains("readings used"));
    let csv = lab
        .gummel("predict grown --device W3u_L0.5u --grid vgs=0.8,vds=0.6/9 --quantities id --interval 0.9");
    let csv = csv.code(0).out();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("device,temperature,vgs,vds,vbs,id,id_low,id_high,deviation,in_range"));
    let near: Vec<&str> = lines.next().expect("a row").split(',').collect();
    let number = |k: usize| near[k].parse::<f64>().expect("a number");
    assert!(number(6) < number(5) && number(5) < number(7), "{near:?}");
    assert_eq!(number(9), 1.0);
    assert!(lines.next().expect("a row").ends_with(",0"), "nobody measured at 9 V");
    let twice = lab.gummel("adapt grown new --out again").code(0);
    assert!(twice.out().contains("replaced"), "{}", twice.out());
    assert_eq!(lab.gummel("adapt run new --w 2u").code(2).out(), "", "a width needs a length");
}

#[test]
fn a_plan_is_a_list_of_biases_that_predict_takes() {
    let lab = with_model();
    let ran = lab.gummel("plan run --w 3u --l 0.5u -k 6 --out points.csv").code(0);
    assert!(ran.out().contains("uncertain %"), "{}", ran.out());
    assert_eq!(lab.read("points.csv").lines().count(), 7);
    lab.gummel("predict run --device W1u_L1u --table points.csv").code(0);
    let next =
        lab.gummel("plan run --given new -k 2 --grid vgs=0.2:1.2:0.1,vds=0.1/1.2 --json").code(0).json();
    let points = next["points"].as_array().expect("points");
    assert_eq!(points.len(), 2);
    assert!(points.iter().all(|p| [0.1, 1.2].contains(&p["vd"].as_f64().expect("vd"))));
    assert!(lab.gummel("plan run -k 2").code(1).err().contains("--w and --l"));
}

#[test]
fn a_certificate_is_stored_in_the_model() {
    let lab = with_model();
    let ran = lab.gummel("certify run --boxes 20000 --beyond 0").code(0);
    assert!(ran.out().contains("proved for") && ran.out().contains("stored in run/model"), "{}", ran.out());
    let manifest = lab.read("run/model/manifest.toml");
    assert!(manifest.contains("[model.certificate]") && manifest.contains("beyond = 0"), "{manifest}");
    lab.gummel("predict run --device W1u_L1u --grid vgs=1,vds=1").code(0);
}
