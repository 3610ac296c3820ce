//! The rules of the protocol that can be taken out: what the simulation must notice to be believed.

/// A rule that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Sends although the intent could not be persisted.
    SendWithoutTrace,
    /// Sends again when nobody knows what became of the request.
    SendAfterUnknown,
    /// Sends again after an invalid session, without a new sign-in.
    SendWithoutSignIn,
    /// Sends a third time after a second invalid session.
    SendThrice,
    /// Sends again what an interrupted run may have sent.
    SendOnResume,
    /// Never keeps the value.
    KeepNever,
    /// Keeps the value only once it was delivered.
    KeepAfterDelivery,
    /// Believes that a value is kept although keeping it failed.
    KeepFailureIgnored,
    /// Calls a token issued although its value could neither be kept nor was delivered.
    KeepFailureIsIssued,
    /// Does not say on disk which delivery is about to begin.
    NoMarks,
    /// Does not say so of the first, even where the value could not be kept.
    NoFirstMark,
    /// Forgets once one destination has the value.
    ForgetAfterFirst,
    /// Takes a failed delivery for one that worked.
    FailedIsDelivered,
    /// Delivers again without looking whether the interrupted run did.
    RedeliverUnchecked,
    /// Delivers again where nobody can tell whether the interrupted run did.
    DoubtIsNo,
    /// Takes a delivery of which nobody can tell for one that worked.
    DoubtIsYes,
    /// Takes a look-up that finds nothing for proof that there is no token.
    EmptyIsNotIssued,
    /// Takes an `EXCEPTION`, or no answer, for a refusal.
    UnknownIsRefused,
    /// Takes a request that was no longer waited for to be not sent.
    GivenUpIsNotSent,
    /// Drops the ID of an answer that has no value.
    IdDropped,
    /// Stops even when the value has arrived.
    StopAfterAnswer,
    /// Forgets a record without a value instead of looking.
    ForgetOnResume,
    /// Does not remember which tokens are without their value.
    LostForgotten,
    /// Goes by the value alone when it resumes, not by deliveries that began without it being kept.
    MarksForgotten,
    /// Calls a kept value lost when the token to be revoked is not found.
    KeptIsLost,
    /// Takes any hit of a look-up for this operation's.
    AnyHitIsOurs,
    /// Takes the token that is to be replaced for a candidate.
    ReplacedIsOurs,
    /// Takes a token of its own name for certain although it was used.
    UsedIsCertain,
    /// Takes the first of two tokens of its own name for certain.
    TwoAreCertain,
    /// Does not say which tokens may be this operation's.
    CandidatesForgotten,
    /// Deletes the token that a person named without having seen it.
    UnseenIsDeleted,
    /// Lets a person name the token that is to be replaced.
    ReplacedIsNamed,
    /// Lets a person name another token than the record.
    AnotherIsNamed,
    /// Says that a value is kept without looking.
    ConfirmSkipped,
    /// Does not try again what failed in an earlier run.
    FailedStaysFailed,
    /// Forgets destinations that are no longer wanted.
    PlacesForgotten,
    /// Deletes every token of the name, though only one can be this operation's.
    RevokeAllOfName,
    /// Calls a deletion that failed done.
    RevokeFailureIgnored,
    /// Deletes a kept token while its record still says to deliver it.
    RevokeUnmarked,
    /// Calls a token issued that is not as asked.
    MismatchIgnored,
    /// Puts a new token in the place of an old one although nobody could try it out.
    ReplaceUnproven,
    /// Puts a new token in the place of an old one although it is not as asked.
    ReplaceUnfit,
    /// Leaves a token that will not do as it is.
    UnfitStays,
    /// Deletes the old token once the new one works, before it is everywhere.
    RetireEarly,
    /// Takes the old token for deleted although it was not.
    RetireFailureIgnored,
    /// Takes the old token's place after a restart without trying the new one out.
    ReplaceOnResume,
    /// Leaves a hole in the journal where a line could not be synced. Of the journal, not the machine.
    HoleInJournal,
    /// Goes on with a record without erasing what stands behind its intact part. Of the journal, too.
    StaleJournal,
    /// Passes an unknown line over. Of the reader.
    UnknownLineIgnored,
    /// Writes where an unknown line stands. Of the reader.
    UnknownLineErased,
}

impl Rule {
    /// Every one.
    pub const ALL: [Self; 50] = [
        Self::SendWithoutTrace,
        Self::SendAfterUnknown,
        Self::SendWithoutSignIn,
        Self::SendThrice,
        Self::SendOnResume,
        Self::KeepNever,
        Self::KeepAfterDelivery,
        Self::KeepFailureIgnored,
        Self::KeepFailureIsIssued,
        Self::NoMarks,
        Self::NoFirstMark,
        Self::ForgetAfterFirst,
        Self::FailedIsDelivered,
        Self::RedeliverUnchecked,
        Self::DoubtIsNo,
        Self::DoubtIsYes,
        Self::EmptyIsNotIssued,
        Self::UnknownIsRefused,
        Self::GivenUpIsNotSent,
        Self::IdDropped,
        Self::StopAfterAnswer,
        Self::ForgetOnResume,
        Self::LostForgotten,
        Self::MarksForgotten,
        Self::KeptIsLost,
        Self::AnyHitIsOurs,
        Self::ReplacedIsOurs,
        Self::UsedIsCertain,
        Self::TwoAreCertain,
        Self::CandidatesForgotten,
        Self::UnseenIsDeleted,
        Self::ReplacedIsNamed,
        Self::AnotherIsNamed,
        Self::ConfirmSkipped,
        Self::FailedStaysFailed,
        Self::PlacesForgotten,
        Self::RevokeAllOfName,
        Self::RevokeFailureIgnored,
        Self::RevokeUnmarked,
        Self::MismatchIgnored,
        Self::ReplaceUnproven,
        Self::ReplaceUnfit,
        Self::UnfitStays,
        Self::RetireEarly,
        Self::RetireFailureIgnored,
        Self::ReplaceOnResume,
        Self::HoleInJournal,
        Self::StaleJournal,
        Self::UnknownLineIgnored,
        Self::UnknownLineErased,
    ];
}
