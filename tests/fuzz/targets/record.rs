//! Any bytes as a pending record: no panic; what can be read can be gone on with; and a value that
//! comes out was written whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vault_sandbox_core::issuance::{Entry, Issuance, Record};

fuzz_target!(|journal: &[u8]| {
    let Ok(record) = Record::read(journal) else { return };
    assert!(record.intact <= journal.len());
    // Its first line is written the same way again.
    let line = Entry::Intent(record.intent.clone()).to_line();
    assert!(Record::read(line.as_bytes()).is_ok_and(|again| again.intent == record.intent));
    if let Some(token) = record.token.clone() {
        let entry = Entry::Token(token).to_line();
        let whole = [line.as_bytes(), entry.as_bytes()].concat();
        assert!(Record::read(&whole).is_ok_and(|again| again.token.is_some()));
    }
    let _ = Issuance::resume(record.clone()).step();
    let _ = Issuance::resume(record).revoking().step();
});
