//! Everything the simulated Vaults hold. No I/O; time comes from its own clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Sandbox, SandboxStatus, Switches, TokenRecord, TokenStatus, UnknownName, User,
    clock::Clock,
    ids::Ids,
    jobs::Job,
    seed::{OTHER_NAME, PARENT_NAME},
    vql,
};

/// Wrong passwords until a user is locked. Source: Vault Help 7239.
pub(crate) const ATTEMPTS_UNTIL_LOCKED: u32 = 5;
/// Absolute limit of a session in Vault.
const SESSION_LIFE: TimeDelta = TimeDelta::hours(48);
/// Length of a burst window.
const BURST_WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Calls per burst window: the documentation's example.
pub(crate) const BURST_LIMIT: u32 = 2000;

/// The parent Vault, another one, the sandboxes, and the users of them all.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) switches: Switches,
    pub(crate) users: Vec<Account>,
    pub(crate) vaults: Vec<Vault>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) jobs: Vec<Job>,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Addresses in the order of `vaults`; those behind the last wait for a new sandbox.
    pub(crate) dns: Vec<String>,
}

/// Which Vault: its place in the world, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(pub(crate) usize);

impl At {
    pub(crate) const PARENT: Self = Self(0);
    pub(crate) const OTHER: Self = Self(1);
}

/// Which user: its place in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) usize);

impl Who {
    /// The one tests sign in as.
    pub(crate) const SAMPLE: Self = Self(0);
}

pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) wrong_passwords: u32,
    pub(crate) last_login: Option<DateTime<Utc>>,
}

pub(crate) struct Vault {
    pub(crate) id: u64,
    /// `127.0.0.1:PORT`.
    pub(crate) dns: String,
    pub(crate) kind: Kind,
    pub(crate) tokens: Vec<Token>,
    pub(crate) queries: Vec<StoredQuery>,
    /// When it was created, if that was after the beginning.
    pub(crate) created: Option<DateTime<Utc>>,
    /// When it was last built or refreshed, if that was after the beginning.
    pub(crate) built: Option<DateTime<Utc>>,
    burst: Burst,
}

pub(crate) enum Kind {
    /// The Vault the sandboxes belong to.
    Parent,
    /// Another production Vault of the same users.
    Other,
    /// A sandbox of the parent.
    Sandbox(Sandbox),
}

pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) owner: Who,
    pub(crate) created: DateTime<Utc>,
    pub(crate) expiry: Option<DateTime<Utc>>,
    pub(crate) last_used: Option<DateTime<Utc>>,
}

pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user: Who,
    started: DateTime<Utc>,
    pub(crate) last_used: DateTime<Utc>,
}

/// A query whose further pages may be asked for.
#[derive(Clone)]
pub(crate) struct StoredQuery {
    pub(crate) id: String,
    pub(crate) asked_by: Who,
    pub(crate) select: vql::Select,
}

#[derive(Clone, Copy)]
struct Burst {
    window_start: DateTime<Utc>,
    calls: u32,
}

impl World {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn vault(&self, at: At) -> &Vault {
        &self.vaults[at.0]
    }

    pub(crate) fn vault_mut(&mut self, at: At) -> &mut Vault {
        &mut self.vaults[at.0]
    }

    pub(crate) fn account(&self, who: Who) -> &Account {
        &self.users[who.0]
    }

    pub(crate) fn account_mut(&mut self, who: Who) -> &mut Account {
        &mut self.users[who.0]
    }

    pub(crate) fn user_named(&self, name: &str) -> Option<Who> {
        let place = self.users.iter().position(|account| {
            // Vault user names are e-mail-like and not case-sensitive.
            account.user.name.eq_ignore_ascii_case(name)
        });
        place.map(Who)
    }

    pub(crate) fn user_with_id(&self, id: &str) -> Option<Who> {
        let place = self
            .users
            .iter()
            .position(|account| account.user.id.to_string() == id);
        place.map(Who)
    }

    /// The sandbox of this name, letter by letter or by the case switch.
    pub(crate) fn sandbox_named(&self, name: &str) -> Option<At> {
        let matches = |candidate: &str| {
            if self.switches.sandbox_case_sensitive {
                candidate == name
            } else {
                candidate.to_lowercase() == name.to_lowercase()
            }
        };
        let place = self
            .vaults
            .iter()
            .position(|vault| matches!(vault.kind, Kind::Sandbox(_)) && matches(vault.name()));
        place.map(At)
    }

    /// The Vaults that let users in, oldest first.
    pub(crate) fn open_vaults(&self) -> impl Iterator<Item = &Vault> {
        self.vaults.iter().filter(|vault| vault.is_open())
    }

    pub(crate) fn open_session(&mut self, user: Who) -> String {
        let now = self.now();
        let id = self.ids.session_id();
        self.sessions.push(Session {
            id: id.clone(),
            user,
            started: now,
            last_used: now,
        });
        id
    }

    /// Sessions that have not run out.
    pub(crate) fn live_session(&mut self, id: &str) -> Option<&mut Session> {
        let now = self.now();
        let idle = self.switches.session_idle;
        self.sessions
            .iter_mut()
            .find(|session| session.id == id && session.is_live(idle, now))
    }

    /// A live session of this user, opened if there is none.
    pub(crate) fn session_of(&mut self, user: Who) -> String {
        let now = self.now();
        let idle = self.switches.session_idle;
        let live = self
            .sessions
            .iter()
            .find(|session| session.user == user && session.is_live(idle, now));
        match live {
            Some(session) => session.id.clone(),
            None => self.open_session(user),
        }
    }

    /// Where a Vault is found: scheme, host, port.
    pub(crate) fn base_url(&self, vault: &Vault) -> String {
        format!("{}://{}", self.scheme, vault.dns)
    }

    pub(crate) fn lock_user(&mut self, name: &str) -> Result<(), UnknownName> {
        let who = self.user_named(name).ok_or_else(|| UnknownName::of(name))?;
        self.account_mut(who).wrong_passwords = ATTEMPTS_UNTIL_LOCKED;
        Ok(())
    }

    /// What is being built stays as told: the end of its job changes nothing any more.
    pub(crate) fn set_sandbox_status(
        &mut self,
        name: &str,
        status: SandboxStatus,
    ) -> Result<(), UnknownName> {
        let at = self
            .sandbox_named(name)
            .ok_or_else(|| UnknownName::of(name))?;
        self.vault_mut(at).set_status(status);
        for job in &mut self.jobs {
            job.is_settled |= job.sandbox == at;
        }
        Ok(())
    }

    pub(crate) fn token_records(&self, at: At) -> Vec<TokenRecord> {
        let now = self.now();
        let record = |token: &Token| TokenRecord {
            id: token.id.clone(),
            name: token.name.clone(),
            value: token.value.clone(),
            expiry: token.expiry,
            status: token.status(now),
            user: self.account(token.owner).user.name.clone(),
            last_used: token.last_used,
        };
        self.vault(at).tokens.iter().map(record).collect()
    }
}

impl Account {
    pub(crate) fn is_locked(&self) -> bool {
        self.wrong_passwords >= ATTEMPTS_UNTIL_LOCKED
    }
}

impl Vault {
    pub(crate) fn new(id: u64, dns: String, kind: Kind, now: DateTime<Utc>) -> Self {
        Self {
            id,
            dns,
            kind,
            tokens: Vec::new(),
            queries: Vec::new(),
            created: None,
            built: None,
            burst: Burst {
                window_start: now,
                calls: 0,
            },
        }
    }

    pub(crate) fn name(&self) -> &str {
        match &self.kind {
            Kind::Parent => PARENT_NAME,
            Kind::Other => OTHER_NAME,
            Kind::Sandbox(sandbox) => &sandbox.name,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match &self.kind {
            Kind::Parent | Kind::Other => true,
            Kind::Sandbox(sandbox) => sandbox.status == SandboxStatus::Active,
        }
    }

    /// Counts a call and says how many are left in the window.
    pub(crate) fn spend_burst(&mut self, now: DateTime<Utc>) -> u32 {
        if now - self.burst.window_start >= BURST_WINDOW || now < self.burst.window_start {
            self.burst = Burst {
                window_start: now,
                calls: 0,
            };
        }
        self.burst.calls = self.burst.calls.saturating_add(1);
        BURST_LIMIT.saturating_sub(self.burst.calls)
    }
}

impl Session {
    fn is_live(&self, idle: Duration, now: DateTime<Utc>) -> bool {
        let idle = TimeDelta::from_std(idle).unwrap_or(TimeDelta::MAX);
        now - self.last_used < idle && now - self.started < SESSION_LIFE
    }
}

impl Token {
    pub(crate) fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.expiry.is_none_or(|expiry| now < expiry)
    }

    pub(crate) fn status(&self, now: DateTime<Utc>) -> TokenStatus {
        if self.is_active(now) {
            TokenStatus::Active
        } else {
            TokenStatus::Expired
        }
    }

    /// Whether it has been there for that long.
    pub(crate) fn is_older_than(&self, age: Duration, now: DateTime<Utc>) -> bool {
        TimeDelta::from_std(age).is_ok_and(|age| now - self.created >= age)
    }
}
