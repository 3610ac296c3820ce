//! `json:`: the result object with the value in it, in a file.

use std::path::PathBuf;

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_issuer::destinations::{
    BoxFuture, Destination, DestinationError, Identity, InvalidReason, Reason, Report, Reserved,
    ReservedFile, Round, TargetFile, blocking, token_of,
};

use crate::report::ResultObject;

/// Room for the object around the value, which is mostly names.
const OBJECT: usize = 64 * 1024;

/// A file that holds the result object.
#[derive(Debug, Clone)]
struct JsonFile(TargetFile);

struct ReservedJsonFile(ReservedFile);

pub(super) fn open(text: &str) -> Result<Box<dyn Destination>, InvalidReason> {
    Ok(Box::new(JsonFile(TargetFile::parse(text)?)))
}

impl JsonFile {
    fn value(&self) -> Result<Option<String>, Reason> {
        let object: serde_json::Value =
            serde_json::from_slice(&self.0.read()?).map_err(|_| Reason::other("it is not JSON"))?;
        Ok(object["token"]["value"].as_str().map(str::to_owned))
    }
}

impl Destination for JsonFile {
    fn check<'a>(
        &'a self,
        round: &'a Round,
    ) -> BoxFuture<'a, Result<Option<Identity>, DestinationError>> {
        let (target, round) = (self.0.clone(), round.clone());
        blocking(move || ReservedFile::check(target.path(), &round).map(Some))
    }

    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        let target = self.0.clone();
        blocking(move || {
            let file = ReservedFile::reserve(target.path(), OBJECT)?;
            Ok(Box::new(ReservedJsonFile(file)) as Box<dyn Reserved>)
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<AccessToken>, DestinationError>> {
        let file = self.clone();
        blocking(move || {
            let value = file.value();
            let token = value.and_then(|text| text.map(|text| token_of(&text)).transpose());
            token.map_err(|why| file.0.wrong(why))
        })
    }

    fn holds<'a>(&'a self, value: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        let (file, value) = (self.clone(), value.clone());
        blocking(move || {
            let there = file.value().unwrap_or_default();
            Some(there.as_deref() == Some(value.expose()))
        })
    }

    fn is_vacant(&self) -> BoxFuture<'_, bool> {
        let target = self.0.clone();
        blocking(move || target.is_vacant())
    }

    fn for_record(&self) -> Option<String> {
        Some(self.0.absolute().display().to_string())
    }

    fn resolved(&self) -> Option<String> {
        Some(self.0.resolved().display().to_string())
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.0.path().to_owned())
    }

    fn wants_result(&self) -> bool {
        true
    }
}

impl Reserved for ReservedJsonFile {
    fn commit<'a>(
        mut self: Box<Self>,
        _: &'a IssuedToken,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        Box::pin(async move {
            // JSON can hold any value, as Vault sent it.
            let object = ResultObject::line(report);
            blocking(move || {
                let committed = object.and_then(|object| self.0.commit(&object));
                committed.map_err(|why| self.0.wrong(why))
            })
            .await
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(self.0.identity())
    }
}
