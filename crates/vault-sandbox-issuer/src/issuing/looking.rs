//! Steps that only look: trying a token out, and finding one by its name.

use std::time::Duration;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::FindTokens;
use vault_sandbox_core::issuance::{Event, LookUp, LookUpResult, TryOut, Verification};

use super::{Driver, NotLooked, Remark};
use crate::observer::Notice;
use crate::pauses::Pauses;
use crate::tokens::all_pages_at;
use crate::try_out::{NotConfirmed, try_out};

/// How long a token is looked for by its name.
const LOOK_UP: Duration = Duration::from_secs(20);

impl Driver {
    /// The token is delivered, or safe in the record: whoever will not wait loses only the certainty.
    pub(super) async fn verify(&mut self, token: TryOut<'_>) -> Event {
        let tried = try_out(&self.access, self.sandbox.as_ref(), token, self.timeout);
        let (verification, why) = match self.stop.stopping(tried).await {
            Ok(shown) => shown,
            Err(_) => (Verification::Unconfirmed, Some(NotConfirmed::Interrupted)),
        };
        if let Some(why) = why {
            self.progress.remark(Remark::NotConfirmed(why));
        }
        Event::Verified(verification)
    }

    /// A person named it: only what is there is deleted.
    pub(super) async fn look_for(&mut self, id: &TokenId) -> Event {
        let Some(sandbox) = &self.sandbox else {
            let why = NotLooked::NowhereToLook;
            self.progress.remark(Remark::NotLookedFor(why));
            return Event::Failed;
        };
        let find = FindTokens::new().id(id.clone());
        let found = self.access.call_at(sandbox, None, &find);
        match self.stop.stopping(found).await {
            Err(_) => Event::GivenUp,
            Ok(Ok(reply)) => {
                self.progress.unseen = Some(id.clone());
                Event::Found(reply.value.records)
            }
            Ok(Err(error)) => {
                let why = NotLooked::Call(Box::new(error));
                self.progress.remark(Remark::NotLookedFor(why));
                Event::Failed
            }
        }
    }

    /// Looks several times where that can make it certain: a token may take a while to show.
    pub(super) async fn look_up(&mut self, look_up: LookUp<'_>) -> Event {
        let Some(sandbox) = &self.sandbox else {
            let why = NotLooked::NowhereToLook;
            self.progress.remark(Remark::NotLookedUp(why));
            return Event::Failed;
        };
        self.observer.notice(Notice::LookingUp(look_up.name()));
        let limit = match look_up.can_be_certain() {
            true => LOOK_UP.min(self.timeout),
            false => Duration::ZERO,
        };
        let mut pauses = Pauses::within(limit);
        loop {
            let found = all_pages_at(&self.access, sandbox, look_up.request());
            let found = match self.stop.stopping(found).await {
                Err(_) => return Event::GivenUp,
                Ok(Ok(records)) => {
                    if matches!(look_up.judge(&records), LookUpResult::Certain(_)) {
                        return Event::Found(records);
                    }
                    Ok(records)
                }
                Ok(Err(error)) => Err(error),
            };
            if !pauses.pause().await {
                return match found {
                    Ok(records) => Event::Found(records),
                    Err(error) => {
                        let why = NotLooked::Call(Box::new(error));
                        self.progress.remark(Remark::NotLookedUp(why));
                        Event::Failed
                    }
                };
            }
        }
    }
}
