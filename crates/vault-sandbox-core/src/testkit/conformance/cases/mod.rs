//! The cases, in the order of the contract. Every check judges one sentence, so that a mistake shows
//! under its own name.

mod answers;
mod cut;
mod drops;
mod headers;
mod once;
mod secrets;
mod sends;
mod size;
mod time;
mod unsent;

use super::scene::Scene;

pub(super) fn all() -> impl Iterator<Item = &'static Scene> {
    [
        sends::SCENES,
        once::SCENES,
        answers::SCENES,
        time::SCENES,
        size::SCENES,
        headers::SCENES,
        unsent::SCENES,
        cut::SCENES,
        drops::SCENES,
        // Looks at all errors before it.
        secrets::SCENES,
    ]
    .into_iter()
    .flatten()
}
