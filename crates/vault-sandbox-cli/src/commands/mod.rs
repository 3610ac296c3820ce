//! The commands, one file each.

pub(crate) mod create;
pub(crate) mod documents;
pub(crate) mod recover;
pub(crate) mod sandboxes;
pub(crate) mod simulate;

use crate::args::Global;
use crate::settings::Settings;
use crate::voice::Voice;

/// What every command is given.
pub(crate) struct Context<'a> {
    pub(crate) global: &'a Global,
    pub(crate) settings: &'a Settings,
    pub(crate) voice: &'a Voice,
}
