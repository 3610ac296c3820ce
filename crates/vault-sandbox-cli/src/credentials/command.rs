//! The profile's `password_command`: one line on its stdout is the password.

use std::process::Stdio;
use std::time::Duration;

use vault_sandbox_issuer::child;

use super::text;
use crate::problem::Problem;
use crate::programs;
use crate::voice::Voice;

const LIMIT: Duration = Duration::from_secs(60);
/// Once it has ended, only something that it started can still hold its stdout.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// What a run brought: the secret, and what to show of its stderr once the secret is known.
pub(super) struct Answer {
    pub(super) text: String,
    said: std::sync::mpsc::Receiver<Vec<u8>>,
}

impl Answer {
    pub(super) fn show(&self, voice: &Voice) {
        programs::show_output(&child::heard(&self.said), voice);
    }
}

/// Runs it without a shell, for 60 seconds at most. It may ask a person, if one is there.
pub(super) fn run(words: &[String], source: &str, may_prompt: bool) -> Result<Answer, Problem> {
    run_within(LIMIT, words, source, may_prompt)
}

fn run_within(
    limit: Duration,
    words: &[String],
    source: &str,
    may_prompt: bool,
) -> Result<Answer, Problem> {
    let failed = |why: String| Problem::configuration(format!("{source} {why}."));
    let Some((name, arguments)) = words.split_first() else {
        return Err(failed("names no program".to_owned()));
    };
    let path = programs::known().find(name).ok_or_else(|| {
        failed(format!(
            "names {name:?}: there is no such program that you may run"
        ))
    })?;
    let mut command = programs::known().command(&path);
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if !may_prompt {
        // A group of its own, so that what it starts can be ended with it; on a terminal it could
        // not ask anything there.
        command.stdin(Stdio::null());
        child::in_its_own_group(&mut command);
    }
    let mut running = command
        .spawn()
        .map_err(|e| failed(format!("cannot be run: {e}")))?;
    let printed = child::listen(running.stdout.take());
    let said = child::listen(running.stderr.take());
    let status = child::wait(&mut running, limit)
        .map_err(|e| failed(format!("cannot be waited for: {e}")))?
        .ok_or_else(|| {
            let seconds = limit.as_secs();
            failed(format!("did not end within {seconds} s and was stopped"))
        })?;
    if !status.success() {
        return Err(failed(format!("failed: {status}")));
    }
    let bytes = printed
        .recv_timeout(AFTERWARDS)
        .map_err(|_| failed("has ended, but left its output open".to_owned()))?;
    let text = text::trimmed(&bytes, &format!("What {source} prints"))?;
    Ok(Answer { text, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        run_within(limit, &words, "password_command", false)
            .map(|answer| answer.text)
            .map_err(|problem| problem.what)
    }

    #[test]
    fn one_line_within_the_time() {
        let long = Duration::from_secs(20);
        assert_eq!(sh("echo 'a b'; echo note >&2", long).unwrap(), "a b");
        for (script, limit, says) in [
            ("echo hunter2; exit 3", long, "failed: exit status: 3"),
            ("echo hunter2; echo b", long, "more than one line"),
            ("true", long, "empty"),
            (
                "echo hunter2; sleep 30",
                Duration::from_millis(50),
                "did not end",
            ),
            ("sleep 30 & echo hunter2", long, "left its output open"),
        ] {
            let why = sh(script, limit).unwrap_err();
            assert!(why.contains(says), "{script}: {why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
