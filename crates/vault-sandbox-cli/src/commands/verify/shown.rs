//! What trying tokens out showed, for people and for scripts.

use chrono::Utc;
use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::{TokenRecord, User};
use vault_sandbox_core::redact::escape;

use crate::commands::{Context, list};
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::{self, Ending, UserObject, VerifiedObject, VerifiedToken};
use crate::problem::Problem;
use crate::report::{instant, time_left};

const COMMAND: &str = "token verify";

/// What trying it out showed.
pub(super) struct Shown {
    pub(super) sandbox: String,
    pub(super) source: String,
    pub(super) is_token: bool,
    pub(super) user: Option<User>,
    pub(super) id: Option<TokenId>,
    pub(super) record: Option<TokenRecord>,
    /// Why it is not known until when.
    pub(super) remark: Option<String>,
    pub(super) problem: Option<Problem>,
}

pub(super) fn report(
    context: &Context<'_>,
    simulated: bool,
    shown: &[Shown],
) -> Result<Exit, Problem> {
    let exits: Vec<_> = shown
        .iter()
        .map(|one| one.problem.as_ref().map_or(Exit::Done, |p| p.exit))
        .collect();
    let exit = Exit::of_many(&exits, Exit::Mixed);
    let failed: Vec<_> = shown
        .iter()
        .filter_map(|one| one.problem.as_ref())
        .collect();
    let problem = match failed.as_slice() {
        [] => None,
        [only] if shown.len() == 1 => Some((*only).clone()),
        many => Some(Problem::new(
            exit,
            format!(
                "{} of {} tokens {} not work, or could not be tried.",
                many.len(),
                shown.len(),
                if many.len() == 1 { "does" } else { "do" }
            ),
        )),
    };
    if context.settings.is_json() {
        let remarks = shown.iter().filter_map(|one| one.remark.clone());
        let remarks: Vec<_> = remarks.collect();
        let ending = Ending {
            command: COMMAND,
            outcome: None,
            simulated,
            warnings: &remarks,
            problem: problem.as_ref(),
            voice: context.voice,
        };
        let tokens = shown.iter().map(|one| one.object(context)).collect();
        json::print(&ending, VerifiedObject { tokens })?;
    } else if let ([one], None) = (shown, &problem) {
        let text = context.settings.page().facts(one.facts().into_iter());
        stdout::show(text.as_bytes())?;
    } else if shown.len() > 1 {
        let head = ["SANDBOX", "WORKS", "EXPIRES", "TIME LEFT", "ID", "SOURCE"];
        let text = context
            .settings
            .page()
            .table(head, shown.iter().map(Shown::row));
        stdout::show(text.as_bytes())?;
        for problem in &failed {
            context.voice.problem(problem);
        }
    }
    for one in shown.iter().filter(|one| !one.is_token) {
        if let Some(remark) = &one.remark {
            context.voice.warning(&format!("{remark}."));
        }
    }
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}

impl Shown {
    /// `None`: it could not be found out.
    fn works(&self) -> Option<bool> {
        match self.problem.as_ref().map(|problem| problem.exit) {
            None => Some(true),
            Some(Exit::SignIn) => Some(false),
            Some(_) => None,
        }
    }

    fn object(&self, context: &Context<'_>) -> VerifiedToken {
        let record = self.record.as_ref();
        VerifiedToken {
            sandbox: self.sandbox.clone(),
            works: self.works(),
            source: self.source.clone(),
            user: self.user.as_ref().map(|user| UserObject {
                id: user.id.to_string(),
                name: user.name.clone(),
            }),
            id: self.id.as_ref().map(ToString::to_string),
            name: record.and_then(|record| record.name.clone()),
            status: record.map(list::status),
            expiry: record.map(|record| instant(record.expiry)),
            last_used: record.and_then(|record| Some(instant(Some(record.last_used?)))),
            reason: self
                .problem
                .as_ref()
                .map(|problem| context.voice.scrub(&problem.what)),
        }
    }

    fn row(&self) -> [String; 6] {
        let works = match self.works() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let (expires, left) = match &self.record {
            Some(record) => (instant(record.expiry), self.left()),
            None => ("?".to_owned(), String::new()),
        };
        [
            escape(&self.sandbox),
            works.to_owned(),
            expires,
            left,
            self.id
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            escape(&self.source),
        ]
    }

    fn left(&self) -> String {
        let expiry = self.record.as_ref().and_then(|record| record.expiry);
        expiry.map_or_else(String::new, |at| time_left(at, Utc::now()))
    }

    /// With their labels, for people.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let what = match (self.is_token, &self.id) {
            (true, Some(id)) => format!("{id}, from {}", self.source),
            (true, None) => format!("a token, from {}", self.source),
            (false, _) => format!("your own sign-in ({}), no token", self.source),
        };
        let user = self.user.as_ref();
        let user = user.and_then(|user| Some(format!(", as {}", user.name.as_deref()?)));
        let expires = match &self.record {
            Some(record) if record.expiry.is_none() => "never".to_owned(),
            Some(record) => format!("{}, {}", instant(record.expiry), self.left()),
            None => match &self.remark {
                Some(remark) if self.is_token => format!("not known: {remark}."),
                _ => String::new(),
            },
        };
        vec![
            ("Sandbox", escape(&self.sandbox)),
            ("Tried", escape(&what)),
            ("Works", escape(&format!("yes{}", user.unwrap_or_default()))),
            ("Expires", expires),
        ]
    }
}
