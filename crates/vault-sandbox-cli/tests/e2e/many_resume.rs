//! Runs over many sandboxes that were cut off, and what resumes them.
