//! `env-file:`: the value as one line of a file of variables, `VAR=value`. Every other byte stays as
//! it is, and so do owner, group and mode, but for what others may do.

use std::path::{Path, PathBuf};

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;

use super::files::{LONGEST, TargetFile, plain};
use super::reserved_file::{self, Ownership, Present, ReservedFile};
use super::{
    BoxFuture, Destination, DestinationError, Identity, InvalidReason, Reason, Report, Reserved,
    Round, blocking, env_text, token_of,
};

const TOO_LONG: Reason = Reason::TooLong("be a file of variables");

/// A file and the variable in it.
#[derive(Debug, Clone)]
struct EnvFile {
    target: TargetFile,
    variable: String,
}

/// A file of variables that is ready to have one set.
struct ReservedEnvFile {
    file: ReservedFile,
    variable: String,
}

/// `PATH#VAR`.
pub(super) fn open(text: &str) -> Result<Box<dyn Destination>, InvalidReason> {
    let (path, variable) = text.rsplit_once('#').ok_or(InvalidReason::NoVariable)?;
    if !env_text::is_variable(variable) {
        return Err(InvalidReason::NotAVariable(variable.to_owned()));
    }
    Ok(Box::new(EnvFile {
        target: TargetFile::parse(path)?,
        variable: variable.to_owned(),
    }))
}

impl EnvFile {
    fn words(&self, path: &Path) -> String {
        format!("{}#{}", path.display(), self.variable)
    }

    fn path(&self) -> &Path {
        self.target.path()
    }

    fn wrong(&self, why: impl Into<Reason>) -> DestinationError {
        self.target.wrong(why)
    }

    fn check(&self, round: &Round) -> Result<Identity, DestinationError> {
        let identity = ReservedFile::check(self.path(), round)?;
        let try_out = || {
            let ownership = self.check_content(reserved_file::present(self.path(), LONGEST)?)?;
            let directory = self.path().parent().unwrap_or(Path::new(""));
            let tried = Identity::new(format!("env-file:{}", directory.display()));
            if round.is_first(&tried) || ownership.is_some_and(Ownership::is_foreign) {
                try_out(&reserved_file::prepare(self.path())?, ownership)?;
            }
            Ok(())
        };
        try_out().map_err(|why: Reason| self.wrong(why))?;
        Ok(identity)
    }

    fn reserve(&self) -> Result<ReservedEnvFile, DestinationError> {
        let length = self.path().symlink_metadata();
        let length = length.map_or(0, |metadata| metadata.len().min(LONGEST));
        let file = ReservedFile::reserve(self.path(), usize::try_from(length).unwrap_or(0))?;
        file.present(LONGEST)
            .and_then(|present| self.check_content(present))
            .and_then(|ownership| try_out(&file, ownership))
            .map_err(|why| self.wrong(why))?;
        Ok(ReservedEnvFile {
            file,
            variable: self.variable.clone(),
        })
    }

    /// The variable can be set in what is there. Whose that is.
    fn check_content(&self, present: Option<Present>) -> Result<Option<Ownership>, Reason> {
        let (content, ownership) = split(present)?;
        env_text::check(&content, &self.variable)?;
        Ok(ownership)
    }

    /// What is there; nothing, if there is no such file.
    fn content(&self) -> Result<Vec<u8>, Reason> {
        match self.target.read() {
            Err(Reason::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Vec::new())
            }
            Err(Reason::TooLong(_)) => Err(TOO_LONG),
            read => read,
        }
    }
}

impl ReservedEnvFile {
    /// Sets the variable in the file as it is now, which may not be as it was when it was checked.
    /// Nobody else that locks it changes it meanwhile.
    fn commit(&mut self, value: &str) -> Result<(), Reason> {
        let _lock = self.file.lock()?;
        let (content, ownership) = split(self.file.present(LONGEST)?)?;
        let content = env_text::with_variable(&content, &self.variable, value)?;
        self.file.replace(&content, ownership)?;
        let (there, _) = split(self.file.present(LONGEST)?)?;
        match env_text::holds(&there, &self.variable, value) {
            true => Ok(()),
            false => Err(Reason::Changed),
        }
    }
}

/// Locks it, and gives the temporary to the owner of the file that it will replace.
fn try_out(file: &ReservedFile, ownership: Option<Ownership>) -> Result<(), Reason> {
    drop(file.lock()?);
    ownership.map_or(Ok(()), |ownership| file.give(ownership))
}

fn split(present: Option<Present>) -> Result<(Vec<u8>, Option<Ownership>), Reason> {
    match present {
        None => Ok((Vec::new(), None)),
        Some((Some(content), ownership)) => Ok((content, Some(ownership))),
        Some((None, _)) => Err(TOO_LONG),
    }
}

impl Destination for EnvFile {
    fn check<'a>(
        &'a self,
        round: &'a Round,
    ) -> BoxFuture<'a, Result<Option<Identity>, DestinationError>> {
        let (file, round) = (self.clone(), round.clone());
        blocking(move || file.check(&round).map(Some))
    }

    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        let file = self.clone();
        blocking(move || Ok(Box::new(file.reserve()?) as Box<dyn Reserved>))
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<AccessToken>, DestinationError>> {
        let file = self.clone();
        blocking(move || {
            let read = || {
                let content = file.target.read()?;
                let value = env_text::value(&content, &file.variable);
                value.map(|text| token_of(&text)).transpose()
            };
            read().map_err(|why| file.wrong(why))
        })
    }

    fn holds<'a>(&'a self, value: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        let (file, value) = (self.clone(), value.clone());
        blocking(move || {
            let content = file.content();
            Some(content.is_ok_and(|it| env_text::holds(&it, &file.variable, value.expose())))
        })
    }

    fn is_vacant(&self) -> BoxFuture<'_, bool> {
        let file = self.clone();
        blocking(move || {
            file.target.is_vacant()
                || file
                    .content()
                    .is_ok_and(|content| env_text::lacks(&content, &file.variable))
        })
    }

    fn for_record(&self) -> Option<String> {
        Some(self.words(&self.target.absolute()))
    }

    fn resolved(&self) -> Option<String> {
        Some(self.words(&self.target.resolved()))
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.path().to_owned())
    }
}

impl Reserved for ReservedEnvFile {
    fn commit<'a>(
        mut self: Box<Self>,
        token: &'a IssuedToken,
        _: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        let token = token.clone();
        blocking(move || {
            let committed = plain(&token).and_then(|value| (*self).commit(value));
            committed.map_err(|why| self.file.wrong(why))
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(self.file.identity())
    }
}

#[cfg(all(test, unix))]
mod tests;
