//! A model folder on disk: `manifest.toml`, `weights.safetensors` and, where heads' scatter is known,
//! `population.safetensors`; written whole or not at all.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
use crate::population::Population;
use crate::structure::Structure;
use crate::upgrade::{FORMAT, upgrade};
use crate::{Model, ModelError, weights};

const MANIFEST: &str = "manifest.toml";
const WEIGHTS: &str = "weights.safetensors";
const POPULATION: &str = "population.safetensors";

/// The manifest file: provenance, the spec's structure and the hash of its arrays.
#[derive(Serialize, Deserialize)]
struct ManifestFile {
    format: i64,
    weights: ArraysEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    population: Option<ArraysEntry>,
    model: Manifest,
    structure: Structure,
}

/// Hash of a file of arrays that belongs to the manifest.
#[derive(Serialize, Deserialize)]
struct ArraysEntry {
    blake3: String,
}

impl ArraysEntry {
    fn of(bytes: &[u8]) -> Self {
        ArraysEntry { blake3: blake3::hash(bytes).to_hex().to_string() }
    }

    fn check(self, bytes: &[u8], path: &Path) -> Result<(), ModelError> {
        let found = ArraysEntry::of(bytes).blake3;
        if found == self.blake3 {
            return Ok(());
        }
        Err(ModelError::Hash { path: path.to_owned(), expected: self.blake3, found })
    }
}

impl Model {
    /// Writes the model folder `dir`; an older model of that name is replaced.
    ///
    /// Both files are written beside `dir` and renamed into place, so that a reader never meets half a model.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the place is not writable, [`ModelError::Occupied`] when `dir` holds something else,
    /// [`ModelError::Inconsistent`] for a model that does not pass its checks.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<(), ModelError> {
        let dir = dir.as_ref();
        self.check()?;
        let bytes = weights::encode(&weights::collect(&self.spec)?, &dir.join(WEIGHTS))?;
        let population =
            self.population.as_ref().map(|p| p.encode(self, &dir.join(POPULATION))).transpose()?;
        let file = ManifestFile {
            format: FORMAT,
            weights: ArraysEntry::of(&bytes),
            population: population.as_deref().map(ArraysEntry::of),
            model: self.manifest.clone(),
            structure: Structure::of(&self.spec),
        };
        let text = toml::to_string(&file)
            .map_err(|e| ModelError::Manifest { path: dir.join(MANIFEST), reason: e.to_string() })?;
        let mut files = vec![(MANIFEST, text.as_bytes()), (WEIGHTS, bytes.as_slice())];
        files.extend(population.as_deref().map(|bytes| (POPULATION, bytes)));
        replace_folder(dir, &files)
    }

    /// Reads a model folder.
    ///
    /// # Errors
    /// See [`ModelError`]: a missing file, a newer format, damaged or foreign weights, a wrong shape,
    /// a number that is not finite.
    pub fn load(dir: impl AsRef<Path>) -> Result<Model, ModelError> {
        let dir = dir.as_ref();
        let (manifest_path, weights_path) = (dir.join(MANIFEST), dir.join(WEIGHTS));
        for (path, missing) in [(&manifest_path, MANIFEST), (&weights_path, WEIGHTS)] {
            if !path.is_file() {
                return Err(ModelError::NotAModel { folder: dir.to_owned(), missing });
            }
        }
        let text = fs::read_to_string(&manifest_path).map_err(ModelError::io("read", &manifest_path))?;
        let bytes = fs::read(&weights_path).map_err(ModelError::io("read", &weights_path))?;
        let (mut model, population) = decode(&text, &bytes, dir)?;
        if let Some(entry) = population {
            let path = dir.join(POPULATION);
            let bytes = fs::read(&path).map_err(ModelError::io("read", &path))?;
            model.population = Some(Population::decode(&model, &bytes, &path)?);
            entry.check(&bytes, &path)?;
        }
        Ok(model)
    }

    /// A model from what its manifest and its weights hold, without a population; errors speak of the folder `name`.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_memory(manifest: &str, weights: &[u8], name: &str) -> Result<Model, ModelError> {
        Ok(decode(manifest, weights, Path::new(name))?.0)
    }
}

/// The model of a manifest and its weights, and what the manifest says of a population.
fn decode(manifest: &str, bytes: &[u8], dir: &Path) -> Result<(Model, Option<ArraysEntry>), ModelError> {
    let (manifest_path, weights_path) = (dir.join(MANIFEST), dir.join(WEIGHTS));
    let file = parse_manifest(manifest, &manifest_path)?;
    let mut spec = file
        .structure
        .zeroed(file.model.polarity.sign())
        .map_err(|reason| ModelError::Manifest { path: manifest_path, reason })?;
    weights::fill(&mut spec, bytes, &weights_path)?;
    file.weights.check(bytes, &weights_path)?;
    Ok((Model::new(spec, file.model)?, file.population))
}

fn parse_manifest(text: &str, path: &Path) -> Result<ManifestFile, ModelError> {
    let wrong = |e: toml::de::Error| ModelError::Manifest { path: path.to_owned(), reason: e.to_string() };
    let mut table: toml::Table = toml::from_str(text).map_err(wrong)?;
    upgrade(&mut table, path)?;
    // From the text when nothing was upgraded, so that messages carry line and column.
    if table.get("format").and_then(toml::Value::as_integer) == Some(FORMAT) {
        toml::from_str(text).map_err(wrong)
    } else {
        table.try_into().map_err(wrong)
    }
}

/// Puts a folder with `files` in the place of `dir` by renaming.
fn replace_folder(dir: &Path, files: &[(&str, &[u8])]) -> Result<(), ModelError> {
    let occupied = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if dir.is_file() || (occupied && !dir.join(MANIFEST).is_file()) {
        return Err(ModelError::Occupied { folder: dir.to_owned() });
    }
    let parent = match dir.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(ModelError::io("create", parent))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gummel-model-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    let fresh = builder.tempdir_in(parent).map_err(ModelError::io("write", parent))?;
    for (name, bytes) in files {
        let path = fresh.path().join(name);
        fs::write(&path, bytes).map_err(ModelError::io("write", &path))?;
    }
    // A folder cannot be renamed onto a full one: the old one steps aside and goes with its temporary parent.
    let aside = builder.tempdir_in(parent).map_err(ModelError::io("write", parent))?;
    if dir.exists() {
        fs::rename(dir, aside.path().join("old")).map_err(ModelError::io("replace", dir))?;
    }
    let fresh = fresh.keep();
    fs::rename(&fresh, dir).map_err(ModelError::io("write", dir))
}
