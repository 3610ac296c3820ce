//! A model of Vault: what it commits, and what of that its caller gets to hear.
//!
//! Answers are bytes, read by the real decoder: what an answer means is under test as well.

use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::issuance::Event;
use vault_sandbox_core::{
    HttpResponse, TokenId, TransportError, TransportErrorKind, decode, decode_failed,
};

/// A token that Vault made.
#[derive(Debug)]
pub struct Minted {
    /// The ID of its record.
    pub id: TokenId,
    /// Its value.
    pub value: String,
    /// It was not deleted.
    pub is_live: bool,
}

/// What Vault knows.
#[derive(Debug)]
pub struct ModelVault {
    /// Every token of this operation, in their order.
    pub minted: Vec<Minted>,
    /// A token that is somebody else's.
    pub foreign: TokenId,
    /// The token whose place a new one may take.
    pub old: TokenId,
    /// It was not deleted.
    pub is_old_live: bool,
}

impl Default for ModelVault {
    fn default() -> Self {
        Self {
            minted: Vec::new(),
            foreign: TokenId::parse("0PIFOREIGN").unwrap(),
            old: TokenId::parse("0PIOLD").unwrap(),
            is_old_live: true,
        }
    }
}

/// What becomes of a create request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Carried out, and answered in full.
    Issued,
    /// Nothing was sent.
    NotSent,
    /// Refused with a `FAILURE`.
    Refused,
    /// Refused, because the session is invalid.
    SessionInvalid,
    /// Carried out, answered without a value but with an ID.
    IdOnly,
    /// Carried out, answered with neither.
    Bare,
    /// Carried out, answered without an ID.
    WithoutId,
    /// Carried out, the answer cut within the value.
    CutInside,
    /// Carried out, the answer cut behind the value.
    CutBehind,
    /// Carried out, no answer.
    Lost,
    /// Not carried out, no answer.
    Vanished,
    /// Carried out, answered with an `EXCEPTION`.
    ExceptionAfter,
    /// Not carried out, answered with an `EXCEPTION`.
    ExceptionBefore,
    /// Carried out, while the caller stopped waiting.
    GivenUpAfter,
    /// Not carried out, while the caller stopped waiting.
    GivenUpBefore,
    /// Carried out; the caller is gone.
    CrashAfter,
    /// Not carried out; the caller is gone.
    CrashBefore,
}

impl Fate {
    /// The good one first.
    pub const ALL: [Self; 17] = [
        Self::Issued,
        Self::NotSent,
        Self::Refused,
        Self::SessionInvalid,
        Self::IdOnly,
        Self::Bare,
        Self::WithoutId,
        Self::CutInside,
        Self::CutBehind,
        Self::Lost,
        Self::Vanished,
        Self::ExceptionAfter,
        Self::ExceptionBefore,
        Self::GivenUpAfter,
        Self::GivenUpBefore,
        Self::CrashAfter,
        Self::CrashBefore,
    ];

    /// Whether Vault makes a token.
    #[must_use]
    pub fn is_carried_out(self) -> bool {
        use Fate as F;
        !matches!(
            self,
            F::NotSent
                | F::Refused
                | F::SessionInvalid
                | F::Vanished
                | F::ExceptionBefore
                | F::GivenUpBefore
                | F::CrashBefore
        )
    }
}

impl ModelVault {
    /// Receives a create request. `None`: there is nobody left to be told.
    pub fn create(&mut self, fate: Fate) -> Option<Event> {
        if fate.is_carried_out() {
            self.mint();
        }
        let number = self.minted.len();
        let (id, value) = (id(number), value(number));
        let whole = format!(
            r#"{{"responseStatus":"SUCCESS","data":{{"id":"{id}","token__sys":"{value}"}}}}"#
        );
        let failure = |status: &str, kind: &str| {
            format!(
                r#"{{"responseStatus":"{status}","errors":[{{"type":"{kind}","message":"m"}}]}}"#
            )
        };
        let cut_at = |end: usize| failed(Some(&whole[..end]), TransportErrorKind::Interrupted);
        let event = match fate {
            Fate::Issued => answered(&whole),
            Fate::NotSent => failed(None, TransportErrorKind::Connect),
            Fate::Refused => answered(&failure("FAILURE", "INSUFFICIENT_ACCESS")),
            Fate::SessionInvalid => answered(&failure("FAILURE", "INVALID_SESSION_ID")),
            Fate::IdOnly => answered(&format!(
                r#"{{"responseStatus":"SUCCESS","data":{{"id":"{id}"}}}}"#
            )),
            Fate::Bare => answered(r#"{"responseStatus":"SUCCESS"}"#),
            Fate::WithoutId => answered(&format!(
                r#"{{"responseStatus":"SUCCESS","data":{{"token__sys":"{value}"}}}}"#
            )),
            Fate::CutInside => cut_at(whole.len() - 6),
            Fate::CutBehind => cut_at(whole.len() - 2),
            Fate::Lost | Fate::Vanished => failed(None, TransportErrorKind::Timeout),
            Fate::ExceptionAfter | Fate::ExceptionBefore => {
                answered(&failure("EXCEPTION", "UNEXPECTED_ERROR"))
            }
            Fate::GivenUpAfter | Fate::GivenUpBefore => Event::GivenUp,
            Fate::CrashAfter | Fate::CrashBefore => return None,
        };
        Some(event)
    }

    /// The tokens that were not deleted.
    #[must_use]
    pub fn live(&self) -> Vec<TokenId> {
        let live = self.minted.iter().filter(|token| token.is_live);
        live.map(|token| token.id.clone()).collect()
    }

    /// Whether there is a token that was not deleted.
    #[must_use]
    pub fn has_live(&self) -> bool {
        self.minted.iter().any(|token| token.is_live)
    }

    /// Deletes a token. `false`: there is none.
    pub fn delete(&mut self, id: &TokenId) -> bool {
        let found = self.minted.iter_mut().find(|token| token.id == *id);
        found.is_some_and(|token| std::mem::take(&mut token.is_live))
    }

    fn mint(&mut self) {
        let number = self.minted.len() + 1;
        self.minted.push(Minted {
            id: TokenId::parse(id(number)).unwrap(),
            value: value(number),
            is_live: true,
        });
    }
}

fn id(number: usize) -> String {
    format!("0PI{number:012}")
}

fn value(number: usize) -> String {
    format!("veeva-vault-simulated-{number}")
}

fn answered(body: &str) -> Event {
    Event::from_call(&decode::<GenerateSandboxToken>(&response(body)))
}

fn failed(partial: Option<&str>, kind: TransportErrorKind) -> Event {
    let error = TransportError::without_cause(kind);
    let error = match partial {
        Some(body) => error.with_partial(response(body)),
        None => error,
    };
    Event::from_call(&decode_failed::<GenerateSandboxToken>(error))
}

fn response(body: &str) -> HttpResponse {
    HttpResponse::new(body.to_owned().into())
}
