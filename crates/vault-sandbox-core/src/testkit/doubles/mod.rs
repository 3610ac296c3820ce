mod from_fn;
mod never;
mod recorder;
mod scripted;

pub use from_fn::{FromAsyncFn, FromFn, from_async_fn, from_fn};
pub use never::NeverAnswers;
pub use recorder::{Recorded, Recorder};
pub use scripted::{Scripted, answer};
