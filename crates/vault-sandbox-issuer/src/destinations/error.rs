//! What is wrong with a destination, as values.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A destination that cannot be used, or did not take the value.
#[derive(Debug)]
pub struct DestinationError {
    destination: String,
    reason: Reason,
}

impl DestinationError {
    /// This is wrong with this destination.
    #[must_use]
    pub fn new(destination: impl Into<String>, reason: impl Into<Reason>) -> Self {
        Self {
            destination: destination.into(),
            reason: reason.into(),
        }
    }

    /// The path of the file, or the destination as it was written.
    #[must_use]
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What is wrong, by value.
    #[must_use]
    pub fn into_reason(self) -> Reason {
        self.reason
    }
}

impl fmt::Display for DestinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.destination, self.reason)
    }
}

/// The reason is in the words already: what is behind it comes next.
impl std::error::Error for DestinationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.source()
    }
}

/// What is wrong with a destination. The words are the end of a sentence.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// Two destinations are one place: one would overwrite the other.
    #[error("named twice")]
    NamedTwice,
    /// There is something that a token must not be written to, or through.
    #[error("it is {0}, and a token is only written to a regular file")]
    NotRegular(FileKind),
    /// There is no such directory.
    #[error("the directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// What should be a directory is something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The directory cannot be opened.
    #[error("the directory {}", .0.display())]
    Directory(PathBuf, #[source] io::Error),
    /// Anybody could put another file there.
    #[error("the directory {} can be changed by every user of this machine", .0.display())]
    OpenToAll(PathBuf),
    /// No temporary can be made beside the file.
    #[error("no file can be made in {}", .0.display())]
    CannotMakeFile(PathBuf, #[source] io::Error),
    /// The value would not fit.
    #[error("there is no room for the value")]
    NoRoom(#[source] io::Error),
    /// The file belongs to somebody else, and a new one could not be given to them.
    #[error("its owner or group cannot be kept")]
    Ownership(#[source] io::Error),
    /// The file cannot be locked against other writers.
    #[error("it cannot be locked")]
    Lock(#[source] io::Error),
    /// Somebody else has kept the file locked all the while.
    #[error("another process is writing to it")]
    Locked,
    /// One variable cannot be set in the file's text.
    #[error(transparent)]
    EnvText(#[from] EnvTextError),
    /// A file that is read is longer than any that a value was written to.
    #[error("it is too long to {0}")]
    TooLong(&'static str),
    /// What lies there is not text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// What lies there cannot be sent as a token.
    #[error("what lies there {0}")]
    NotAToken(String),
    /// What lies there is something else, perhaps another secret.
    #[error("what lies there does not look like a token")]
    NoTokenLook,
    /// The value could not be written as it is.
    #[error("the value has characters that no token is documented to have")]
    OddValue,
    /// The directory was replaced by another one after it was checked.
    #[error("its directory was replaced by another one meanwhile")]
    DirectoryMoved,
    /// What was written is not there any more.
    #[error("it was changed by another program meanwhile")]
    Changed,
    /// There is no such program, or it may not be run.
    #[error("there is no such program that you may run")]
    NoProgram,
    /// The program went on for too long.
    #[error("it did not end within {seconds} s and was killed")]
    TimedOut {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The program ended without having read all of the value.
    #[error("it did not read the value")]
    NotRead,
    /// The program said that it failed.
    #[error("it failed: {0}")]
    Failed(std::process::ExitStatus),
    /// Files are not written on this platform yet.
    #[error("files cannot be written safely on this platform yet")]
    Unsupported,
    /// The operating system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What a destination of another kind says.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Reason {
    /// Anything else, in words that end a sentence.
    #[must_use]
    pub fn other(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(why.into())
    }
}

/// What stands where a regular file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A directory.
    Directory,
    /// A symbolic link, whether it leads anywhere or not.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// Something else.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Fifo => "a fifo",
            Self::Socket => "a socket",
            Self::Device => "a device",
            Self::Other => "no regular file",
        })
    }
}

/// Why one variable cannot be set in a file of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvTextError {
    /// Which of the two lines counts, depends on the reader.
    #[error("the variable is set twice in it")]
    SetTwice,
    /// A quote is open at the end.
    #[error("it has a quote that does not end, so its lines cannot be told apart")]
    OpenQuote,
    /// The last line ends with a backslash.
    #[error("its last line goes on, so nothing can be added to it")]
    GoesOn,
    /// The value cannot be quoted.
    #[error("the value has a quote in it, which such a file cannot hold")]
    QuoteInValue,
}

/// Words that name no destination.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}: {reason}")]
pub struct InvalidDestination {
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub reason: InvalidReason,
}

/// Why words name no destination. The words are the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidReason {
    /// Nothing follows the kind, or it holds a NUL.
    #[error("there is no path in it")]
    NoPath,
    /// A file of variables without a variable.
    #[error("which variable?")]
    NoVariable,
    /// A word that cannot name a variable.
    #[error("{0:?} cannot name a variable")]
    NotAVariable(String),
    /// No program is named.
    #[error("there is no program in it")]
    NoProgram,
    /// A quote is open at the end.
    #[error("it has a quote that does not end")]
    OpenQuote,
    /// No destination of this kind was registered.
    #[error("there is no destination of the kind {0:?}")]
    UnknownKind(String),
    /// What a destination of another kind says.
    #[error("{0}")]
    Other(String),
}
