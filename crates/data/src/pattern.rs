//! The pattern language that reads device metadata from file names.
//!
//! A pattern is matched, ignoring case, with the end of a file's path, from the start of a folder or file name:
//!
//! | part | matches |
//! |---|---|
//! | `{field}` | the shortest run of characters but `/`, kept as `field` |
//! | `{field:int}` | digits |
//! | `{field:p}` `{field:u}` | a length in micrometres whose decimal point is written `p` (`0p42`) or `u` (`0u15`) |
//! | `{field:um}` `{field:nm}` | a decimal number in micrometres, nanometres |
//! | `{field:K}` `{field:C}` | a temperature in kelvin, degrees Celsius (`m40` and `n40` are -40) |
//! | `{field=a\|b}` | one of the words |
//! | `[...]` | what is inside, or nothing |
//! | `*` | anything but `/` |
//! | `\x` | the character x itself |
//! | anything else | itself |
//!
//! Fields with a meaning: `technology family polarity device site die w l nf mult temperature corner sweep`.
//! `map` turns the words of a field into further fields, `set` adds fields, whose values may quote others
//! (`"{type}_cv"`). The first pattern that matches counts.

use gummel_device::si;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::{DataError, identity};

/// The built-in patterns: IHP SG13G2 and SKY130 measurements, GlobalFoundries 180 nm simulations.
const BUILT_IN: &str = include_str!("../patterns/built-in.toml");

/// One pattern with what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The pattern itself.
    pub path: String,
    /// Fields of every file that matches; `{field}` quotes a captured or mapped field.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Field, then word found there, then the fields that follow.
    #[serde(default)]
    pub map: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

/// An ordered list of patterns, ready to match.
#[derive(Clone, Debug)]
pub struct Patterns {
    compiled: Vec<Compiled>,
}

#[derive(Clone, Debug)]
struct Compiled {
    pattern: Pattern,
    regex: Regex,
    fields: Vec<(String, Unit)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Text,
    Micro,
    Nano,
    Kelvin,
    Celsius,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternFile {
    #[serde(default)]
    pattern: Vec<Pattern>,
}

impl Default for Patterns {
    /// The built-in patterns.
    fn default() -> Self {
        // A test holds that the built-in file parses; an empty list is the harmless alternative.
        Patterns::from_toml("built-in patterns", BUILT_IN).unwrap_or(Patterns { compiled: Vec::new() })
    }
}

impl Patterns {
    /// Compiles a list; the first that matches a path counts.
    ///
    /// # Errors
    /// [`DataError::Pattern`] names the pattern and what is wrong with it.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, DataError> {
        Ok(Patterns { compiled: patterns.into_iter().map(compile).collect::<Result<_, _>>()? })
    }

    /// Reads `[[pattern]]` tables from TOML; `origin` names the text in errors.
    ///
    /// # Errors
    /// [`DataError::Config`] for TOML that cannot be parsed, [`DataError::Pattern`] for a bad pattern.
    pub fn from_toml(origin: &str, text: &str) -> Result<Self, DataError> {
        let file: PatternFile = toml::from_str(text)
            .map_err(|e| DataError::Config { path: origin.to_owned(), reason: e.to_string() })?;
        Patterns::new(file.pattern)
    }

    /// These patterns, then the built-in ones for files that none of these match.
    pub fn before_built_in(mut self) -> Self {
        self.compiled.extend(Patterns::default().compiled);
        self
    }

    /// Fields of the first pattern that matches `path` (`/` separators), lengths in metres and
    /// temperatures in kelvin; `None` when no pattern matches.
    pub fn match_path(&self, path: &str) -> Option<BTreeMap<String, String>> {
        self.compiled.iter().find_map(|c| c.match_path(path))
    }
}

impl Compiled {
    fn match_path(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let captures = self.regex.captures(path)?;
        let mut found = BTreeMap::new();
        for (i, (field, unit)) in self.fields.iter().enumerate() {
            if let Some(text) = captures.get(i + 1) {
                found.insert(field.clone(), unit.to_si(text.as_str()));
            }
        }
        for (field, words) in &self.pattern.map {
            let Some(word) = found.get(field) else { continue };
            let matching = words.iter().find(|(w, _)| w.eq_ignore_ascii_case(word));
            if let Some((_, more)) = matching {
                found.extend(more.clone());
            }
        }
        let quoted: Vec<(String, String)> =
            self.pattern.set.iter().map(|(k, v)| (k.clone(), quote(v, &found))).collect();
        found.extend(quoted);
        Some(found)
    }
}

impl Unit {
    /// Regular expression of the digits of a field.
    fn regex(self, spelling: &str) -> &'static str {
        match (self, spelling) {
            (Unit::Micro, "p") => r"[0-9]+(?:p[0-9]+)?",
            (Unit::Micro, "u") => r"[0-9]+(?:u[0-9]*)?",
            (Unit::Micro | Unit::Nano, _) => r"[0-9]+(?:\.[0-9]+)?",
            (Unit::Kelvin, _) => r"[0-9]+(?:\.[0-9]+)?",
            (Unit::Celsius, _) => r"[-mn]?[0-9]+(?:\.[0-9]+)?",
            (Unit::Text, "int") => r"[0-9]+",
            (Unit::Text, _) => r"[^/]+?",
        }
    }

    /// The field's text in SI units, as a decimal number without rounding.
    fn to_si(self, text: &str) -> String {
        // A bare number of a millimetre or more would be read as micrometres.
        let length = |metres: String| match metres.parse() {
            Ok(wide) if wide >= 1e-3 => identity::written("w", wide),
            _ => metres,
        };
        match self {
            Unit::Text => text.to_owned(),
            Unit::Micro => length(format!("{}e-6", text.replace(['p', 'P', 'u', 'U'], "."))),
            Unit::Nano => length(format!("{text}e-9")),
            Unit::Kelvin => text.to_owned(),
            Unit::Celsius => {
                let number = text.replace(['m', 'n', 'M', 'N'], "-");
                let kelvin = |c: f64| identity::tidy(si::kelvin(c)).to_string();
                number.parse().map_or(number, kelvin)
            }
        }
    }
}

/// `text` with every `{field}` replaced by its value (by nothing when there is none).
fn quote(text: &str, fields: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        let Some((name, behind)) = after.split_once('}') else { return out + "{" + after };
        out += fields.get(name).map_or("", String::as_str);
        rest = behind;
    }
    out + rest
}

fn compile(pattern: Pattern) -> Result<Compiled, DataError> {
    let fail = |reason: String| DataError::Pattern { pattern: pattern.path.clone(), reason };
    let mut regex = String::from(r"(?i)(?:^|/)");
    let mut fields: Vec<(String, Unit)> = Vec::new();
    let mut depth = 0usize;
    let mut chars = pattern.path.chars();
    while let Some(c) = chars.next() {
        match c {
            '{' => {
                let mut inside = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some(c) => inside.push(c),
                        None => {
                            return Err(fail("'{' without '}'; close the field, as in {site}".to_owned()));
                        }
                    }
                }
                let (field, unit, expression) = field(&inside).map_err(&fail)?;
                if fields.iter().any(|(f, _)| *f == field) {
                    return Err(fail(format!("field '{field}' twice; give one of them another name")));
                }
                regex += &format!("({expression})");
                fields.push((field, unit));
            }
            '}' => return Err(fail("'}' without '{'; write \\} for the character itself".to_owned())),
            '[' => {
                depth += 1;
                regex += "(?:";
            }
            ']' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| fail("']' without '['; write \\] for the character itself".to_owned()))?;
                regex += ")?";
            }
            '*' => regex += "[^/]*?",
            '\\' => {
                let next = chars.next().ok_or_else(|| fail("'\\' at the end".to_owned()))?;
                regex += &regex::escape(&next.to_string());
            }
            other => regex += &regex::escape(&other.to_string()),
        }
    }
    if depth > 0 {
        return Err(fail("'[' without ']'; close the optional part".to_owned()));
    }
    regex.push('$');
    let regex = Regex::new(&regex).map_err(|e| fail(e.to_string()))?;
    Ok(Compiled { regex, fields, pattern })
}

/// Name, unit and regular expression of what stands between braces.
fn field(inside: &str) -> Result<(String, Unit, String), String> {
    let valid = |name: &str| {
        let ok = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if ok {
            Ok(name.to_owned())
        } else {
            Err(format!("'{name}' is not a field name; use letters, digits and _"))
        }
    };
    if let Some((name, words)) = inside.split_once('=') {
        let words: Vec<String> = words.split('|').map(regex::escape).collect();
        return Ok((valid(name)?, Unit::Text, words.join("|")));
    }
    let (name, spelling) = inside.split_once(':').unwrap_or((inside, ""));
    let unit = match spelling {
        "" | "int" => Unit::Text,
        "p" | "u" | "um" => Unit::Micro,
        "nm" => Unit::Nano,
        "K" => Unit::Kelvin,
        "C" => Unit::Celsius,
        other => return Err(format!("unknown unit '{other}'; expected one of: int p u um nm K C")),
    };
    Ok((valid(name)?, unit, unit.regex(spelling).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(path: &str) -> String {
        let patterns = Patterns::from_toml("test", BUILT_IN).expect("built-in patterns compile");
        match patterns.match_path(path) {
            Some(f) => f.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "),
            None => "no match".to_owned(),
        }
    }

    #[test]
    fn built_in_patterns_read_the_odd_names() {
        let names = [
            "MOS/SG13_pmosHVXm1Y3/SG13_pmosHV~W02u0_L0u33_S563_2~dc_idvd_vth~300K.mdm",
            "SG13_nmos~Diode_area_fwd_S350B_1~di_bd_area~233K.mdm",
            "SG13_nmos~CJBDarea_S350B_1~c_bd_area~398K.mdm",
            "meas/HBT/npn13g2l_T04/fo_vb_RF.mdm",
            "pnpMPA/fg_vce_d0406_DUT15.mdm",
            "cells/nfet_01v8/sky130_fd_pr__nfet_01v8_w0p420u_l0p150u_m1(2602_1_7_IDVG).mdm",
            "sky130_fd_pr__nfet_01v8_w0p36u_l0p15u_m2280(5290_3_IDVG_D3).mdm",
            "sky130_fd_pr__nfet_20v0_nvt_w30_l5p5_m2(4451_1_2_11_12_IDVD).mdm",
            "sky130_fd_pr__nfet_g5v0d20v0(4441_1_2_3_4_5_IDVD_D3).mdm",
            "sky130_fd_pr__nfet_05v0_nvt_15p65_by_0p50_m384(5217_2_4_1_GDSB).mdm",
            "cells/unsorted/res/IV/nwell_res_ 24p505_by_24p87_sq0p99(1005_3_4_D3).mdm",
            "cells/unsorted/pnp/lateral_pnp_bjt_0p68_by_0p68_m1680(5211_4_5_6_rearly).mdm",
            "my_lab/wafer3.mdm",
        ];
        let found: Vec<String> = names.iter().map(|n| format!("{n}\n  {}\n", fields(n))).collect();
        expect_test::expect_file!["pattern/built_in.txt"].assert_eq(&found.concat());
    }

    #[test]
    fn own_patterns_come_first_and_bad_ones_are_explained() {
        let own = r#"
            [[pattern]]
            path = "{technology}_{family}_W{w:um}L{l:nm}[_T{temperature:C}].csv"
            set = { device = "{family}-{w}" }
        "#;
        let patterns = Patterns::from_toml("own", own).expect("valid").before_built_in();
        let found = patterns.match_path("lot/x28_nch_W0.5L30_Tm40.csv").expect("matches");
        assert_eq!(found["w"].parse(), Ok(0.5e-6));
        assert_eq!(found["l"].parse(), Ok(30e-9));
        assert_eq!(found["temperature"].parse(), Ok(233.15));
        assert_eq!(found["device"], "nch-0.5e-6");
        assert!(patterns.match_path("x28_nch_W0.5L30.csv").is_some_and(|f| !f.contains_key("temperature")));
        for bad in ["{w", "w}", "[a", "a]", "{w:furlong}", "{w}{w}", "{}", "a\\"] {
            let found = Patterns::new(vec![Pattern { path: bad.to_owned(), ..Pattern::default() }]);
            assert!(matches!(found, Err(DataError::Pattern { .. })), "{bad} was accepted");
        }
    }
}
