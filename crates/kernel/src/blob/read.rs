//! Fields of a spec from bytes, in the order of their declaration.

use super::BlobError;
use crate::basis::{Basis, Covariate, Exponents};
use crate::hull::Hull;
use crate::spec::{
    Branch, DeviceHeads, FEATURES, Features, Layer, Output, OutputKind, Place, Spec, StaticInput,
};

/// Takes fields off a payload.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Version of the payload.
    pub(super) version: u32,
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

    pub(super) fn u32(&mut self) -> Result<u32, BlobError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, BlobError> {
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

    pub(super) fn spec(&mut self) -> Result<Spec, BlobError> {
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
                saturation: self.option(2)?.map(|[c]| c),
                knee: self.option(3)?.map(|[k]| k),
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
            hull: self.option(2)?.map(|[a, b, c, d]| Hull { ln_w: [a, b], ln_l: [c, d] }),
            population_heads: self.many(Self::list)?,
        })
    }

    /// Numbers that may be missing; versions before `since` had none of them.
    fn option<const N: usize>(&mut self, since: u32) -> Result<Option<[f64; N]>, BlobError> {
        if self.version < since || !self.choice(&[false, true], "presence")? {
            return Ok(None);
        }
        self.numbers().map(Some)
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
