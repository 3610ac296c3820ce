//! What could not be done with kept sessions.

use std::io;
use std::path::{Path, PathBuf};

use vault_sandbox_core::VaultDns;

/// What could not be done with a kept session, where, and why: where the system said no, that is the
/// [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Something is there, and cannot be read, or others can read or change it.
    #[error("the kept session {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be understood.
    #[error("the kept session {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A newer version wrote it, in a format of its own, and can use it.
    #[error("the kept session {} was written by a newer version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// It is not for the Vault that its name says.
    #[error("the kept session {} belongs to {vault}", path.display())]
    OfOtherVault {
        /// The file.
        path: PathBuf,
        /// The Vault that it is for.
        vault: Box<VaultDns>,
    },
    /// The directory for sessions is not one that only its owner can enter, or cannot be made.
    #[error("sessions cannot be kept in {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What lies there is nothing that a session may take the place of.
    #[error("no session can take the place of {}", path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file can be made beside it.
    #[error("no file can be made beside {}", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk has no room for it.
    #[error("there is no room for the session {}", path.display())]
    Room {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It may not be kept.
    #[error("the session {} cannot be written", path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It, or what was left of one, may still be there.
    #[error("the kept session {} cannot be deleted", path.display())]
    Delete {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SessionError {
    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Read { path, .. }
            | Self::Damaged { path }
            | Self::Newer { path }
            | Self::OfOtherVault { path, .. }
            | Self::Directory { path, .. }
            | Self::Target { path, .. }
            | Self::Make { path, .. }
            | Self::Room { path, .. }
            | Self::Keep { path, .. }
            | Self::Delete { path, .. } => path,
        }
    }
}
