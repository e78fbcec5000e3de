//! What a device library carries: one or more models, each under the name that `.model` lines use. Models of one name are one
//! device type, told apart by their families.
//!
//! ```text
//! "gummelib"  format u32  entries u32  then per entry:
//!   name length u32, UTF-8   family length u32, UTF-8   overlap cgso cgdo cgbo f64 x 3   temperatures f64 x 2
//!   devices u32, then noise floor and leakage f64 x 2 of each   blob length u64   blob of the kernel
//! ```
//! Little-endian. The blob carries its own version and checksum. Format 1 has no temperatures, format 2 no floors, format 3 no families.

use gummel_kernel::{BlobError, Spec};

const MAGIC: &[u8; 8] = b"gummelib";
const FORMAT: u32 = 4;

/// Linear capacitances of a model without fitted charges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Gate to source, F per metre of width.
    pub cgso: f64,
    /// Gate to drain, F per metre of width.
    pub cgdo: f64,
    /// Gate to bulk, F per metre of length.
    pub cgbo: f64,
}

impl Overlap {
    /// No capacitance: what a model with fitted charges needs.
    pub const NONE: Overlap = Overlap { cgso: 0.0, cgdo: 0.0, cgbo: 0.0 };
}

impl Default for Overlap {
    /// 0.3 fF per micrometre of width on either side, 0.1 fF per micrometre of length: typical of spacer and
    /// fringe capacitance, not of any particular technology. The channel's own capacitance is not in it.
    fn default() -> Self {
        Overlap { cgso: 3e-10, cgdo: 3e-10, cgbo: 1e-10 }
    }
}

/// One model of a library.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Name of the device type; lower case, as simulators fold case.
    pub name: String,
    /// Family of the model, which tells entries of one name apart. Empty in a library of an earlier format.
    pub family: String,
    /// Linear capacitances.
    pub overlap: Overlap,
    /// Lowest and highest temperature that a device was fitted at, K; `None` where the fit did not say.
    pub temperatures: Option<[f64; 2]>,
    /// Of each device, in the order of the model: noise floor of its measurements, and the drain current below which measured
    /// leakage may decide the sign of gm, A. Empty in a library of an earlier format.
    pub floors: Vec<[f64; 2]>,
    /// The model.
    pub spec: Spec,
}

/// Why a payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadError {
    /// The slot is empty: this is the template itself.
    Empty,
    /// Written for another version of the template.
    Format(u32),
    /// The bytes end early or a name is not UTF-8.
    Malformed,
    /// A model is damaged.
    Model(BlobError),
}

impl std::fmt::Display for PayloadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PayloadError::Empty => write!(f, "the library carries no model; make one with `gummel export`"),
            PayloadError::Format(found) => {
                write!(f, "the library's data have format {found}, expected {FORMAT}; export again")
            }
            PayloadError::Malformed => write!(f, "the library's data are cut short or damaged; export again"),
            PayloadError::Model(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for PayloadError {}

/// The entries as bytes.
pub fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    for entry in entries {
        for text in [&entry.name, &entry.family] {
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        for c in [entry.overlap.cgso, entry.overlap.cgdo, entry.overlap.cgbo] {
            out.extend_from_slice(&c.to_le_bytes());
        }
        for t in entry.temperatures.unwrap_or([f64::NAN; 2]) {
            out.extend_from_slice(&t.to_le_bytes());
        }
        out.extend_from_slice(&(entry.floors.len() as u32).to_le_bytes());
        for current in entry.floors.as_flattened() {
            out.extend_from_slice(&current.to_le_bytes());
        }
        let blob = entry.spec.to_bytes();
        out.extend_from_slice(&(blob.len() as u64).to_le_bytes());
        out.extend_from_slice(&blob);
    }
    out
}

/// The entries that [`encode`] wrote at the beginning of `bytes`; what follows is ignored.
///
/// # Errors
/// [`PayloadError`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Entry>, PayloadError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(PayloadError::Empty)?;
    let format = u32::from_le_bytes(take(&mut rest)?);
    if !(1..=FORMAT).contains(&format) {
        return Err(PayloadError::Format(format));
    }
    let count = u32::from_le_bytes(take(&mut rest)?);
    (0..count).map(|_| entry(&mut rest, format)).collect()
}

fn entry(rest: &mut &[u8], format: u32) -> Result<Entry, PayloadError> {
    let name = text(rest)?;
    let family = if format >= 4 { text(rest)? } else { String::new() };
    let mut number = || take(rest).map(f64::from_le_bytes);
    let overlap = Overlap { cgso: number()?, cgdo: number()?, cgbo: number()? };
    let temperatures = if format == 1 { [f64::NAN; 2] } else { [number()?, number()?] };
    let temperatures = temperatures.iter().all(|t| t.is_finite()).then_some(temperatures);
    let mut floors = Vec::new();
    if format >= 3 {
        // Nothing is reserved on the word of a damaged count: the bytes end first.
        for _ in 0..u32::from_le_bytes(take(rest)?) {
            floors.push([f64::from_le_bytes(take(rest)?), f64::from_le_bytes(take(rest)?)]);
        }
    }
    let length = usize::try_from(u64::from_le_bytes(take(rest)?)).map_err(|_| PayloadError::Malformed)?;
    let spec = Spec::from_bytes(take_slice(rest, length)?).map_err(PayloadError::Model)?;
    Ok(Entry { name, family, overlap, temperatures, floors, spec })
}

fn text(rest: &mut &[u8]) -> Result<String, PayloadError> {
    let length = u32::from_le_bytes(take(rest)?) as usize;
    String::from_utf8(take_slice(rest, length)?.to_vec()).map_err(|_| PayloadError::Malformed)
}

fn take_slice<'a>(rest: &mut &'a [u8], n: usize) -> Result<&'a [u8], PayloadError> {
    let (head, tail) = rest.split_at_checked(n).ok_or(PayloadError::Malformed)?;
    *rest = tail;
    Ok(head)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], PayloadError> {
    take_slice(rest, N)?.try_into().map_err(|_| PayloadError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_kernel::Sample;

    #[test]
    fn entries_come_back_and_damage_is_named() {
        let entries = vec![
            Entry {
                name: "demo_n".into(),
                family: "nmos".into(),
                overlap: Overlap::NONE,
                temperatures: Some([233.15, 398.15]),
                floors: vec![[1e-12, 0.0], [2e-12, 3e-11]],
                spec: Sample::default().spec(),
            },
            Entry {
                name: "demo_p".into(),
                family: String::new(),
                overlap: Overlap::default(),
                temperatures: None,
                floors: Vec::new(),
                spec: Sample { sign: -1.0, charges: true, ..Sample::default() }.spec(),
            },
        ];
        let mut bytes = encode(&entries);
        let length = bytes.len();
        bytes.extend_from_slice(&[0; 64]);
        assert_eq!(decode(&bytes), Ok(entries));
        assert_eq!(decode(&[0; 64]), Err(PayloadError::Empty));
        for cut in [12, 20, 40, 100, length - 1] {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        bytes[length - 3] ^= 1;
        assert!(matches!(decode(&bytes), Err(PayloadError::Model(BlobError::Checksum { .. }))));
        bytes[8] = 9;
        assert_eq!(decode(&bytes), Err(PayloadError::Format(9)));
    }

    #[test]
    fn libraries_of_earlier_formats_are_read_without_what_they_do_not_say() {
        let entry = Entry {
            name: "demo_n".into(),
            family: "nmos".into(),
            overlap: Overlap::NONE,
            temperatures: Some([233.15, 398.15]),
            floors: vec![[1e-12, 2e-12]],
            spec: Sample::default().spec(),
        };
        let mut bytes = encode(std::slice::from_ref(&entry));
        let family = MAGIC.len() + 4 + 4 + 4 + entry.name.len();
        bytes[8] = 3;
        bytes.drain(family..family + 4 + entry.family.len());
        let third = Entry { family: String::new(), ..entry };
        assert_eq!(decode(&bytes), Ok(vec![third.clone()]));
        let temperatures = family + 3 * 8;
        let floors = temperatures + 16;
        bytes[8] = 2;
        bytes.drain(floors..floors + 4 + 16);
        let second = Entry { floors: Vec::new(), ..third };
        assert_eq!(decode(&bytes), Ok(vec![second.clone()]));
        bytes[8] = 1;
        bytes.drain(temperatures..floors);
        assert_eq!(decode(&bytes), Ok(vec![Entry { temperatures: None, ..second }]));
    }
}
