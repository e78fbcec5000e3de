//! Why a device library could not be written.

use std::path::PathBuf;

/// Everything that can go wrong with an export to OSDI.
#[derive(Debug, thiserror::Error)]
pub enum OsdiError {
    /// No model, or more than a library has descriptors for.
    #[error("{found} models for one library, expected 1 to {most}; write several libraries")]
    Count {
        /// Models given.
        found: usize,
        /// Most models of one library.
        most: usize,
    },
    /// Names were given, but neither one per model nor one for all.
    #[error("{names} names for {models} models; give one name per model, one for all, or none")]
    NameCount {
        /// Names given.
        names: usize,
        /// Models given.
        models: usize,
    },
    /// A name that a netlist cannot use.
    #[error("'{name}' cannot name a device type: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two models would have the same name.
    #[error("two models would be called '{0}' in netlists; give each a name of its own")]
    SameName(String),
    /// Two models of one device type would be of the same family.
    #[error("two models are of family '{0}', which is to tell them apart; give each a name of its own")]
    SameFamily(String),
    /// The model's numbers are not a valid model.
    #[error("model {title} cannot be exported: {reason}; fit it again")]
    Model {
        /// Technology and family.
        title: String,
        /// What its check found.
        reason: String,
    },
    /// More data than fit into a library.
    #[error(
        "the models take {needed} bytes, the library has room for {room}; write several libraries or fewer devices"
    )]
    TooLarge {
        /// Bytes of the models.
        needed: usize,
        /// Bytes of the slot.
        room: usize,
    },
    /// The template that this program carries has no slot: the build went wrong.
    #[error("this build of gummel carries no usable device library; install it again")]
    Template,
    /// The operating system refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The library.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
}
