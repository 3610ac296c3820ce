use std::fmt;

use super::scene::Check;

/// Of a report's lines.
const WIDTH: usize = 96;

/// What the conformance suite found, case by case.
///
/// `{}` says of every case that failed which sentence of the contract it checks, what was seen, and
/// what to do.
#[must_use]
#[derive(Debug, Clone)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// Whether every case passed; not if none was tried.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.findings.is_empty() && self.failures().next().is_none()
    }

    /// Every case that was tried, in the order of the contract.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.passed())
    }

    /// For the last line of a test.
    ///
    /// # Panics
    ///
    /// With the whole report, if a case failed or none was tried.
    #[track_caller]
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.findings.len();
        if all == 0 {
            return f.write_str("no case was tried: none has that in its name");
        }
        let passed = all - self.failures().count();
        write!(f, "the transport passes {passed} of {all} cases")?;
        for finding in self.failures() {
            write!(f, "\n\n{finding}")?;
        }
        Ok(())
    }
}

/// What came of one case.
#[derive(Debug, Clone)]
pub struct Finding {
    case: &'static str,
    sentence: &'static str,
    seen: Option<String>,
    remedy: &'static str,
}

impl Finding {
    pub(super) fn of(check: &Check, outcome: Result<(), String>) -> Self {
        Self {
            case: check.case,
            sentence: check.sentence.text(),
            seen: outcome.err(),
            remedy: check.remedy,
        }
    }

    /// The name of the case.
    #[must_use]
    pub fn case(&self) -> &'static str {
        self.case
    }

    /// The sentence of the contract on [`HttpTransport`](crate::HttpTransport) that it checks.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// Whether the transport keeps it.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.seen.is_none()
    }

    /// What was seen, if it does not.
    #[must_use]
    pub fn seen(&self) -> Option<&str> {
        self.seen.as_deref()
    }

    /// What to do, if it does not.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.remedy
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(seen) = &self.seen else {
            return write!(f, "passed  {}", self.case);
        };
        write!(f, "FAILED  {}", self.case)?;
        for (name, text) in [("rule", self.sentence), ("seen", seen), ("do", self.remedy)] {
            write!(f, "\n  {name:4}")?;
            let mut column = 6;
            for word in text.split(' ') {
                if column + word.len() > WIDTH && column > 6 {
                    write!(f, "\n      ")?;
                    column = 6;
                }
                write!(f, " {word}")?;
                column += 1 + word.len();
            }
        }
        Ok(())
    }
}
