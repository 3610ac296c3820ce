//! `token revoke`: deletes tokens in the sandbox's own Vault, after showing which.

use chrono::Utc;
use vault_sandbox_core::endpoints::{DeleteTokens, Deletion, MAX_DELETED_AT_ONCE, TokenRecord};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{SandboxName, TokenId, TokenName};

use super::Context;
use crate::args::RevokeArgs;
use crate::connection::{Connection, which_vault};
use crate::exit::Exit;
use crate::inside::{Inside, Way};
use crate::json::{self, Ending, RevokedObject, RevokedToken};
use crate::problem::Problem;
use crate::report::instant;
use crate::signals::Signals;
use crate::state_errors::why;
use crate::tokens;

/// Which tokens are meant.
enum Which {
    Ids(Vec<TokenId>),
    Named(TokenName),
    Expired,
}

pub(crate) fn run(context: &Context<'_>, args: &RevokeArgs) -> Result<Exit, Problem> {
    let name = SandboxName::parse(args.sandbox.as_str())
        .map_err(|e| Problem::invalid(Exit::Usage, "The sandbox name", &e))?;
    let which = Which::of(args)?;
    let way = Way::prepare(context, &args.access)?;
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let work = async {
            let inside = way.find_one(name).await?;
            let (found, missing) = find(&way, &inside, &which).await?;
            Ok((inside, found, missing))
        };
        let found: Result<_, Problem> = signals
            .stopping(work)
            .await
            .map_err(|asked| Problem::new(asked.exit(), "Interrupted. Nothing was changed."))?;
        let (inside, found, missing) = found?;
        ask(context, &inside.name, &found, &mut signals).await?;
        // From here on it is carried out: half a deletion is no better for being interrupted.
        let rows = delete(&way, &inside, &found).await?;
        write_down(context, &way, &inside, &rows);
        report(context, way.connection(), &rows, &missing)
    })
}

impl Which {
    fn of(args: &RevokeArgs) -> Result<Self, Problem> {
        if let Some(name) = &args.name {
            let name = TokenName::parse(name.as_str());
            return name
                .map(Self::Named)
                .map_err(|e| Problem::invalid(Exit::Usage, "--name", &e));
        }
        if args.expired {
            return Ok(Self::Expired);
        }
        let ids = args
            .ids
            .iter()
            .map(|id| TokenId::parse(id.as_str()))
            .collect::<Result<_, _>>();
        ids.map(Self::Ids)
            .map_err(|e| Problem::invalid(Exit::Usage, "The token ID", &e))
    }
}

/// The tokens that are meant and there; and the IDs that are not there, which is as good as deleted.
async fn find(
    way: &Way,
    inside: &Inside,
    which: &Which,
) -> Result<(Vec<TokenRecord>, Vec<TokenId>), Problem> {
    let records = match which {
        Which::Named(name) => tokens::mine(way, inside, Some(name)).await?,
        Which::Expired => {
            let mut records = tokens::mine(way, inside, None).await?;
            records.retain(|record| record.has_expired(Utc::now()));
            records
        }
        Which::Ids(ids) => tokens::with_ids(way, inside, ids).await?,
    };
    let missing = match which {
        Which::Ids(ids) => ids
            .iter()
            .filter(|id| records.iter().all(|r| r.id != **id))
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    Ok((records, missing))
}

async fn ask(
    context: &Context<'_>,
    sandbox: &SandboxName,
    found: &[TokenRecord],
    signals: &mut Signals,
) -> Result<(), Problem> {
    for record in found {
        let name = escape(record.name.as_deref().unwrap_or_default());
        let used = record.last_used.map_or_else(
            || "never used".to_owned(),
            |at| format!("last used {}", instant(Some(at))),
        );
        context.voice.say(&format!(
            "{}  {name:?}, expires {}, {used}",
            record.id,
            instant(record.expiry)
        ));
    }
    let question = match found.len() {
        0 => return Ok(()),
        1 => format!("Revoke this token in {sandbox}?"),
        many => format!("Revoke these {many} tokens in {sandbox}?"),
    };
    context.confirm_or_stop(&question, signals).await
}

async fn delete(
    way: &Way,
    inside: &Inside,
    found: &[TokenRecord],
) -> Result<Vec<(TokenId, Deletion)>, Problem> {
    let mut rows = Vec::with_capacity(found.len());
    for some in found.chunks(MAX_DELETED_AT_ONCE) {
        let ids: Vec<_> = some.iter().map(|record| record.id.clone()).collect();
        let delete = DeleteTokens::new(ids).map_err(|e| Problem::usage(format!("{e}.")))?;
        let answer = way.call(inside, &delete).await;
        let answer = answer.map_err(|e| {
            Problem::of_call("Revoking", &e)
                .now("Some of the tokens may have been revoked; running it again does no harm.")
        })?;
        rows.extend(delete.outcomes(&answer.value));
    }
    Ok(rows)
}

/// The ledger need not know of what is gone. What is not there may only be not for this user to see:
/// that is no deletion.
fn write_down(context: &Context<'_>, way: &Way, inside: &Inside, rows: &[(TokenId, Deletion)]) {
    // A simulated Vault's are in no ledger; of a Vault that nobody named, none is known.
    if way.connection().is_simulated() {
        return;
    }
    let Ok(vault) = which_vault(context.settings) else {
        return;
    };
    let Ok(state) = context.settings.state() else {
        return;
    };
    let gone = rows.iter().filter(|(_, row)| *row == Deletion::Deleted);
    let gone = gone.map(|(id, _)| id);
    let written = state
        .ledger()
        .revoked(&vault, &inside.name, gone, Utc::now());
    if let Err(error) = written {
        context
            .voice
            .warning(&format!("the ledger cannot be written: {}.", why(&error)));
    }
}

fn report(
    context: &Context<'_>,
    connection: &Connection,
    rows: &[(TokenId, Deletion)],
    missing: &[TokenId],
) -> Result<Exit, Problem> {
    let mut tokens: Vec<RevokedToken> = missing
        .iter()
        .map(|id| RevokedToken {
            id: id.to_string(),
            outcome: "not_found",
        })
        .collect();
    let mut refused = Vec::new();
    for (id, row) in rows {
        let outcome = match row {
            Deletion::Deleted => "revoked",
            Deletion::Refused(errors) => {
                let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
                refused.push(format!("{id} ({})", why.join("; ")));
                "refused"
            }
            // Nothing shows that it is gone.
            _ => {
                refused.push(format!("{id} (Vault did not say)"));
                "refused"
            }
        };
        tokens.push(RevokedToken {
            id: id.to_string(),
            outcome,
        });
    }
    for id in missing {
        context
            .voice
            .say(&format!("{id} is not there, or not for you to see."));
    }
    let revoked = rows.len() - refused.len();
    context.voice.say(&match revoked {
        0 if refused.is_empty() => "There was nothing to revoke.".to_owned(),
        1 => "Revoked 1 token.".to_owned(),
        many => format!("Revoked {many} tokens."),
    });
    let exit = if revoked > 0 {
        Exit::Mixed
    } else {
        Exit::Refused
    };
    let problem = (!refused.is_empty()).then(|| {
        Problem::new(
            exit,
            format!(
                "Vault did not revoke {}. These still work.",
                refused.join(", ")
            ),
        )
    });
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    if context.settings.is_json() {
        let ending = Ending {
            command: "token revoke",
            outcome: None,
            simulated: connection.is_simulated(),
            warnings: &[],
            problem: problem.as_ref(),
            voice: context.voice,
        };
        json::print(&ending, RevokedObject { tokens })?;
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}
