//! What names of columns mean, as laboratories and instruments spell them.

use gummel_device::Quantity;

/// Lower case, everything but letters and digits removed.
fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// Spellings of columns, squeezed; voltages between terminals are taken against a grounded source.
const SPELLINGS: [(&str, &[&str]); 30] = [
    (
        "vg",
        &[
            "vg",
            "vgs",
            "vgate",
            "gatevoltage",
            "gatebias",
            "vgatesource",
            "gatesourcevoltage",
            "vgg",
            "gatev",
            "gatespannung",
            "ugs",
            "ug",
        ],
    ),
    (
        "vd",
        &[
            "vd",
            "vds",
            "vdrain",
            "drainvoltage",
            "drainbias",
            "vdrainsource",
            "drainsourcevoltage",
            "vdd",
            "drainv",
            "drainspannung",
            "uds",
            "ud",
        ],
    ),
    ("vs", &["vs", "vsource", "sourcevoltage", "sourcev"]),
    (
        "vb",
        &[
            "vb",
            "vbs",
            "vbulk",
            "vbody",
            "vsub",
            "bulkvoltage",
            "bodyvoltage",
            "substratevoltage",
            "vwell",
            "bulkv",
            "bulkspannung",
            "substratspannung",
            "bodyv",
            "substratev",
            "ubs",
            "ub",
        ],
    ),
    ("id", &["id", "ids", "idrain", "draincurrent", "drainstrom", "ich", "draini"]),
    ("ig", &["ig", "igs", "igate", "gatecurrent", "gatestrom", "gateleakage", "gatei"]),
    ("is", &["is", "isource", "sourcecurrent", "sourcestrom", "sourcei"]),
    (
        "ib",
        &[
            "ib",
            "ibulk",
            "ibody",
            "isub",
            "bulkcurrent",
            "bodycurrent",
            "substratecurrent",
            "basecurrent",
            "bulki",
            "bodyi",
            "substratei",
        ],
    ),
    ("gm", &["gm", "transconductance"]),
    ("gds", &["gds", "gd", "outputconductance"]),
    ("gmb", &["gmb", "gmbs", "bodytransconductance"]),
    ("ic", &["ic", "icollector", "collectorcurrent"]),
    ("ie", &["ie", "iemitter", "emittercurrent"]),
    ("vc", &["vc", "vcollector", "collectorvoltage"]),
    ("ve", &["ve", "vemitter", "emittervoltage"]),
    ("vbe", &["vbe", "baseemittervoltage"]),
    ("vce", &["vce", "collectoremittervoltage"]),
    ("freq", &["freq", "frequency", "f"]),
    ("w", &["w", "width", "gatewidth", "wg", "channelwidth", "wdrawn", "weff"]),
    ("l", &["l", "length", "gatelength", "channellength", "ldrawn", "lg"]),
    ("nf", &["nf", "fingers", "nfingers", "numberoffingers"]),
    ("mult", &["mult", "m", "multiplicity", "multiplier"]),
    ("temperature", &["temperature", "temp", "tmeas", "chucktemperature", "t"]),
    ("device", &["device", "deviceid", "devicename", "dut", "dutname", "deviceundertest", "instance"]),
    ("site", &["site", "siteid", "subsite", "xy", "coordinate", "location"]),
    ("die", &["die", "dieid", "chip"]),
    ("technology", &["technology", "process", "techno"]),
    ("family", &["family", "devicetype", "model", "modelname"]),
    ("polarity", &["polarity", "type", "channeltype"]),
    ("corner", &["corner", "processcorner"]),
];

/// Column and sign of a name; `None` for a name without meaning.
pub(super) fn canonical(name: &str) -> Option<(&'static str, f64)> {
    let name = name.trim();
    let lower = name.to_ascii_lowercase();
    let squeezed = squeezed(lower.strip_prefix("op_").unwrap_or(&lower));
    if let Some((column, _)) = SPELLINGS.iter().find(|(_, s)| s.contains(&squeezed.as_str())) {
        return Some((column, 1.0));
    }
    if let Some(named) = of_simulator(&lower) {
        return Some(named);
    }
    match squeezed.as_str() {
        "sweep" | "sweepname" => return Some(("sweep", 1.0)),
        "origin" => return Some(("origin", 1.0)),
        // Reversed terminal pairs of p-channel data.
        "vsg" => return Some(("vg", -1.0)),
        "vsd" => return Some(("vd", -1.0)),
        "vsb" => return Some(("vb", -1.0)),
        "isd" => return Some(("id", -1.0)),
        _ => {}
    }
    Quantity::ALL.iter().find(|q| q.column() == squeezed).map(|q| (q.column(), 1.0))
}

/// Currents as circuit simulators name them: `i(vdrain)` and `vd#branch` flow through a source from its plus to its minus node,
/// `Id(M1)` and `Ix(x1:D)` into a terminal.
fn of_simulator(lower: &str) -> Option<(&'static str, f64)> {
    let inside = |prefix: &str| lower.strip_prefix(prefix)?.strip_suffix(')');
    let current =
        |terminal: char| ["id", "ig", "is", "ib", "ic", "ie"].into_iter().find(|c| c.ends_with(terminal));
    if let Some(source) = inside("i(").or_else(|| lower.strip_suffix("#branch")) {
        let (voltage, _) = source.starts_with('v').then(|| canonical(source)).flatten()?;
        return Some((current(voltage.chars().nth(1)?)?, -1.0));
    }
    if let Some((_, terminal)) = inside("ix(").and_then(|x| x.rsplit_once(':')) {
        return terminal.chars().next().filter(|_| terminal.len() == 1).and_then(current).map(|c| (c, 1.0));
    }
    let (name, device) = lower.strip_suffix(')')?.split_once('(')?;
    let named = ["id", "ig", "is", "ib"].into_iter().find(|c| *c == name)?;
    let transistor = device.starts_with(['m', 'x']) && device.contains(|c: char| c.is_ascii_digit());
    transistor.then_some((named, 1.0))
}
