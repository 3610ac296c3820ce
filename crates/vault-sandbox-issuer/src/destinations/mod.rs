//! Where a value goes. Every destination is checked, and what it needs is reserved, before a token is
//! asked for; handing the value over is confirmed, or it did not happen.
//!
//! [`Destinations::standard`] knows files, variables in a file and programs. A destination of one's own
//! is two types and a word for it:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use vault_sandbox_core::endpoints::IssuedToken;
//! use vault_sandbox_issuer::destinations::{
//!     BoxFuture, Destination, DestinationError, Destinations, Report, Reserved, reserve_all,
//! };
//!
//! /// A store of this process; most are somewhere else.
//! #[derive(Clone, Default)]
//! struct Store(Arc<Mutex<Option<String>>>);
//!
//! impl Destination for Store {
//!     fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
//!         // Whatever can fail without a token fails here: is it there, may one write to it?
//!         Box::pin(async { Ok(Box::new(self.clone()) as Box<dyn Reserved>) })
//!     }
//! }
//!
//! impl Reserved for Store {
//!     fn commit<'a>(
//!         self: Box<Self>,
//!         token: &'a IssuedToken,
//!         _: &'a Report,
//!     ) -> BoxFuture<'a, Result<(), DestinationError>> {
//!         Box::pin(async move {
//!             *self.0.lock().unwrap() = Some(token.value().expose().to_owned());
//!             Ok(())
//!         })
//!     }
//! }
//!
//! let store = Store::default();
//! let destinations = Destinations::standard().with("store", move |_| Ok(Box::new(store.clone())));
//! let place = destinations.parse("store:shelf 7")?;
//! assert_eq!(place.for_record(), "store:shelf 7");
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let reserved = reserve_all(&[place]).await?;
//! # assert_eq!(reserved.len(), 1);
//! # Ok::<_, DestinationError>(()) }).unwrap();
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod env_file;
mod env_text;
mod error;
mod exec;
mod files;
mod registry;
mod report;
#[cfg_attr(not(unix), path = "no_reserved_file.rs")]
mod reserved_file;
mod words;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::{AccessToken, looks_like_access_token};

use crate::aside::Waiting;

pub use error::{
    DestinationError, EnvTextError, FileKind, InvalidDestination, InvalidReason, Reason,
};
pub use files::{TargetFile, plain};
pub use registry::{Destinations, Place, check_all, reserve_all, sweep_all};
pub use report::Report;
pub use reserved_file::{ReservedFile, sweep};
pub use words::{OpenQuote, words};

/// What the methods of a trait object give back instead of being `async`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place that values can go to. What it does not know it leaves to what is said here.
pub trait Destination: Send + Sync {
    /// Checks that the value could be handed over now, and reserves nothing. Which place it is, if
    /// that can be told.
    ///
    /// What the delivery will do is tried where trying is harmless. Of itself it
    /// [reserves](Self::reserve), and lets go of that.
    fn check<'a>(
        &'a self,
        round: &'a Round,
    ) -> BoxFuture<'a, Result<Option<Identity>, DestinationError>> {
        let _ = round;
        Box::pin(async { Ok(self.reserve().await?.identity()) })
    }

    /// Checks that the value can be handed over, and reserves what that needs.
    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>>;

    /// The token that lies there now, whichever it is: see [`token_of`]. `None`: there is none, or it
    /// is nowhere to be read.
    fn read(&self) -> BoxFuture<'_, Result<Option<AccessToken>, DestinationError>> {
        Box::pin(async { Ok(None) })
    }

    /// Whether a run that was interrupted had handed the value over. `None`: nobody can tell.
    fn holds<'a>(&'a self, value: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        Box::pin(async move {
            let token = self.read().await.ok()??;
            Some(token.expose() == value.expose())
        })
    }

    /// Whether it is certain that a new value takes the place of nothing.
    fn is_vacant(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { false })
    }

    /// Its words after the kind, wherever they are read again. `None`: as they were written.
    fn for_record(&self) -> Option<String> {
        None
    }

    /// As [`for_record`](Self::for_record), the same for all words that mean this place.
    fn resolved(&self) -> Option<String> {
        self.for_record()
    }

    /// The file that it [replaces](ReservedFile), if it is one: temporaries of runs that were killed lie
    /// beside it.
    fn file(&self) -> Option<PathBuf> {
        None
    }

    /// Whether it keeps the result around the value. Then the token is tried out first, so that the
    /// [report](Report) says what that showed.
    fn wants_result(&self) -> bool {
        false
    }
}

/// A destination that is ready to take a value. Dropping it lets go of what was reserved.
pub trait Reserved: Send + Sync {
    /// Hands the value over and makes sure that it is there.
    ///
    /// Only what is certain is `Ok`: after it, the value may be kept nowhere else.
    fn commit<'a>(
        self: Box<Self>,
        token: &'a IssuedToken,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>>;

    /// Which place it is, to find two destinations that are one.
    fn identity(&self) -> Option<Identity> {
        None
    }
}

/// What two destinations have in common that are one place, however they are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(Vec<u8>);

impl Identity {
    /// The place that these bytes stand for, and no other of any kind.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

/// What a round of checks has tried already. A clone is the same round.
#[derive(Debug, Clone, Default)]
pub struct Round(Arc<Mutex<BTreeSet<Identity>>>);

impl Round {
    /// Nothing was tried yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nobody has asked about this yet.
    #[must_use]
    pub fn is_first(&self, what: &Identity) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tried.insert(what.clone())
    }
}

/// Does work that waits for a disk or a program: on a thread beside an async runtime of tokio's, so that
/// nobody else waits for it, otherwise here. Once it has begun, it goes on to its end even if this is
/// no longer waited for.
pub fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> BoxFuture<'static, T> {
    Box::pin(async move {
        let waiting = match tokio::runtime::Handle::try_current() {
            Ok(_) => Waiting::Aside,
            Err(_) => Waiting::Here,
        };
        waiting.on(work).await
    })
}

/// The token in a text that lies somewhere, line endings after it apart. What does not look like a
/// token is some other secret, and nobody's to send anywhere.
///
/// # Errors
///
/// If it cannot be sent, or does not look like one.
pub fn token_of(text: &str) -> Result<AccessToken, Reason> {
    let text = text.trim_end_matches(['\r', '\n']);
    let token = AccessToken::parse(text).map_err(|e| Reason::NotAToken(e.reason().to_string()))?;
    match looks_like_access_token(text) {
        true => Ok(token),
        false => Err(Reason::NoTokenLook),
    }
}
