//! Runs over many sandboxes as they are watched.
