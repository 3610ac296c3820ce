//! What a run over many sandboxes came to.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use vault_sandbox_core::issuance::many::Run;
use vault_sandbox_core::{OperationId, VaultDns};
use vault_sandbox_issuer::state::RunFile;

use super::issue_one::Issuing;
use super::row::Row;
use super::run_record;
use crate::args::Format;
use crate::commands::Context;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::{self, Ending, SummaryObject};
use crate::problem::Problem;

/// What the run was.
pub(super) struct About<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) command: &'static str,
    pub(super) simulated: bool,
    pub(super) vault: &'a VaultDns,
}

impl<'a> About<'a> {
    pub(super) fn of(issuing: &Issuing<'a>) -> Self {
        Self {
            context: issuing.context,
            command: issuing.terms.command,
            simulated: issuing.connection.is_simulated(),
            vault: issuing.connection.dns(),
        }
    }
}

/// The record of the run, once no further turn comes.
pub(super) struct Record {
    operation: OperationId,
    file: RunFile,
    goes_to_stdout: bool,
    /// Something is left that may be asked for.
    is_left: bool,
    is_needed: bool,
}

impl Record {
    pub(super) fn of(run: &Run, file: RunFile) -> Self {
        Self {
            operation: run.plan().operation,
            file,
            goes_to_stdout: run_record::goes_to_stdout(run.plan()),
            is_left: run.results().any(|(_, result)| result.is_left()),
            is_needed: run.keeps_record(),
        }
    }
}

pub(super) fn finish(
    about: &About<'_>,
    record: Option<Record>,
    rows: Vec<Row>,
    was_live: bool,
) -> Result<Exit, Problem> {
    let context = about.context;
    let each: Vec<Exit> = rows.iter().map(|row| row.exit).collect();
    let exit = Exit::of_many(&each, Exit::Partial);
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry(row.outcome).or_default() += 1;
    }
    let operation = record.as_ref().map(|record| record.operation);
    // What is not certain is for `token recover`; the record of this run is of use while something
    // can be done by it.
    let left = record.as_ref().filter(|record| record.is_left);
    let resume =
        left.map(|left| resume_command(context, about.vault, left.operation, left.goes_to_stdout));
    if let Some(record) = record.filter(|record| !record.is_needed) {
        // What stays of it says that nothing is left.
        let _ = record.file.close();
    }
    tell(context, &rows, was_live);
    let problem = (exit != Exit::Done).then(|| problem(context, exit, &counts, &rows, &resume));
    match &problem {
        Some(problem) => context.voice.problem(problem),
        None if rows.is_empty() => context.voice.say(&"Nothing is left to be done."),
        None => context.voice.say(&format!("Done: {}.", in_words(&counts))),
    }
    if context.settings.is_json() {
        let results = rows.into_iter().filter_map(|row| {
            let line = String::from_utf8(row.line?).ok()?;
            RawValue::from_string(line.trim_end().to_owned()).ok()
        });
        let is_one = context.settings.format == Format::Json;
        let object = SummaryObject {
            operation: operation.map(|operation| operation.to_string()),
            total: each.len(),
            counts,
            resume,
            results: is_one.then(|| results.collect()),
        };
        print(about, object, problem.as_ref());
    }
    Ok(exit)
}

/// How the run is gone on with. Values that go to stdout are told apart by the format.
pub(crate) fn resume_command(
    context: &Context<'_>,
    vault: &VaultDns,
    operation: OperationId,
    goes_to_stdout: bool,
) -> String {
    let format = match goes_to_stdout {
        true => " --format jsonl",
        false => "",
    };
    let words = format!("token create --resume {operation}{format}");
    context.settings.typed.at(vault, &words)
}

/// In the order of the sandboxes. Where each was said when it ended, only what is not as it should be
/// is said again: also to those who asked for quiet.
fn tell(context: &Context<'_>, rows: &[Row], was_live: bool) {
    for row in rows {
        if row.exit == Exit::Done && was_live {
            context.voice.say(&row.in_words());
        } else if row.exit != Exit::Done {
            context.voice.wrong(&row.in_words());
            for (words, command) in row.problem.iter().flat_map(|problem| &problem.next) {
                context.voice.wrong(&format!("  {words}:  {command}"));
            }
        }
        for warning in &row.warnings {
            let warning = warning.trim_end_matches('.');
            context
                .voice
                .warning(&format!("{}: {warning}.", row.shown()));
        }
    }
}

fn problem(
    context: &Context<'_>,
    exit: Exit,
    counts: &BTreeMap<&'static str, usize>,
    rows: &[Row],
    resume: &Option<String>,
) -> Problem {
    let what = format!("Of {} sandboxes: {}.", rows.len(), in_words(counts));
    let mut problem = Problem::new(exit, what);
    let is_open = rows
        .iter()
        .any(|row| matches!(row.exit.code(), 20 | 22 | 23));
    if is_open {
        problem = problem.next("See what is open", context.settings.recover());
    }
    if let Some(resume) = resume {
        problem = problem
            .now("What was issued is not asked for again.")
            .next("Do what was certainly not issued", resume.clone());
    }
    problem
}

fn in_words(counts: &BTreeMap<&'static str, usize>) -> String {
    let counts = counts.iter();
    let words: Vec<_> = counts
        .map(|(outcome, count)| format!("{count} {}", outcome.replace('_', " ")))
        .collect();
    words.join(", ")
}

/// Where stdout cannot be written, the exit code and stderr still say it.
fn print(about: &About<'_>, object: SummaryObject, problem: Option<&Problem>) {
    let mut outcomes = object.counts.keys().copied();
    let ending = Ending {
        command: about.command,
        outcome: Some(match (outcomes.next(), outcomes.next()) {
            (None, _) => "ok",
            (Some(one), None) => one,
            _ => "partial",
        }),
        simulated: about.simulated,
        warnings: &[],
        problem,
        voice: about.context.voice,
    };
    if let Ok(line) = json::line_of(json::SUMMARY_SCHEMA, &ending, object) {
        let _ = stdout::write(&line);
    }
}
