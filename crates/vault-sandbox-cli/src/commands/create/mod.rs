//! `token create` and `token rotate`: plan, check every place, sign in, look at the sandboxes, issue.

mod board;
mod dry_run;
mod issue_one;
mod item;
mod lifetime;
mod limit;
mod look;
mod many;
mod old;
mod one;
mod places;
mod resume;
mod row;
mod run;
pub(crate) mod run_record;
mod summary;

use std::time::Duration;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::VerifyRule;

use super::Context;
use crate::args::{CreateArgs, IssueArgs, Proof, RotateArgs, Verify};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::selection::Selection;

use item::Terms;
pub(super) use summary::resume_command;

/// All that was asked for.
struct Wish {
    terms: Terms,
    selection: Selection,
    sandbox_dns: Option<String>,
    jobs: usize,
    dry_run: bool,
    replacing: Option<Replacing>,
}

/// What makes it a rotation.
struct Replacing {
    /// The old token, if it was named.
    old: Option<TokenId>,
    grace: Duration,
}

pub(crate) fn run(context: &Context<'_>, args: &CreateArgs) -> Result<Exit, Problem> {
    if let Some(operation) = &args.resume {
        let jobs = usize::from(args.issue.sandboxes.jobs);
        return resume::run(context, operation, args.issue.expires.as_deref(), jobs);
    }
    let verify = match args.verify {
        Verify::Auto => VerifyRule::Auto,
        Verify::Always => VerifyRule::Always,
        Verify::Never => VerifyRule::Never,
    };
    let wish = Wish {
        dry_run: args.dry_run,
        ..Wish::of(context, "token create", &args.issue, verify)?
    };
    wish.grant(context)
}

pub(crate) fn rotate(context: &Context<'_>, args: &RotateArgs) -> Result<Exit, Problem> {
    let verify = match args.verify {
        Proof::Auto => VerifyRule::Auto,
        Proof::Always => VerifyRule::Always,
    };
    let old = args.old.as_deref().map(TokenId::parse).transpose();
    let old = old.map_err(|e| Problem::invalid(Exit::Usage, "--old", &e))?;
    let wish = Wish::of(context, "token rotate", &args.issue, verify)?;
    if old.is_some() && wish.selection.only().is_none() {
        return Err(Problem::usage(
            "--old names a token of one sandbox: name one.",
        ));
    }
    let replacing = Replacing {
        old,
        grace: args.grace.unwrap_or_default(),
    };
    let wish = Wish {
        replacing: Some(replacing),
        ..wish
    };
    wish.grant(context)
}

impl Wish {
    fn of(
        context: &Context<'_>,
        command: &'static str,
        args: &IssueArgs,
        verify: VerifyRule,
    ) -> Result<Self, Problem> {
        let selection = Selection::of(&args.sandboxes, context.global)?;
        if args.sandbox_dns.is_some() && selection.only().is_none() {
            return Err(Problem::usage(
                "--sandbox-dns says where one sandbox is: name one.",
            ));
        }
        Ok(Self {
            terms: Terms::of(context, command, args, verify)?,
            selection,
            sandbox_dns: args.sandbox_dns.clone(),
            jobs: usize::from(args.sandboxes.jobs),
            dry_run: false,
            replacing: None,
        })
    }

    fn grant(&self, context: &Context<'_>) -> Result<Exit, Problem> {
        match self.selection.only() {
            Some(sandbox) => one::run(context, self, sandbox),
            None => many::run(context, self),
        }
    }
}
