//! What a simulator's log says about an analysis.

use gummel_device::si;
use serde::Serialize;

/// How an analysis ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It ran to its end.
    Converged,
    /// It ran to its end after the simulator had tried other ways to an operating point.
    ConvergedLate,
    /// It did not converge.
    Failed,
    /// The circuit was refused before any analysis.
    Refused,
}

/// The log, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Story {
    pub(crate) ending: Ending,
    /// Lines that say why.
    pub(crate) reasons: Vec<String>,
    /// Nodes and instances that the simulator names as the trouble.
    pub(super) trouble: Vec<String>,
    /// Node, last voltage and the one before, of an operating point that was not found.
    pub(super) last: Vec<(String, [f64; 2])>,
    /// Temperature of the analysis, K.
    pub(super) temperature: Option<f64>,
}

const FAILURES: [&str; 7] = [
    "dc solution failed",
    "transient solution failed",
    "timestep too small",
    "simulation(s) aborted",
    "could not be simulated",
    "no convergence",
    "iteration limit reached",
];
const REFUSALS: [&str; 11] = [
    "setup_instance",
    "setup_model",
    "error on line",
    "unknown parameter",
    "could not find a valid modelname",
    "unable to find definition of model",
    "unknown model type",
    "incorrect model type",
    "couldn't load",
    "can't find",
    "circuit not parsed",
];
/// Lines after a refusal that say what was refused: the line of the netlist, and what is wrong with it.
const EXPLAINED: usize = 2;
const DETOURS: [&str; 2] = ["stepping failed", "singular matrix"];

impl Story {
    /// Reads a log.
    pub(crate) fn read(log: &str) -> Self {
        let mut story = Story {
            ending: Ending::Converged,
            reasons: Vec::new(),
            trouble: Vec::new(),
            last: Vec::new(),
            temperature: None,
        };
        let (mut table, mut explained) = (false, 0);
        for line in log.lines().map(str::trim) {
            let lower = line.to_ascii_lowercase();
            let says = |all: &[&str]| all.iter().any(|w| lower.contains(w));
            if says(&REFUSALS) || lower.starts_with("osdi(") {
                // A remark of a library is a refusal only when something else says so.
                if says(&REFUSALS) {
                    story.ending = Ending::Refused;
                    explained = EXPLAINED;
                }
                story.reason(line);
            } else if says(&FAILURES) {
                story.ending = if story.ending == Ending::Refused { Ending::Refused } else { Ending::Failed };
                story.reason(line);
            } else if says(&DETOURS) {
                if story.ending == Ending::Converged {
                    story.ending = Ending::ConvergedLate;
                }
                story.reason(line);
            } else if explained > 0 && !line.is_empty() && !lower.starts_with("note:") {
                explained -= 1;
                story.reason(line);
            }
            story.trouble(&lower);
            if let Some(celsius) = lower.split_once("analysis at temp = ").and_then(|(_, t)| number(t)) {
                story.temperature = Some(si::kelvin(celsius));
            }
            if lower.starts_with("last node voltages") {
                table = true;
            } else if table
                && let [node, a, b] = lower.split_whitespace().collect::<Vec<_>>()[..]
                && let (Ok(a), Ok(b)) = (a.parse(), b.parse())
            {
                story.last.push((node.to_owned(), [a, b]));
            }
        }
        story
    }

    fn reason(&mut self, line: &str) {
        if !self.reasons.iter().any(|r| r == line) {
            self.reasons.push(line.to_owned());
        }
    }

    fn trouble(&mut self, lower: &str) {
        let mut names = Vec::new();
        for (before, quote) in [("trouble with node \"", '"'), ("trouble with node ", ' ')] {
            names.extend(lower.split_once(before).and_then(|(_, t)| t.split(quote).next()));
        }
        if let Some((_, nodes)) = lower.split_once("check node") {
            names.extend(nodes.trim_start_matches('s').split(" and "));
        }
        if let Some((_, rest)) = lower.split_once("trouble with ")
            && let Some((_, name)) = rest.split_once("instance ")
        {
            names.push(name);
        }
        for name in names {
            let name = name.trim().trim_matches('"');
            if !name.is_empty() && !self.trouble.iter().any(|t| t == name) {
                self.trouble.push(name.to_owned());
            }
        }
    }
}

fn number(text: &str) -> Option<f64> {
    si::parse(text.split_whitespace().next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_tell_how_an_analysis_ended() {
        let good =
            Story::read("Doing analysis at TEMP = 85.000000 and TNOM = 27.000000\n\nNo. of Data Rows : 3\n");
        assert_eq!((good.ending, good.temperature), (Ending::Converged, Some(358.15)));
        let late =
            Story::read("Warning: singular matrix:  check node g\n\nWarning: source stepping failed\n");
        assert_eq!((late.ending, late.trouble.as_slice()), (Ending::ConvergedLate, &["g".to_owned()][..]));
        let failed = Story::read(
            "DC solution failed -\n\nLast Node Voltages\n------------------\n\nNode Last Voltage Previous Iter\n\
             ---- ----- -----\nin 0.5 -3e2\nvin#branch 0 0\n",
        );
        assert_eq!(failed.ending, Ending::Failed);
        assert_eq!(failed.last[0], ("in".to_owned(), [0.5, -300.0]));
        let step = Story::read(
            "doAnalyses: TRAN:  Timestep too small; time = 1e-10, timestep = 1e-22: trouble with node \"x1.out\"\n",
        );
        assert_eq!((step.ending, step.trouble.as_slice()), (Ending::Failed, &["x1.out".to_owned()][..]));
        let refused = Story::read(
            "doAnalyses: impossible error - can't occur detected in routine \"OSDI setup_instance\"\n\
             op simulation(s) aborted\nOSDI(debug) n1: no device 'w9u_l9u' in the model; it holds W1u_L1u\n",
        );
        assert_eq!(refused.ending, Ending::Refused);
        assert!(refused.reasons.iter().any(|r| r.contains("it holds W1u_L1u")));
        let wrong = Story::read(
            "Error on line 4 or its substitute:\n  n1 d g 0 0 cap\nincorrect model type\n\nNote: no graphics interface\n",
        );
        assert_eq!(wrong.ending, Ending::Refused);
        assert!(wrong.reasons.iter().any(|r| r == "n1 d g 0 0 cap") && wrong.reasons.len() < 5, "{wrong:?}");
    }
}
