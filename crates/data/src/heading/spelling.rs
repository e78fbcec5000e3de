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
    ("w", &["w", "width", "gatewidth", "channelwidth", "wdrawn", "weff"]),
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
