//! How a netlist chooses a device of the model: by name, or by width and length, at a corner and temperature; before that,
//! where a device type has several models, one of them by its family.
//!
//! 1. `device="W10u_L0.13u"` takes that device's own heads; `w`, `l` of the instance then move it in the population.
//! 2. Without `device`, `w` and `l` take the fitted device of that geometry, else the population's mean there.
//! 3. With neither, a model of one device is that device.
//!
//! `corner=ff` (or `speed` and `skew`) moves a model that knows the corner plane, else chooses among devices
//! that were fitted at that corner (`W10u_L0.13u_ff`).

use gummel_kernel::spec::FEATURES;
use gummel_kernel::{Covariate, DeviceHeads, Member, Place, Spec};

/// What a netlist asks for; absent fields were not given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Device name.
    pub device: Option<&'a str>,
    /// Corner name.
    pub corner: Option<&'a str>,
    /// Coordinates in the corner plane, instead of a name.
    pub speed: Option<f64>,
    /// See `speed`.
    pub skew: Option<f64>,
    /// Width, m.
    pub w: Option<f64>,
    /// Length, m.
    pub l: Option<f64>,
    /// Temperature, K.
    pub temperature: f64,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Device or population.
    pub member: Member,
    /// Where it stands.
    pub place: Place,
    /// Devices in parallel that the fitted currents already count.
    pub counted: f64,
    /// Fitted range of the mirrored vgs, vds, vbs, V.
    pub range: [[f64; 2]; FEATURES],
    /// A remark for the simulator's log.
    pub warning: Option<String>,
}

/// Names and positions (speed, skew) of the corners.
pub const CORNERS: [(&str, [f64; 2]); 5] =
    [("tt", [0.0, 0.0]), ("ff", [1.0, 0.0]), ("ss", [-1.0, 0.0]), ("sf", [0.0, -1.0]), ("fs", [0.0, 1.0])];

/// Relative difference up to which two drawn lengths are the same.
const SAME: f64 = 1e-3;

/// How far a temperature may lie outside the fitted ones and still count as one of them, K.
const TEMPERATURE_SLACK: f64 = 1.0;

/// Below this a temperature in K is more likely one in degrees Celsius that nobody converted.
const LIKELY_CELSIUS: f64 = 200.0;

/// 0 degrees Celsius, K; a simulator's library links the kernel alone, so that it has the number of its own.
const ZERO_CELSIUS: f64 = 273.15;

/// Chooses among the models of a device type, whose families are `families`.
///
/// # Errors
/// One sentence that says which there are.
pub fn family(families: &[&str], asked: Option<&str>) -> Result<usize, String> {
    let there = || families.join(" ");
    match (asked, families) {
        (None, [_]) => Ok(0),
        (None, []) => Err("the library has no such model".to_owned()),
        (None, _) => Err(format!("give family=\"...\"; the device type has {}", there())),
        (Some(name), _) => families
            .iter()
            .position(|f| f.eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("no family '{name}' in the device type; it has {}", there())),
    }
}

/// Chooses a device.
///
/// # Errors
/// One sentence that says what was asked for and what there is.
pub fn choose(spec: &Spec, request: &Request<'_>) -> Result<Choice, String> {
    let corner = corner(request)?;
    let candidates = candidates(spec, request)?;
    let Some(candidates) = candidates else {
        return population(spec, request, corner);
    };
    let distance = |d: &usize| {
        let (p, c) = (&spec.devices[*d].place, corner.unwrap_or_default());
        (p.speed - c[0]).hypot(p.skew - c[1])
    };
    let index = candidates.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let index = index.ok_or("the model holds no device")?;
    let heads = &spec.devices[index];
    let mut place = heads.place;
    if let Some(c) = corner {
        if depends_on(spec, &[Covariate::Speed, Covariate::Skew]) {
            [place.speed, place.skew] = c;
        } else if distance(&index) > 1e-9 {
            return Err(format!(
                "corner {} is not in the model for device '{}', which was fitted at {}",
                corner_text(c),
                heads.name,
                corner_text([place.speed, place.skew])
            ));
        }
    }
    let mut counted = 1.0;
    if request.device.is_some() {
        if let Some(w) = request.w {
            place.w = within(spec, "w", w, |p| p.w)?;
        }
        if let Some(l) = request.l {
            place.l = within(spec, "l", l, |p| p.l)?;
        }
    } else {
        counted = place.mult;
    }
    let warning = set_temperature(spec, &mut place, request.temperature);
    Ok(Choice { member: Member::Device(index), place, counted, range: heads.range, warning })
}

/// Devices that match, `None` when the population has to answer.
fn candidates(spec: &Spec, request: &Request<'_>) -> Result<Option<Vec<usize>>, String> {
    let matching = |keep: &dyn Fn(&DeviceHeads) -> bool| -> Vec<usize> {
        (0..spec.devices.len()).filter(|d| keep(&spec.devices[*d])).collect()
    };
    if let Some(name) = request.device {
        let exact = matching(&|d| d.name.eq_ignore_ascii_case(name));
        if !exact.is_empty() {
            return Ok(Some(exact));
        }
        let of_corners = matching(&|d| without_corner(&d.name).eq_ignore_ascii_case(name));
        if of_corners.is_empty() {
            return Err(format!("no device '{name}' in the model; it holds {}", names(spec)));
        }
        return Ok(Some(of_corners));
    }
    if request.w.is_none() && request.l.is_none() {
        let mut bases: Vec<&str> = spec.devices.iter().map(|d| without_corner(&d.name)).collect();
        bases.dedup();
        if bases.len() == 1 {
            return Ok(Some(matching(&|_| true)));
        }
        return Err(format!("give device=\"...\", or w and l; the model holds {}", names(spec)));
    }
    let same = |asked: Option<f64>, own: f64| asked.is_none_or(|a| (a / own - 1.0).abs() < SAME);
    let found = matching(&|d| same(request.w, d.place.w) && same(request.l, d.place.l));
    if !found.is_empty() {
        return Ok(Some(found));
    }
    if spec.branches.iter().all(|b| !b.population.is_empty()) {
        return Ok(None);
    }
    Err(format!(
        "no device with w={} l={} in the model, whose heads are independent; it holds {}",
        request.w.map_or("any".into(), |w| micrometres(w) + "u"),
        request.l.map_or("any".into(), |l| micrometres(l) + "u"),
        names(spec)
    ))
}

fn population(spec: &Spec, request: &Request<'_>, corner: Option<[f64; 2]>) -> Result<Choice, String> {
    let (Some(w), Some(l)) = (request.w, request.l) else {
        return Err(format!("give both w and l; the model holds {}", names(spec)));
    };
    let [speed, skew] = corner.unwrap_or_default();
    let mut place = Place {
        w: within(spec, "w", w, |p| p.w)?,
        l: within(spec, "l", l, |p| p.l)?,
        mult: 1.0,
        temperature: request.temperature,
        speed,
        skew,
    };
    let warning = set_temperature(spec, &mut place, request.temperature);
    let mut range = [[f64::INFINITY, f64::NEG_INFINITY]; FEATURES];
    for device in &spec.devices {
        for (all, own) in range.iter_mut().zip(device.range) {
            *all = [all[0].min(own[0]), all[1].max(own[1])];
        }
    }
    Ok(Choice { member: Member::Population, place, counted: 1.0, range, warning })
}

fn corner(request: &Request<'_>) -> Result<Option<[f64; 2]>, String> {
    if request.speed.is_some() || request.skew.is_some() {
        return Ok(Some([request.speed.unwrap_or(0.0), request.skew.unwrap_or(0.0)]));
    }
    let Some(name) = request.corner else { return Ok(None) };
    match CORNERS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        Some((_, position)) => Ok(Some(*position)),
        None => Err(format!("unknown corner '{name}'; expected tt, ff, ss, sf or fs")),
    }
}

fn corner_text(c: [f64; 2]) -> String {
    CORNERS
        .iter()
        .find(|(_, p)| *p == c)
        .map_or_else(|| format!("speed={} skew={}", c[0], c[1]), |(n, _)| (*n).to_owned())
}

fn without_corner(name: &str) -> &str {
    CORNERS.iter().find_map(|(c, _)| name.strip_suffix(c)?.strip_suffix('_')).unwrap_or(name)
}

/// Whether any of `covariates` enters the model.
fn depends_on(spec: &Spec, covariates: &[Covariate]) -> bool {
    spec.branches.iter().any(|b| covariates.iter().any(|c| b.depends_on(*c)))
}

/// `value` when it lies in the family's range of drawn sizes.
fn within(spec: &Spec, what: &str, value: f64, of: impl Fn(&Place) -> f64) -> Result<f64, String> {
    let sizes = || spec.devices.iter().map(|d| of(&d.place));
    let (low, high) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
    if value >= low * (1.0 - SAME) && value <= high * (1.0 + SAME) {
        Ok(value)
    } else {
        let [value, low, high] = [value, low, high].map(micrometres);
        Err(format!("{what}={value}u is outside the fitted range {low}u to {high}u"))
    }
}

/// A length in m as micrometres with up to six digits after the point.
fn micrometres(metres: f64) -> String {
    let text = format!("{:.6}", metres * 1e6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Moves the place to `temperature`, or says why that has no effect.
fn set_temperature(spec: &Spec, place: &mut Place, temperature: f64) -> Option<String> {
    if depends_on(spec, &[Covariate::Tau]) {
        place.temperature = temperature;
        return None;
    }
    ((temperature - place.temperature).abs() > 1.0).then(|| {
        format!(
            "the model was fitted at {:.2} K only; the simulation's {temperature:.2} K has no effect",
            place.temperature
        )
    })
}

/// What to say of a `temperature` outside the range `fitted`, both in K.
pub fn beyond(temperature: f64, fitted: [f64; 2]) -> Option<String> {
    let [low, high] = fitted;
    if temperature >= low - TEMPERATURE_SLACK && temperature <= high + TEMPERATURE_SLACK {
        return None;
    }
    let mut message =
        format!("{temperature:.2} K is outside the temperatures of the fit, {low:.2} to {high:.2} K");
    if temperature < LIKELY_CELSIUS {
        message += &format!(
            "; temp= on an instance is in kelvin in this simulator: for {temperature} degrees Celsius write temp={}",
            temperature + ZERO_CELSIUS
        );
    }
    Some(message)
}

/// Names of the devices for a message, those that differ only in their corner once.
fn names(spec: &Spec) -> String {
    let mut names: Vec<&str> = Vec::new();
    for device in &spec.devices {
        let name = without_corner(&device.name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_kernel::Sample;

    const ROOM: f64 = 300.15;

    fn ask<'a>() -> Request<'a> {
        Request { temperature: ROOM, ..Request::default() }
    }

    #[test]
    fn a_device_is_found_by_name_in_any_case_and_by_geometry() {
        let spec = Sample::default().spec();
        let by_name = choose(&spec, &Request { device: Some("w2U_l0.5U"), ..ask() }).expect("it is there");
        assert_eq!(by_name.member, Member::Device(1));
        let by_size = choose(&spec, &Request { w: Some(2e-6), l: Some(0.5e-6), ..ask() });
        assert_eq!(by_size.expect("it is there").member, Member::Device(1));
    }

    #[test]
    fn refusals_say_what_there_is() {
        let (free, scalable) =
            (Sample::default().spec(), Sample { population: true, ..Sample::default() }.spec());
        for (spec, request, expected) in [
            (
                &free,
                Request { device: Some("W9u_L9u"), ..ask() },
                "no device 'W9u_L9u' in the model; it holds W10u",
            ),
            (&free, ask(), "give device=\"...\", or w and l"),
            (&free, Request { w: Some(3e-6), l: Some(1e-6), ..ask() }, "heads are independent"),
            (
                &free,
                Request { device: Some("W10u_L0.13u"), corner: Some("xx"), ..ask() },
                "unknown corner 'xx'",
            ),
            (
                &free,
                Request { device: Some("W10u_L0.13u"), corner: Some("ff"), ..ask() },
                "corner ff is not in",
            ),
            (
                &scalable,
                Request { w: Some(50e-6), l: Some(0.3e-6), ..ask() },
                "w=50u is outside the fitted range 1u to 10u",
            ),
            (&scalable, Request { w: Some(5e-6), ..ask() }, "give both w and l"),
        ] {
            let message = choose(spec, &request).expect_err("it is refused");
            assert!(message.contains(expected), "expected '{expected}' in '{message}'");
        }
    }

    #[test]
    fn a_family_is_asked_for_where_there_are_several() {
        assert_eq!(family(&["nmos"], None), Ok(0));
        assert_eq!(family(&["nmos"], Some("NMOS")), Ok(0));
        assert_eq!(family(&["nmos", "pmos"], Some("pmos")), Ok(1));
        assert!(family(&["nmos", "pmos"], None).is_err_and(|e| e.ends_with("has nmos pmos")));
        assert!(family(&["nmos"], Some("pmos")).is_err_and(|e| e.contains("no family 'pmos'")));
    }

    #[test]
    fn a_population_answers_for_unseen_geometries_corners_and_temperatures() {
        let spec = Sample { population: true, ..Sample::default() }.spec();
        let request =
            Request { w: Some(5e-6), l: Some(0.3e-6), corner: Some("SS"), temperature: 398.0, ..ask() };
        let choice = choose(&spec, &request).expect("inside the range");
        assert_eq!(
            (choice.member, choice.place.speed, choice.place.temperature),
            (Member::Population, -1.0, 398.0)
        );
        let warning = choose(
            &Sample::default().spec(),
            &Request { device: Some("W10u_L0.13u"), temperature: 398.0, ..ask() },
        );
        assert!(warning.expect("it is there").warning.is_some_and(|w| w.contains("has no effect")));
    }

    #[test]
    fn a_temperature_outside_the_fit_is_told_and_one_in_celsius_recognised() {
        let fitted = [233.15, 398.15];
        assert_eq!(beyond(300.15, fitted), None);
        assert_eq!(beyond(398.9, fitted), None);
        let hot = beyond(573.15, fitted).expect("outside");
        assert!(hot.contains("573.15 K is outside") && !hot.contains("kelvin"), "{hot}");
        let unconverted = beyond(125.0, fitted).expect("outside");
        assert!(unconverted.contains("is in kelvin") && unconverted.contains("temp=398.15"), "{unconverted}");
    }

    #[test]
    fn a_message_names_every_device_once() {
        let mut spec = Sample { devices: 2, ..Sample::default() }.spec();
        let base = spec.devices.clone();
        for k in 0..20 {
            for corner in ["tt", "ff"] {
                spec.devices.push(DeviceHeads { name: format!("n{k}_{corner}"), ..base[0].clone() });
            }
        }
        let text = names(&spec);
        assert!(text.ends_with(" n19") && text.matches("n7").count() == 1, "{text}");
    }

    #[test]
    fn devices_fitted_per_corner_are_chosen_by_corner() {
        let mut spec = Sample { devices: 2, ..Sample::default() }.spec();
        for (device, name, speed) in [(0, "n_tt", 0.0), (1, "n_ff", 1.0)] {
            spec.devices[device].name = name.into();
            spec.devices[device].place.speed = speed;
        }
        for (corner, member) in [(None, 0), (Some("tt"), 0), (Some("ff"), 1)] {
            let choice = choose(&spec, &Request { device: Some("n"), corner, ..ask() }).expect("it is there");
            assert_eq!(choice.member, Member::Device(member));
        }
    }
}
