//! `exec:`: the value on the standard input of a program, and nowhere else.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;

use super::files::plain;
use super::{
    BoxFuture, Destination, DestinationError, Identity, InvalidReason, Reason, Report, Reserved,
    Round, blocking, words,
};
use crate::child::{self, Programs};

const LIMIT: Duration = Duration::from_secs(60);
/// Writing into a pipe that somebody reads, or that has room, takes no time.
const WRITING: Duration = Duration::from_secs(5);

/// A program and its arguments.
#[derive(Debug, Clone)]
struct Program {
    programs: Programs,
    name: String,
    arguments: Vec<String>,
}

/// A program that was found.
#[derive(Debug, Clone)]
struct FoundProgram {
    program: Program,
    path: PathBuf,
}

pub(super) fn open(text: &str, programs: &Programs) -> Result<Box<dyn Destination>, InvalidReason> {
    let mut words = words(text)
        .map_err(|_| InvalidReason::OpenQuote)?
        .into_iter();
    let name = words.next().ok_or(InvalidReason::NoProgram)?;
    Ok(Box::new(Program {
        programs: programs.clone(),
        name,
        arguments: words.collect(),
    }))
}

impl Program {
    fn wrong(&self, why: impl Into<Reason>) -> DestinationError {
        DestinationError::new(format!("exec:{}", self.name), why)
    }

    /// Finds the program: now, so that it cannot be missing later.
    fn find(&self) -> Result<FoundProgram, DestinationError> {
        let path = self.programs.find(&self.name);
        Ok(FoundProgram {
            program: self.clone(),
            path: path.ok_or_else(|| self.wrong(Reason::NoProgram))?,
        })
    }
}

impl FoundProgram {
    /// Runs it and hands it the value. It has done its part if it read all of it and ended with 0.
    fn commit(&self, value: &[u8], report: &Report) -> Result<(), Reason> {
        let (reader, mut writer) = io::pipe()?;
        let mut command = self.program.programs.command(&self.path);
        command
            .args(&self.program.arguments)
            .stdin(reader.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        child::in_its_own_group(&mut command);
        let mut running = command.spawn()?;
        // The command holds a copy of the reading end: gone, or the child would never be alone with it.
        drop(command);
        let said = child::listen(running.stderr.take());
        let value = value.to_vec();
        let (written, all_written) = mpsc::channel();
        std::thread::spawn(move || {
            // A child that does not read is found by what is left in the pipe.
            let _ = written.send(writer.write_all(&value));
        });
        let status = child::wait(&mut running, LIMIT);
        report.add_output(&child::heard(&said));
        let status = status?.ok_or(Reason::TimedOut {
            seconds: LIMIT.as_secs(),
        })?;
        // It may have ended before the value was in the pipe: an empty pipe alone proves nothing.
        let is_written = matches!(all_written.recv_timeout(WRITING), Ok(Ok(())));
        if !is_written || !child::is_empty(&reader)? {
            return Err(Reason::NotRead);
        }
        match status.success() {
            true => Ok(()),
            false => Err(Reason::Failed(status)),
        }
    }
}

impl Destination for Program {
    fn check<'a>(
        &'a self,
        _: &'a Round,
    ) -> BoxFuture<'a, Result<Option<Identity>, DestinationError>> {
        let program = self.clone();
        blocking(move || program.find().map(|_| None))
    }

    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        let program = self.clone();
        blocking(move || Ok(Box::new(program.find()?) as Box<dyn Reserved>))
    }

    /// It was handed to a program: nobody can tell.
    fn holds<'a>(&'a self, _: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        Box::pin(async { None })
    }
}

impl Reserved for FoundProgram {
    fn commit<'a>(
        self: Box<Self>,
        token: &'a IssuedToken,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        let (token, report) = (token.clone(), report.clone());
        blocking(move || {
            let value = plain(&token);
            let committed = value.and_then(|value| (*self).commit(value.as_bytes(), &report));
            committed.map_err(|why| self.program.wrong(why))
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn words_arrive_as_they_were_written_and_secrets_do_not() {
        let programs = Programs::new().search(["/usr/bin".into(), "/bin".into(), "bin".into()]);
        let said = |line: &str| {
            let words = words(line).unwrap();
            let program = Program {
                // Every process has it here; the test sets none of its own.
                programs: programs.clone().without(["CARGO_MANIFEST_DIR"]),
                name: words[0].clone(),
                arguments: words[1..].to_vec(),
            };
            let report = crate::testing::report(0);
            let done = program.find().unwrap().commit(b"the value", &report);
            let said = String::from_utf8(report.take_output()).unwrap();
            (done.map_err(|why| why.to_string()), said)
        };
        let (done, heard) = said("sh -c 'cat >&2; echo \" $@\" >&2' sh --to #deploys --as x");
        assert_eq!(done, Ok(()));
        assert_eq!(heard, "the value --to #deploys --as x\n");
        let (done, heard) = said("sh -c 'cat >&2; echo ${CARGO_MANIFEST_DIR-none} >&2; exit 3'");
        assert_eq!(done, Err("it failed: exit status: 3".to_owned()));
        assert_eq!(heard, "the valuenone\n");
        assert_eq!(said("true").0, Err("it did not read the value".to_owned()));
        assert!(programs.find("no-such-program").is_none());
        assert!(Programs::new().find("sh").is_none());
    }
}
