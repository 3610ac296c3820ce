//! A model of Vault: what it commits, and what of that its caller gets to hear.
//!
//! Answers are bytes, read by the real decoder: what an answer means is under test as well.

use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::issuance::Event;
use vault_sandbox_core::{
    HttpResponse, TokenId, TransportError, TransportErrorKind, decode, decode_failed,
};

use super::choices::Choices;
use super::driver::Start;

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Made by the operation that is simulated.
    Ours,
    /// Somebody else's.
    Stranger,
    /// The one whose place a new one may take.
    Old,
}

/// A token of Vault's.
#[derive(Debug, Clone)]
pub struct Token {
    /// The ID of its record.
    pub id: TokenId,
    /// Its name.
    pub name: String,
    /// Its value, of ours only.
    pub value: String,
    /// Whose it is.
    pub owner: Owner,
    /// It has the expiry that is asked for.
    pub is_as_asked: bool,
    /// It was used.
    pub is_used: bool,
    /// It was not deleted.
    pub is_live: bool,
}

/// What Vault knows.
#[derive(Debug)]
pub struct ModelVault {
    /// Every token, in their order.
    pub tokens: Vec<Token>,
    /// Those that somebody else makes once our request has come.
    later: Vec<Token>,
    /// The name that is asked for.
    name: String,
}

/// Which tokens of somebody else are there.
#[derive(Debug, Clone, Copy)]
struct Stranger {
    has_name: bool,
    is_as_asked: bool,
    is_used: bool,
    comes_later: bool,
}

const SAME: Stranger = Stranger {
    has_name: true,
    is_as_asked: true,
    is_used: false,
    comes_later: false,
};
const USED: Stranger = Stranger {
    is_used: true,
    ..SAME
};
const OTHER_EXPIRY: Stranger = Stranger {
    is_as_asked: false,
    ..SAME
};
const LATER: Stranger = Stranger {
    comes_later: true,
    ..SAME
};

/// The combinations of them.
const STRANGERS: [&[Stranger]; 11] = [
    &[],
    &[SAME],
    &[USED],
    &[OTHER_EXPIRY],
    &[Stranger {
        is_used: true,
        ..OTHER_EXPIRY
    }],
    &[SAME, USED],
    &[Stranger {
        has_name: false,
        ..SAME
    }],
    &[LATER],
    &[
        LATER,
        Stranger {
            is_used: true,
            ..LATER
        },
    ],
    &[SAME, LATER],
    &[OTHER_EXPIRY, USED, LATER],
];

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
    /// With tokens of others, and an old one that may have the same name.
    #[must_use]
    pub fn new(name: &str, has_old_name: bool, start: Start, choices: &Choices) -> Self {
        let strangers = match start {
            Start::Fresh => STRANGERS[choices.free(STRANGERS.len())],
            // Fewer, so that they can be enumerated.
            Start::Middle => STRANGERS[[0, 1, 2, 5][choices.free(4)]],
        };
        let of = |(number, stranger): (usize, &Stranger)| {
            let token = Token {
                id: TokenId::parse(format!("0PIFOREIGN{number}")).unwrap(),
                name: if stranger.has_name { name } else { "other" }.to_owned(),
                value: String::new(),
                owner: Owner::Stranger,
                is_as_asked: stranger.is_as_asked,
                is_used: stranger.is_used,
                is_live: true,
            };
            (stranger.comes_later, token)
        };
        let (later, mut tokens): (Vec<_>, Vec<_>) = strangers
            .iter()
            .enumerate()
            .map(of)
            .partition(|(later, _)| *later);
        tokens.push((
            false,
            Token {
                id: old(),
                name: if has_old_name { name } else { "old" }.to_owned(),
                value: String::new(),
                owner: Owner::Old,
                is_as_asked: true,
                is_used: true,
                is_live: true,
            },
        ));
        Self {
            tokens: tokens.into_iter().map(|(_, token)| token).collect(),
            later: later.into_iter().map(|(_, token)| token).collect(),
            name: name.to_owned(),
        }
    }

    /// Receives a create request. `None`: there is nobody left to be told.
    pub fn create(&mut self, fate: Fate) -> Option<Event> {
        let later = std::mem::take(&mut self.later);
        self.tokens.extend(later);
        if fate.is_carried_out() {
            self.mint();
        }
        let number = self.ours().count();
        let (id, value) = (id(number), value(number));
        let whole = format!(
            r#"{{"responseStatus":"SUCCESS","data":{{"id":"{id}","token__sys":"{value}"}}}}"#
        );
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

    /// The tokens of this operation, in their order.
    pub fn ours(&self) -> impl Iterator<Item = &Token> {
        let tokens = self.tokens.iter();
        tokens.filter(|token| token.owner == Owner::Ours)
    }

    /// The last of them that was made.
    #[must_use]
    pub fn last(&self) -> Option<&Token> {
        self.ours().last()
    }

    /// Whether there is one of them that was not deleted.
    #[must_use]
    pub fn has_live(&self) -> bool {
        self.ours().any(|token| token.is_live)
    }

    /// Whether one was ever made.
    #[must_use]
    pub fn has_minted(&self) -> bool {
        self.ours().next().is_some()
    }

    /// The tokens of the name that was asked for.
    pub fn of_the_name(&self) -> impl Iterator<Item = &Token> {
        let tokens = self.tokens.iter();
        tokens.filter(|token| token.is_live && token.name == self.name)
    }

    /// Whose the token of this ID is.
    #[must_use]
    pub fn owner(&self, id: &TokenId) -> Option<Owner> {
        self.token(id).map(|token| token.owner)
    }

    /// The token of this ID.
    #[must_use]
    pub fn token(&self, id: &TokenId) -> Option<&Token> {
        self.tokens.iter().find(|token| token.id == *id)
    }

    /// Whether the old one was not deleted.
    #[must_use]
    pub fn is_old_live(&self) -> bool {
        self.token(&old()).is_some_and(|token| token.is_live)
    }

    /// Deletes a token. `false`: there is none.
    pub fn delete(&mut self, id: &TokenId) -> bool {
        let found = self.tokens.iter_mut().find(|token| token.id == *id);
        found.is_some_and(|token| std::mem::take(&mut token.is_live))
    }

    /// Makes one for this operation.
    pub fn mint(&mut self) {
        let number = self.ours().count() + 1;
        self.tokens.push(Token {
            id: TokenId::parse(id(number)).unwrap(),
            name: self.name.clone(),
            value: value(number),
            owner: Owner::Ours,
            is_as_asked: true,
            is_used: false,
            is_live: true,
        });
    }
}

/// The ID of the token whose place a new one may take.
#[must_use]
pub fn old() -> TokenId {
    TokenId::parse("0PIOLD").unwrap()
}

/// A failed answer, of a kind.
#[must_use]
pub fn failure(status: &str, kind: &str) -> String {
    format!(r#"{{"responseStatus":"{status}","errors":[{{"type":"{kind}","message":"m"}}]}}"#)
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

/// An answer with this body.
#[must_use]
pub fn response(body: &str) -> HttpResponse {
    HttpResponse::new(body.to_owned().into())
}
