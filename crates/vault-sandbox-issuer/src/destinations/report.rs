//! What a destination is told beside the token.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use vault_sandbox_core::issuance::{Issuance, Outcome};

/// What came of an operation, as it is once the delivery that it is handed to has succeeded.
#[derive(Clone)]
#[non_exhaustive]
pub struct Report {
    /// The operation: its intent, token, deliveries and verification.
    pub issuance: Issuance,
    /// The outcome that is reached if this delivery succeeds.
    pub outcome: Outcome,
    /// Which of the operation's destinations this one is.
    pub index: usize,
    beside: Option<Arc<dyn Any + Send + Sync>>,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Report {
    /// The report for the destination of this index.
    #[must_use]
    pub fn new(issuance: Issuance, outcome: Outcome, index: usize) -> Self {
        Self {
            issuance,
            outcome,
            index,
            beside: None,
            output: Arc::default(),
        }
    }

    /// With something that the driver knows, for destinations of its own.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, beside: T) -> Self {
        self.beside = Some(Arc::new(beside));
        self
    }

    /// What the driver gave with [`with`](Self::with), if it is of this type.
    #[must_use]
    pub fn beside<T: Any>(&self) -> Option<&T> {
        self.beside.as_deref()?.downcast_ref()
    }

    /// Adds to what a program that was run wrote to stderr. It may hold the value: the driver
    /// scrubs it before it shows it.
    pub fn add_output(&self, bytes: &[u8]) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.extend_from_slice(bytes);
    }

    /// What was [added](Self::add_output) so far; it is taken away.
    #[must_use]
    pub fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.output.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What programs wrote is not shown: it may hold the value.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("operation", &self.issuance.intent().operation)
            .field("outcome", &self.outcome)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
