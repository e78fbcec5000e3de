//! Data sets embedded in the program, so that it works from any folder without a network.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::CatalogueError;

/// A data set inside the program.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// Name by which it is asked for.
    pub name: &'static str,
    /// One line on what it is.
    pub description: &'static str,
    /// Its I-V table as a Parquet file.
    pub parquet: &'static [u8],
}

/// Everything bundled, the demonstration's default first.
pub const BUNDLED: [Bundled; 2] = [
    Bundled {
        name: "demo130-noisy",
        description: "n- and p-channel transistors of a fictitious 130 nm technology, as a laboratory would measure them",
        parquet: include_bytes!("../../../datasets/demo130/demo130-noisy.parquet"),
    },
    Bundled {
        name: "demo130",
        description: "the same technology without noise: five corners, conductances, charges, capacitances",
        parquet: include_bytes!("../../../datasets/demo130/demo130.parquet"),
    },
];

/// The bundled data set called `name`.
///
/// # Errors
/// [`CatalogueError::Unknown`] with the names there are.
pub fn bundled(name: &str) -> Result<Bundled, CatalogueError> {
    BUNDLED.into_iter().find(|b| b.name == name).ok_or_else(|| CatalogueError::Unknown {
        found: name.to_owned(),
        known: BUNDLED.map(|b| b.name).join(", "),
    })
}

impl Bundled {
    /// Writes the set as `NAME.parquet` into `folder` (a temporary name, then renamed); returns the file.
    ///
    /// # Errors
    /// [`CatalogueError::Write`].
    pub fn unpack(&self, folder: &Path) -> Result<PathBuf, CatalogueError> {
        let path = folder.join(format!("{}.parquet", self.name));
        let temporary = folder.join(format!(".{}.{}.part", self.name, std::process::id()));
        std::fs::File::create(&temporary)
            .and_then(|mut f| f.write_all(self.parquet))
            .and_then(|()| std::fs::rename(&temporary, &path))
            .map_err(|source| CatalogueError::Write { path: path.clone(), source })?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_unpacks_byte_for_byte_and_an_unknown_name_lists_the_known() {
        let folder = std::env::temp_dir().join(format!("gummel-catalogue-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for set in BUNDLED {
            let path = bundled(set.name).unwrap().unpack(&folder).unwrap();
            assert_eq!(std::fs::read(path).unwrap(), set.parquet);
        }
        assert_eq!(
            std::fs::read_dir(&folder).unwrap().count(),
            BUNDLED.len(),
            "a temporary file was left behind"
        );
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(bundled("nothing").unwrap_err().to_string().contains("demo130-noisy"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = BUNDLED[0].unpack(Path::new("/nonexistent/folder")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/folder"));
    }
}
