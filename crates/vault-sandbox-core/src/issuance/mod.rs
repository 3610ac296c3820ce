//! Issuing a token so that it is never lost and never minted twice: a pure state machine.
//!
//! Generating a token is not idempotent, its value is shown once, and any step can fail. So the
//! rules live here, apart from every file, socket and clock: an [`Issuance`] says what to do next
//! ([`Step`]), is told what happened ([`Event`]), and ends in exactly one [`Outcome`]. Whoever
//! drives it, a program or a service of yours, carries the steps out and gets the same guarantees.
//!
//! 1. **Trace**: the intent is persisted before a byte of the request leaves.
//! 2. **Once**: there is one [`Step::Send`]. There is a second only after Vault itself said that the
//!    session was invalid, so that nothing was done, and a new sign-in worked.
//! 3. **Value**: a value that arrived is kept before anything else is tried with it.
//! 4. **Delivered**: nothing is forgotten before every destination confirmed.
//! 5. **Unknown is a result**: a request whose fate is unknown is looked up, never repeated.
//! 6. **Ours**: a token is called this operation's only if Vault answered its ID, or if a look-up is
//!    certain ([`LookUp`]), or if a person says so ([`Issuance::identified`]). Nothing else is ever
//!    deleted.
//! 7. **Replaced**: a token that takes another's place ([`Intent::replaces`]) is seen to work before
//!    any destination is touched, else it is deleted again; the other is deleted last, once it is on
//!    disk that every destination has the new value.
//! 8. **Claimed**: that a record keeps a value is said only once it was looked at.
//!
//! What a step showed is judged here too, so that no driver has to: [`LookUp`], [`TryOut`],
//! [`RemovalEvidence`]. A record is written by [`Journal`], over a [`Storage`] of yours. Many sandboxes
//! in one run are [`many`].
//!
//! A record that an interrupted run left is this machine started again, from
//! [`Issuance::resume`]; there is no second code path.
//!
//! ```
//! use vault_sandbox_core::issuance::{Event, Intent, Issuance, Outcome, Step};
//! # use vault_sandbox_core::{AccessToken, Error};
//! # fn append_and_sync(_: &[u8]) -> bool { true }
//! # fn remove_journal() -> bool { true }
//! # fn hand_over(_: &AccessToken) -> bool { true }
//!
//! fn issue(intent: Intent) -> Outcome {
//!     let mut issuance = Issuance::new(intent);
//!     loop {
//!         let event = match issuance.step() {
//!             Step::Persist(entry) | Step::Keep(entry) => Event::from_success(append_and_sync(entry.to_line().as_bytes())),
//!             Step::Send(_request) => Event::NotSent, // your transport: Event::from_call(&client.call(&request).await)
//!             Step::Deliver { value, .. } => Event::from_success(hand_over(value)),
//!             Step::Forget => Event::from_success(remove_journal()),
//!             Step::Done(outcome) => return outcome.clone(),
//!             // Whatever else it asks for may be declined.
//!             _ => Event::Failed,
//!         };
//!         issuance.tell(event).expect("an event that fits its step");
//!     }
//! }
//! ```

mod intent;
mod journal;
mod look_up;
mod machine;
pub mod many;
mod outcome;
mod removal;
mod step;
mod verification;

pub use intent::{Intent, OPERATION_PLACEHOLDER, Order, VerifyRule};
pub use journal::{
    Delivery, DeliveryState, Entry, FILLER, Journal, JournalError, NewerRecord, Opened, RESERVED,
    Record, Storage,
};
pub use look_up::{LookUp, LookUpResult};
pub use machine::{Issuance, NotThisOne, Unexpected};
pub use outcome::{NotIssued, Outcome};
pub use removal::{Removal, RemovalEvidence};
pub use step::{Event, Step};
pub use verification::{TryOut, Verification};
