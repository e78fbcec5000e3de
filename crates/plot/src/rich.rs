//! Text with subscripts and superscripts: `V_{DS}`, `10^{−3}`.

use crate::font;

/// Where a run of text stands relative to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Normal,
    Sub,
    Super,
}

/// Text in runs of one script each, with every character in the bundled font.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rich {
    pub(crate) runs: Vec<(String, Script)>,
}

/// Size of sub- and superscripts over the size of the text.
const SMALL: f64 = 0.72;
const SUB_DROP: f64 = 0.20;
const SUPER_RISE: f64 = 0.36;

impl Script {
    pub(crate) fn scale(self) -> f64 {
        if self == Script::Normal { 1.0 } else { SMALL }
    }

    /// Shift of the baseline downwards, over the size of the text.
    pub(crate) fn drop(self) -> f64 {
        match self {
            Script::Normal => 0.0,
            Script::Sub => SUB_DROP,
            Script::Super => -SUPER_RISE,
        }
    }
}

impl Rich {
    /// Reads markup: `_{...}` and `^{...}` shift their contents, everything else is literal.
    pub(crate) fn parse(markup: &str) -> Self {
        let mut runs = Vec::new();
        let mut rest = markup;
        while let Some((at, script)) = next_script(rest) {
            let Some(len) = rest[at + 2..].find('}') else { break };
            push(&mut runs, &rest[..at], Script::Normal);
            push(&mut runs, &rest[at + 2..at + 2 + len], script);
            rest = &rest[at + 3 + len..];
        }
        push(&mut runs, rest, Script::Normal);
        Rich { runs }
    }

    /// Text that is not markup, such as the name of a device.
    pub(crate) fn literal(text: &str) -> Self {
        let mut runs = Vec::new();
        push(&mut runs, text, Script::Normal);
        Rich { runs }
    }

    /// Width at font size `size`, in the unit of `size`.
    pub(crate) fn width(&self, size: f64) -> f64 {
        self.runs.iter().map(|(text, script)| font::width(text, size * script.scale())).sum()
    }

    /// Shortens the text in its middle with an ellipsis until it is at most `width` wide.
    pub(crate) fn fitted(self, size: f64, width: f64) -> Self {
        if self.width(size) <= width {
            return self;
        }
        let chars: Vec<char> = self.runs.iter().flat_map(|(text, _)| text.chars()).collect();
        (1..chars.len())
            .rev()
            .map(|keep| {
                let (head, tail) = (keep.div_ceil(2), keep / 2);
                let text: String =
                    chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect();
                Rich::literal(&text)
            })
            .find(|short| short.width(size) <= width)
            .unwrap_or_else(|| Rich::literal("…"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

fn next_script(text: &str) -> Option<(usize, Script)> {
    let sub = text.find("_{").map(|i| (i, Script::Sub));
    let sup = text.find("^{").map(|i| (i, Script::Super));
    [sub, sup].into_iter().flatten().min_by_key(|(i, _)| *i)
}

fn push(runs: &mut Vec<(String, Script)>, text: &str, script: Script) {
    if !text.is_empty() {
        runs.push((font::printable(text), script));
    }
}

/// A name as markup that shows it literally: braces after `_` and `^` are what markup looks for.
pub(crate) fn escape(name: &str) -> String {
    name.replace("_{", "_ {").replace("^{", "^ {")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_becomes_runs() {
        let rich = Rich::parse("V_{DS} = 10^{−3} V");
        let runs: Vec<_> = rich.runs.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        assert_eq!(
            runs,
            [
                ("V", Script::Normal),
                ("DS", Script::Sub),
                (" = 10", Script::Normal),
                ("−3", Script::Super),
                (" V", Script::Normal)
            ]
        );
    }

    #[test]
    fn device_names_and_unclosed_braces_are_literal() {
        assert_eq!(Rich::parse("W10u_L0.13u").runs, [("W10u_L0.13u".to_owned(), Script::Normal)]);
        assert_eq!(Rich::parse("a_{b").runs, [("a_{b".to_owned(), Script::Normal)]);
    }

    proptest! {
        #[test]
        fn fitted_text_fits_and_keeps_its_ends(text in "[a-zA-Z0-9_]{3,60}", width in 30.0..400.0) {
            let short = Rich::literal(&text).fitted(12.0, width);
            prop_assert!(short.width(12.0) <= width);
            prop_assert_eq!(short.runs[0].0.chars().next(), text.chars().next());
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            prop_assert!(Rich::parse(&text).width(12.0).is_finite());
            prop_assert_eq!(Rich::parse(&escape(&text)).runs.len() <= 1, true);
        }
    }
}
