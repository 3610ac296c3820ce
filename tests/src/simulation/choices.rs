//! Where the choices of a run come from: a recorded schedule, a seed, or an enumeration of all.

use std::cell::RefCell;
use std::rc::Rc;

const DIGITS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// One choice that was made.
#[derive(Debug, Clone, Copy)]
struct Taken {
    pick: u8,
    of: u8,
    is_fault: bool,
}

#[derive(Debug)]
enum Source {
    /// These picks, and the first of everything after them.
    Recorded(Vec<u8>),
    /// A fault so many times in a hundred.
    Random { state: u64, percent: u64 },
}

/// Answers every question that a run has, and remembers the answers. Copies share their answers.
#[derive(Debug, Clone)]
pub struct Choices(Rc<RefCell<Asked>>);

#[derive(Debug)]
struct Asked {
    source: Source,
    taken: Vec<Taken>,
    is_calm: bool,
}

impl Choices {
    /// The picks of this seed. Seeds differ in how often things go wrong: rare faults lead deep into
    /// a run, frequent ones into odd corners.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut state = seed;
        let percent = [4, 12, 25, 50][(next(&mut state) % 4) as usize];
        Self::from(Source::Random { state, percent })
    }

    /// A schedule as [`schedule`](Self::schedule) writes it. `None`: it is not one.
    #[must_use]
    pub fn replay(schedule: &str) -> Option<Self> {
        let digit = |byte| DIGITS.iter().position(|d| *d == byte);
        let picks: Option<Vec<_>> = schedule
            .bytes()
            .map(|byte| u8::try_from(digit(byte)?).ok())
            .collect();
        Some(Self::from(Source::Recorded(picks?)))
    }

    /// One of `of` ways in which things can go on without anything being wrong.
    pub fn free(&self, of: usize) -> usize {
        self.pick(of, false)
    }

    /// The first of `of` ways is the good one; every other is a fault.
    pub fn fault(&self, of: usize) -> usize {
        self.pick(of, true)
    }

    /// From now on nothing goes wrong any more.
    pub fn calm(&self) {
        self.0.borrow_mut().is_calm = true;
    }

    /// The picks so far, a character each: what replays this run. Good ends are left out.
    #[must_use]
    pub fn schedule(&self) -> String {
        let asked = self.0.borrow();
        let taken = asked.taken.iter();
        let text: String = taken
            .map(|taken| char::from(DIGITS[usize::from(taken.pick)]))
            .collect();
        match text.trim_end_matches('0') {
            "" => "0".to_owned(),
            trimmed => trimmed.to_owned(),
        }
    }

    fn from(source: Source) -> Self {
        Self(Rc::new(RefCell::new(Asked {
            source,
            taken: Vec::with_capacity(64),
            is_calm: false,
        })))
    }

    fn pick(&self, of: usize, is_fault: bool) -> usize {
        assert!((1..=DIGITS.len()).contains(&of), "a choice of {of}");
        let mut asked = self.0.borrow_mut();
        let asked = &mut *asked;
        if asked.is_calm && is_fault {
            return 0;
        }
        let pick = match &mut asked.source {
            Source::Recorded(picks) => {
                let recorded = picks.get(asked.taken.len()).copied().unwrap_or(0);
                usize::from(recorded).min(of - 1)
            }
            Source::Random { state, percent } => {
                if of == 1 || (is_fault && next(state) % 100 >= *percent) {
                    0
                } else if is_fault {
                    1 + below(state, of - 1)
                } else {
                    below(state, of)
                }
            }
        };
        asked.taken.push(Taken {
            pick: pick as u8,
            of: of as u8,
            is_fault,
        });
        pick
    }
}

/// Every schedule in which at most so many faults happen within the first so many choices, each once.
#[derive(Debug)]
pub struct Exhaustive {
    depth: usize,
    faults: usize,
    next: Option<Vec<u8>>,
}

impl Exhaustive {
    /// Beyond `depth` choices, all goes well; `usize::MAX` means no such limit.
    #[must_use]
    pub fn new(depth: usize, faults: usize) -> Self {
        Self {
            depth,
            faults,
            next: Some(Vec::new()),
        }
    }

    /// The next schedule; to be handed back with [`ran`](Self::ran).
    pub fn schedule(&mut self) -> Option<Choices> {
        let picks = self.next.take()?;
        Some(Choices::from(Source::Recorded(picks)))
    }

    /// Tells which choices there were, so that the last of them that can be raised is.
    pub fn ran(&mut self, choices: &Choices) {
        let taken = &choices.0.borrow().taken;
        let faults_before = |at: usize| {
            let faults = taken[..at].iter().filter(|t| t.is_fault && t.pick > 0);
            faults.count()
        };
        let raised = (0..taken.len().min(self.depth)).rev().find(|at| {
            let last = &taken[*at];
            last.pick + 1 < last.of && (!last.is_fault || faults_before(*at) < self.faults)
        });
        self.next = raised.map(|at| {
            let mut picks: Vec<_> = taken[..=at].iter().map(|t| t.pick).collect();
            picks[at] += 1;
            picks
        });
    }
}

/// Splitmix64: small, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn below(state: &mut u64, limit: usize) -> usize {
    (next(state) % limit as u64) as usize
}
