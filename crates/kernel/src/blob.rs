//! A spec as bytes: what an exported device library carries, and the way back.
//!
//! ```text
//! "gummelkb"  version u32  length u64  checksum u64  payload of `length` bytes
//! ```
//! Little-endian throughout. The payload holds the fields of [`Spec`] in the order of their declaration:
//! counts as u32, numbers as f64, choices as u8, names as a count and UTF-8. The checksum is FNV-1a of
//! 64 bits (Fowler, Noll, Vo) over the payload. A number survives bit by bit. Version 1 knew neither saturation nor hull,
//! version 2 no knee; both are still read.

mod error;
mod read;
mod write;

use crate::spec::Spec;
pub use error::BlobError;
use read::Reader;
use write::Writer;

const MAGIC: &[u8; 8] = b"gummelkb";
const VERSION: u32 = 3;
const HEADER: usize = 8 + 4 + 8 + 8;

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
        let mut header = Reader { bytes: &bytes[MAGIC.len()..], at: 0, version: VERSION };
        let version = header.u32()?;
        if !(1..=VERSION).contains(&version) {
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
        let mut reader = Reader { bytes: payload, at: 0, version };
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
            bounded: true,
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
        assert_eq!(Spec::from_bytes(&newer), Err(BlobError::Version { found: 9, newest: 3 }));
        let mut sign = bytes.clone();
        sign[HEADER..HEADER + 8].copy_from_slice(&2f64.to_le_bytes());
        let error = Spec::from_bytes(&sealed(sign)).err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("model data hold no valid model: sign is 2, expected +1 or -1"));
        let mut choice = bytes;
        choice[HEADER + 12] = 2;
        assert_eq!(Spec::from_bytes(&sealed(choice)), Err(BlobError::Field { what: "symmetry", at: 12 }));
    }

    #[test]
    fn older_versions_without_options_are_read() {
        let spec = Sample { layers: vec![3], devices: 1, ..Sample::default() }.spec();
        // Sign, count, symmetry, smoothing, centre and scale; then whether inputs saturate, and whether there is a knee.
        let saturation = HEADER + 8 + 4 + 1 + 8 + 24 + 24;
        // No statics, one layer of 3 x 3, one output, no population, a constant deviation; then whether there is a hull.
        let hull = saturation + 2 + 4 + (4 + 8 + 4 + 72 + 4 + 24) + (4 + 10) + 4 + (4 + 7);
        for (version, absent) in [(1, &[hull, saturation + 1, saturation][..]), (2, &[saturation + 1])] {
            let mut bytes = spec.to_bytes();
            for &flag in absent {
                assert_eq!(bytes.remove(flag), 0);
            }
            bytes[8] = version;
            let length = (bytes.len() - HEADER) as u64;
            bytes[12..20].copy_from_slice(&length.to_le_bytes());
            assert_eq!(Spec::from_bytes(&sealed(bytes)), Ok(spec.clone()));
        }
    }
}
