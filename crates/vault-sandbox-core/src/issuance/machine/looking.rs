//! Which token it is, where nobody heard: looked up, or said by a person.

use thiserror::Error;

use super::{Issuance, State};
use crate::endpoints::{IssuedToken, TokenRecord};
use crate::issuance::look_up::{LookUp, LookUpResult};
use crate::issuance::outcome::Outcome;
use crate::types::TokenId;

/// Why a token cannot be taken for this operation's, whoever says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotThisOne {
    /// It is the token whose place the new one was to take.
    #[error("it is the token that was to be replaced")]
    IsReplaced,
    /// The record knows which token it is, and it is another one.
    #[error("the record names another token")]
    IsKnown,
}

impl Issuance {
    /// After [`resume`](Self::resume): takes a person's word for which token this operation made,
    /// where a look-up cannot know. Followed by [`revoking`](Self::revoking), it is deleted. The word
    /// holds for this run and is not put on record: there, a mistyped ID would come to count as certain.
    ///
    /// # Errors
    ///
    /// It cannot be that one; nothing is changed but that the machine is used up.
    pub fn identified(mut self, id: TokenId) -> Result<Self, NotThisOne> {
        if self.intent.replaces.as_ref() == Some(&id) {
            return Err(NotThisOne::IsReplaced);
        }
        let known = self.token.as_ref().and_then(IssuedToken::id);
        if known
            .or(self.lost.as_ref())
            .is_some_and(|known| *known != id)
        {
            return Err(NotThisOne::IsKnown);
        }
        self.identified = known.or(self.lost.as_ref()).is_none();
        self.candidates.clear();
        if self.token.is_none() && !self.may_be_somewhere() {
            self.state = State::Closed(Outcome::ValueLost(Some(id.clone())));
        }
        self.lost = Some(id);
        Ok(self)
    }

    /// Only what is certain is called ours.
    pub(super) fn looked_up(&mut self, records: &[TokenRecord]) -> State {
        match LookUp::new(&self.intent, self.is_issued()).judge(records) {
            LookUpResult::Certain(id) => {
                self.candidates.clear();
                self.value_lost(Some(id))
            }
            LookUpResult::Uncertain(candidates) => {
                self.candidates = candidates;
                self.not_found()
            }
            LookUpResult::Nothing => self.not_found(),
        }
    }

    /// Which token it is, is not certain.
    pub(super) fn not_found(&mut self) -> State {
        if self.is_issued() {
            // Issued for certain, though nobody knows under which ID.
            self.value_lost(None)
        } else {
            State::Closed(Outcome::Unknown)
        }
    }
}
