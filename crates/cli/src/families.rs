//! The families of a dataset, each by itself.

use gummel_data::Dataset;
use std::collections::BTreeMap;

/// The families of `data` by name, each as a dataset of its own.
pub fn by_family(data: &Dataset) -> BTreeMap<String, Dataset> {
    data.parted_by(|id| id.family.to_string()).into_iter().collect()
}
