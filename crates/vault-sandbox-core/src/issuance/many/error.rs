use thiserror::Error;

/// Why bytes are no record of a run that can be gone on with. Never quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// It ends before the plan does: nothing was begun. The record can go.
    #[error("nothing of the run was begun")]
    NothingBegun,
    /// A newer version wrote it, or something in it. To be left alone.
    #[error("the record of the run was written by a newer version")]
    Newer,
    /// It does not begin with a plan. To be left alone: a person has to see to it.
    #[error("the record of the run is damaged")]
    Damaged,
}
