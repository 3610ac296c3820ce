//! What happens seldom, and has to happen all the same for the simulation to be believed.

/// Something that happens seldom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rare {
    /// A token without its value is noted, and its ID is not known.
    NotedWithoutId,
    /// A run is cut off between the mark that nothing is to be delivered and the deletion.
    RenouncedThenCrash,
    /// What was said to be kept is not in the record any more.
    ConfirmFailed,
    /// The mark before the old token is deleted cannot be written.
    SettlingFailed,
    /// There never was such a token as a person named.
    NamedNoToken,
    /// A person names somebody else's token.
    Misnamed,
    /// A person names the token that is to be replaced, and is refused.
    NamedReplaced,
    /// A person names another token than the record, and is refused.
    NamedAnother,
    /// A look-up is not certain, and ours is among the candidates.
    UncertainWithOurs,
    /// A look-up finds only what is somebody else's.
    OnlyStrangers,
    /// A look-up finds only the token that is to be replaced.
    OnlyTheOldOne,
    /// A look-up of a name of its own finds a copy beside it.
    CopiedName,
    /// A look-up is certain.
    Certain,
    /// A crash tears a line, and the next run erases what is left of it.
    TornErased,
    /// A run is cut off after what is stale was erased, and before the next line.
    CrashAfterErasing,
    /// A newer version wrote into the record.
    Newer,
    /// An optional line is still there when a later run has gone on.
    OptionalKept,
    /// An earlier version wrote down tokens that may be somebody else's.
    LostUncertain,
    /// A second sign-in is followed by a second request.
    SentAgain,
    /// A record that was removed is back after a loss of power.
    Ghost,
    /// A record was removed by somebody else.
    Stolen,
    /// A record was emptied by somebody else.
    Cut,
    /// A deletion whose answer was lost is judged by looking.
    LostDeletion,
    /// A token that cannot be seen is tried with its value.
    Invisible,
    /// A delivery that failed is tried again by the next run, and works.
    FailedThenDelivered,
    /// A value that was kept nowhere is delivered.
    DeliveredUnkept,
    /// A new token that will not do is deleted.
    Unfit,
    /// The old token may still be there.
    OldRemains,
    /// A temporary file that a run left is swept by a later one.
    Swept,
    /// A look-up shows ours without its name.
    Nameless,
    /// It ends well: what was kept is delivered by the last run.
    WellDelivered,
    /// It ends well: what was lost is deleted by the last run.
    WellRevoked,
    /// It ends well: what may exist is left for a person to judge.
    WellUncertain,
}

impl Rare {
    /// Every one.
    pub const ALL: [Self; 33] = [
        Self::NotedWithoutId,
        Self::RenouncedThenCrash,
        Self::ConfirmFailed,
        Self::SettlingFailed,
        Self::NamedNoToken,
        Self::Misnamed,
        Self::NamedReplaced,
        Self::NamedAnother,
        Self::UncertainWithOurs,
        Self::OnlyStrangers,
        Self::OnlyTheOldOne,
        Self::CopiedName,
        Self::Certain,
        Self::TornErased,
        Self::CrashAfterErasing,
        Self::Newer,
        Self::OptionalKept,
        Self::LostUncertain,
        Self::SentAgain,
        Self::Ghost,
        Self::Stolen,
        Self::Cut,
        Self::LostDeletion,
        Self::Invisible,
        Self::FailedThenDelivered,
        Self::DeliveredUnkept,
        Self::Unfit,
        Self::OldRemains,
        Self::Swept,
        Self::Nameless,
        Self::WellDelivered,
        Self::WellRevoked,
        Self::WellUncertain,
    ];
}

/// How often each happened.
#[derive(Debug, Clone)]
pub struct Rares([u64; Rare::ALL.len()]);

impl Default for Rares {
    fn default() -> Self {
        Self([0; Rare::ALL.len()])
    }
}

impl Rares {
    /// It happened.
    pub fn saw(&mut self, rare: Rare) {
        self.0[rare as usize] += 1;
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, rare: Rare) -> u64 {
        self.0[rare as usize]
    }

    /// Those of another run, too.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// What did not happen at all.
    pub fn missing(&self) -> impl Iterator<Item = Rare> {
        Rare::ALL.into_iter().filter(|rare| self.count(*rare) == 0)
    }
}
