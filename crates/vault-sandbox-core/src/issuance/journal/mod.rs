//! The trace of an issuance as lines of text, each complete in itself, and how they are written.

mod lines;
mod record;
mod writer;

pub use lines::FILLER;
pub use record::{Delivery, DeliveryState, Entry, JournalError, NewerRecord, Record};
pub use writer::{Journal, Opened, RESERVED, Storage};
