//! What is simulated, behind a trait: the real machine, or one that lacks a rule.

use std::fmt;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::{IssuedToken, TokenRecord};
use vault_sandbox_core::issuance::{
    Delivery, Event, Intent, Issuance, NotThisOne, Record, Step, Unexpected,
};

use super::disk::Flaw;

/// The machine, as far as whoever drives it sees it.
pub trait Protocol: Sized {
    /// What to do next.
    fn step(&self) -> Step<'_>;
    /// What became of it.
    ///
    /// # Errors
    ///
    /// The event does not fit the step.
    fn tell(&mut self, event: Event) -> Result<(), Unexpected>;
    /// As [`Issuance::redirected`].
    #[must_use]
    fn redirected(self, destinations: Vec<String>) -> Self;
    /// As [`Issuance::revoking`].
    #[must_use]
    fn revoking(self) -> Self;
    /// As [`Issuance::identified`].
    ///
    /// # Errors
    ///
    /// It cannot be that one.
    fn identified(self, id: TokenId) -> Result<Self, NotThisOne>;
    /// As [`Issuance::token`].
    fn token(&self) -> Option<&IssuedToken>;
    /// As [`Issuance::candidates`].
    fn candidates(&self) -> &[TokenRecord];
    /// As [`Issuance::places`].
    fn places(&self) -> Vec<String>;
    /// As [`Issuance::is_kept`].
    fn is_kept(&self) -> bool;
    /// As [`Issuance::deliveries`].
    fn deliveries(&self) -> &[Delivery];
}

/// Makes machines.
pub trait Rules: Copy + fmt::Debug {
    /// What it makes.
    type Protocol: Protocol;
    /// As [`Issuance::new`].
    fn begin(self, intent: Intent) -> Self::Protocol;
    /// As [`Issuance::resume`].
    fn resume(self, record: Record) -> Self::Protocol;
    /// What is wrong with the way its driver writes the journal.
    fn flaw(self) -> Option<Flaw> {
        None
    }
}

/// The rules as they are.
#[derive(Debug, Clone, Copy)]
pub struct Real;

impl Rules for Real {
    type Protocol = Issuance;

    fn begin(self, intent: Intent) -> Issuance {
        Issuance::new(intent)
    }

    fn resume(self, record: Record) -> Issuance {
        Issuance::resume(record)
    }
}

impl Protocol for Issuance {
    fn step(&self) -> Step<'_> {
        self.step()
    }

    fn tell(&mut self, event: Event) -> Result<(), Unexpected> {
        self.tell(event)
    }

    fn redirected(self, destinations: Vec<String>) -> Self {
        self.redirected(destinations)
    }

    fn revoking(self) -> Self {
        self.revoking()
    }

    fn identified(self, id: TokenId) -> Result<Self, NotThisOne> {
        self.identified(id)
    }

    fn token(&self) -> Option<&IssuedToken> {
        self.token()
    }

    fn candidates(&self) -> &[TokenRecord] {
        self.candidates()
    }

    fn places(&self) -> Vec<String> {
        self.places().to_vec()
    }

    fn is_kept(&self) -> bool {
        self.is_kept()
    }

    fn deliveries(&self) -> &[Delivery] {
        self.deliveries()
    }
}
