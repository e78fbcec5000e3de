//! A spec as bytes: what an exported device library carries, and the way back.
//!
//! ```text
//! "gummelkb"  version u32  length u64  checksum u64  payload of `length` bytes
//! ```
//! Little-endian throughout. The payload holds the fields of [`Spec`] in the order of their declaration:
//! counts as u32, numbers as f64, choices as u8, names as a count and UTF-8. The checksum is FNV-1a of
//! 64 bits (Fowler, Noll, Vo) over the payload. A number survives bit by bit.

use std::fmt;

use crate::basis::{Basis, Covariate, Exponents};
use crate::spec::{
    Branch, Defect, DeviceHeads, FEATURES, Features, Layer, Output, OutputKind, Place, Spec, StaticInput,
};

const MAGIC: &[u8; 8] = b"gummelkb";
const VERSION: u32 = 1;
const HEADER: usize = 8 + 4 + 8 + 8;

/// Why bytes are not a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// The bytes do not begin as a blob does.
    NotABlob,
    /// Written by a newer (or no) version of this crate.
    Version {
        /// Version in the header.
        found: u32,
        /// Newest version this crate reads.
        newest: u32,
    },
    /// The bytes end early.
    Truncated {
        /// Bytes that the header or a field asks for.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The payload changed after it was written.
    Checksum {
        /// Checksum of the payload.
        found: u64,
        /// Checksum in the header.
        expected: u64,
    },
    /// A field has an impossible value.
    Field {
        /// What the field says.
        what: &'static str,
        /// Its place in the payload, bytes.
        at: usize,
    },
    /// The fields are readable but do not make a model.
    Defect(Defect),
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlobError::NotABlob => {
                write!(
                    f,
                    "no model data: expected the bytes to begin with 'gummelkb'; export the model again"
                )
            }
            BlobError::Version { found, newest } => {
                write!(f, "model data of version {found}, expected 1 to {newest}; update gummel")
            }
            BlobError::Truncated { expected, found } => {
                write!(f, "model data end after {found} bytes, expected {expected}; export the model again")
            }
            BlobError::Checksum { found, expected } => write!(
                f,
                "model data are damaged: checksum {found:016x}, expected {expected:016x}; export the model again"
            ),
            BlobError::Field { what, at } => {
                write!(f, "model data are malformed: impossible {what} at byte {at}; export the model again")
            }
            BlobError::Defect(defect) => write!(f, "model data hold no valid model: {defect}"),
        }
    }
}

impl std::error::Error for BlobError {}

impl Spec {
    /// The spec as bytes; the same spec gives the same bytes on every machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut payload = Writer(Vec::new());
        payload.spec(self);
        let payload = payload.0;
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&fnv1a(&payload).to_le_bytes());
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// The spec that [`Spec::to_bytes`] wrote at the beginning of `bytes`; what follows it is ignored.
    ///
    /// # Errors
    /// [`BlobError`] when the bytes are of something else, cut off, damaged or no valid model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Spec, BlobError> {
        if !bytes.starts_with(MAGIC) {
            return Err(BlobError::NotABlob);
        }
        let mut header = Reader { bytes: &bytes[MAGIC.len()..], at: 0 };
        let version = header.u32()?;
        if version != VERSION {
            return Err(BlobError::Version { found: version, newest: VERSION });
        }
        let (length, expected) = (header.u64()?, header.u64()?);
        let rest = &bytes[HEADER..];
        let payload = usize::try_from(length)
            .ok()
            .and_then(|n| rest.get(..n))
            .ok_or(BlobError::Truncated { expected: length, found: rest.len() as u64 })?;
        let found = fnv1a(payload);
        if found != expected {
            return Err(BlobError::Checksum { found, expected });
        }
        let mut reader = Reader { bytes: payload, at: 0 };
        let spec = reader.spec()?;
        if reader.at != payload.len() {
            return Err(BlobError::Field { what: "end", at: reader.at });
        }
        spec.check().map_err(BlobError::Defect)?;
        Ok(spec)
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

struct Writer(Vec<u8>);

impl Writer {
    fn count(&mut self, n: usize) {
        // Every count of a spec is bounded by memory long before u32.
        self.0.extend_from_slice(&(n as u32).to_le_bytes());
    }

    fn numbers(&mut self, values: &[f64]) {
        self.0.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }

    fn list(&mut self, values: &[f64]) {
        self.count(values.len());
        self.numbers(values);
    }

    fn spec(&mut self, spec: &Spec) {
        self.numbers(&[spec.sign]);
        self.count(spec.branches.len());
        for branch in &spec.branches {
            self.branch(branch);
        }
        self.count(spec.devices.len());
        for device in &spec.devices {
            self.device(device);
        }
    }

    fn branch(&mut self, branch: &Branch) {
        let f = &branch.features;
        self.0.push(u8::from(f.symmetric));
        self.numbers(&[f.smoothing]);
        self.numbers(&f.center);
        self.numbers(&f.scale);
        self.count(branch.statics.len());
        for s in &branch.statics {
            self.0.push(s.covariate as u8);
            self.numbers(&[s.scale]);
        }
        self.count(branch.layers.len());
        for layer in &branch.layers {
            self.count(layer.inputs);
            self.count(layer.outputs);
            self.list(&layer.weight);
            self.list(&layer.bias);
        }
        self.count(branch.outputs.len());
        for output in &branch.outputs {
            self.0.push(output.kind as u8);
            self.numbers(&[output.scale]);
            self.0.push(u8::from(output.per_geometry));
        }
        for basis in [&branch.population, &branch.deviation] {
            self.count(basis.len());
            self.0.extend(basis.terms.iter().flatten());
        }
        self.lists(&branch.population_heads);
    }

    fn lists(&mut self, lists: &[Vec<f64>]) {
        self.count(lists.len());
        for list in lists {
            self.list(list);
        }
    }

    fn device(&mut self, device: &DeviceHeads) {
        self.count(device.name.len());
        self.0.extend_from_slice(device.name.as_bytes());
        let p = &device.place;
        self.numbers(&[p.w, p.l, p.mult, p.temperature, p.speed, p.skew]);
        self.count(device.deviation.len());
        for heads in &device.deviation {
            self.lists(heads);
        }
        self.numbers(device.range.as_flattened());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, n: usize) -> Result<&[u8], BlobError> {
        let end = self.at.saturating_add(n);
        let short = BlobError::Truncated { expected: end as u64, found: self.bytes.len() as u64 };
        let taken = self.bytes.get(self.at..end).ok_or(short)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BlobError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u32(&mut self) -> Result<u32, BlobError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, BlobError> {
        self.array().map(u64::from_le_bytes)
    }

    fn count(&mut self) -> Result<usize, BlobError> {
        self.u32().map(|n| n as usize)
    }

    fn number(&mut self) -> Result<f64, BlobError> {
        self.array().map(f64::from_le_bytes)
    }

    fn numbers<const N: usize>(&mut self) -> Result<[f64; N], BlobError> {
        let mut out = [0.0; N];
        for v in &mut out {
            *v = self.number()?;
        }
        Ok(out)
    }

    /// One of `choices`, stored as its index.
    fn choice<T: Copy>(&mut self, choices: &[T], what: &'static str) -> Result<T, BlobError> {
        let at = self.at;
        let [index] = self.array()?;
        choices.get(usize::from(index)).copied().ok_or(BlobError::Field { what, at })
    }

    /// As many items as a count says; memory grows with what is read, not with what the count promises.
    fn many<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, BlobError>,
    ) -> Result<Vec<T>, BlobError> {
        let n = self.count()?;
        let mut items = Vec::new();
        for _ in 0..n {
            items.push(read(self)?);
        }
        Ok(items)
    }

    fn list(&mut self) -> Result<Vec<f64>, BlobError> {
        self.many(Self::number)
    }

    fn spec(&mut self) -> Result<Spec, BlobError> {
        Ok(Spec {
            sign: self.number()?,
            branches: self.many(Self::branch)?,
            devices: self.many(Self::device)?,
        })
    }

    fn branch(&mut self) -> Result<Branch, BlobError> {
        Ok(Branch {
            features: Features {
                symmetric: self.choice(&[false, true], "symmetry")?,
                smoothing: self.number()?,
                center: self.numbers::<FEATURES>()?,
                scale: self.numbers::<FEATURES>()?,
            },
            statics: self.many(|r| {
                Ok(StaticInput { covariate: r.choice(&Covariate::ALL, "covariate")?, scale: r.number()? })
            })?,
            layers: self.many(|r| {
                Ok(Layer { inputs: r.count()?, outputs: r.count()?, weight: r.list()?, bias: r.list()? })
            })?,
            outputs: self.many(|r| {
                Ok(Output {
                    kind: r.choice(&OutputKind::ALL, "output")?,
                    scale: r.number()?,
                    per_geometry: r.choice(&[false, true], "dependence on geometry")?,
                })
            })?,
            population: self.basis()?,
            deviation: self.basis()?,
            population_heads: self.many(Self::list)?,
        })
    }

    fn basis(&mut self) -> Result<Basis, BlobError> {
        Ok(Basis { terms: self.many(Self::array::<{ size_of::<Exponents>() }>)? })
    }

    fn device(&mut self) -> Result<DeviceHeads, BlobError> {
        let n = self.count()?;
        let at = self.at;
        let name = self.take(n)?.to_vec();
        let name = String::from_utf8(name).map_err(|_| BlobError::Field { what: "name", at })?;
        let [w, l, mult, temperature, speed, skew] = self.numbers()?;
        Ok(DeviceHeads {
            name,
            place: Place { w, l, mult, temperature, speed, skew },
            deviation: self.many(|r| r.many(Self::list))?,
            range: [self.numbers()?, self.numbers()?, self.numbers()?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn spec() -> Spec {
        let sample = Sample {
            layers: vec![5, 4],
            leakage: true,
            charges: true,
            population: true,
            ..Sample::default()
        };
        let mut spec = sample.spec();
        spec.devices[1].name = "größe".into();
        spec
    }

    /// `bytes` with the checksum that its payload ought to have.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let sum = fnv1a(&bytes[HEADER..]).to_le_bytes();
        bytes[HEADER - 8..HEADER].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn a_spec_survives_bit_by_bit_with_anything_after_it() {
        let spec = spec();
        let mut bytes = spec.to_bytes();
        assert_eq!(Spec::from_bytes(&bytes), Ok(spec.clone()));
        bytes.extend_from_slice(b"trailer");
        assert_eq!(Spec::from_bytes(&bytes), Ok(spec));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unnoticed() {
        let bytes = spec().to_bytes();
        for n in 0..bytes.len() {
            assert!(Spec::from_bytes(&bytes[..n]).is_err(), "cut after {n} bytes");
        }
        for n in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[n] ^= 1 << (n % 8);
            assert!(Spec::from_bytes(&damaged).is_err(), "bit of byte {n} flipped");
        }
    }

    #[test]
    fn bytes_with_a_valid_checksum_but_wild_content_never_panic() {
        let (bytes, good) = (spec().to_bytes(), spec());
        for n in HEADER..bytes.len() {
            for value in [0, 1, 7, 0x7f, 0xff] {
                let mut wild = bytes.clone();
                wild[n] = value;
                if let Ok(spec) = Spec::from_bytes(&sealed(wild)) {
                    assert_eq!(spec.branches.len(), good.branches.len());
                }
            }
        }
    }

    #[test]
    fn errors_say_what_was_found() {
        let bytes = spec().to_bytes();
        assert_eq!(Spec::from_bytes(b"\x7fELF"), Err(BlobError::NotABlob));
        let mut newer = bytes.clone();
        newer[8] = 9;
        assert_eq!(Spec::from_bytes(&newer), Err(BlobError::Version { found: 9, newest: 1 }));
        let mut sign = bytes.clone();
        sign[HEADER..HEADER + 8].copy_from_slice(&2f64.to_le_bytes());
        let error = Spec::from_bytes(&sealed(sign)).err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("model data hold no valid model: sign is 2, expected +1 or -1"));
        let mut choice = bytes;
        choice[HEADER + 12] = 2;
        assert_eq!(Spec::from_bytes(&sealed(choice)), Err(BlobError::Field { what: "symmetry", at: 12 }));
    }
}
