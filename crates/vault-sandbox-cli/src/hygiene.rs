//! What the process does about itself before it reads a secret.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::{Resource, Rlimit, setrlimit, umask};

use crate::voice::Voice;

/// Files are ours alone, a crash leaves no image of the memory, and writing past a file size limit
/// is an error to report, not a signal to die of.
pub(crate) fn set_up() {
    umask(rustix::fs::Mode::from_bits_truncate(0o077));
    // Each of these can only fail where the platform does not have it; the rest still holds.
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _ = signal_hook::flag::register(
        signal_hook::consts::SIGXFSZ,
        Arc::new(AtomicBool::new(false)),
    );
}

/// A panic says where it was, and nothing that it was given: its message may hold a secret.
pub(crate) fn quiet_panics(voice: Voice) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        voice.problem(&format!(
            "Internal error at {place}. This is a defect of vault-sandbox."
        ));
    }));
}
