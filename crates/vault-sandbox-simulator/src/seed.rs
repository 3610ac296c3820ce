//! What a fresh world holds, and the types to describe another one.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Builder,
    clock::Clock,
    ids::Ids,
    world::{Account, Kind, Vault, World},
};

/// Vault id of the parent.
pub(crate) const PARENT_ID: u64 = 1_000_660;
/// Name of the parent.
pub(crate) const PARENT_NAME: &str = "VeePharm";
/// Name of the Vault that authentication defaulting lands in.
pub(crate) const OTHER_NAME: &str = "VeePharm Quality";
const OTHER_ID: u64 = 1_000_661;
pub(crate) const FIRST_SANDBOX_ID: u64 = 1_000_700;
pub(crate) const FIRST_USER_ID: u64 = 61_603;
pub(crate) const PASSWORD: &str = "simulated-password";

/// A user of every simulated Vault. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// User id.
    pub id: u64,
    /// User name.
    pub name: String,
    /// Password.
    pub password: String,
    /// `user_timezone__v`, where a day ends for this user.
    pub time_zone: String,
    /// Whether the user may read the list of sandboxes. One who may not can still generate a
    /// token for a sandbox.
    pub may_list_sandboxes: bool,
    /// Whether the user is active.
    pub active: bool,
    /// Whether the user sees everyone's tokens and may generate them for others.
    pub admin: bool,
    /// Whether the user has the permission *Application: API: Access API*.
    pub api_access: bool,
    /// Whether this is a VeevaID user, who signs in elsewhere and can have no token.
    pub veeva_id: bool,
    /// Whether the password must be changed first.
    pub must_change_password: bool,
}

impl User {
    /// An ordinary active user in Denver.
    #[must_use]
    pub fn new(id: u64, name: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            password: password.into(),
            time_zone: "America/Denver".into(),
            may_list_sandboxes: true,
            active: true,
            admin: false,
            api_access: true,
            veeva_id: false,
            must_change_password: false,
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A sandbox of the parent Vault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sandbox {
    /// Name, as on the My Vaults page.
    pub name: String,
    /// Size.
    pub size: SandboxSize,
    /// Status.
    pub status: SandboxStatus,
    /// When it goes away; `None` is answered as the text `NULL`, as Vault does.
    pub expiration: Option<DateTime<Utc>>,
    /// The domain of its users' names.
    pub domain: String,
    /// `general`, `limited` or `prerelease`.
    pub release: String,
}

impl Sandbox {
    /// An active sandbox of size Small without an end.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            size: SandboxSize::Small,
            status: SandboxStatus::Active,
            expiration: None,
            domain: "veepharm-sbx.com".into(),
            release: "general".into(),
        }
    }
}

/// `status` of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxStatus {
    /// New, or just refreshed.
    Building,
    /// Usable.
    Active,
    /// Not accessible.
    Inactive,
    /// On its way out.
    Deleting,
}

/// `size` of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxSize {
    /// Up to 100 thousand records.
    Small,
    /// Up to 1 million records.
    Medium,
    /// Up to 10 million records.
    Large,
    /// Up to 100 million records.
    #[serde(rename = "Very Large")]
    VeryLarge,
    /// Up to 500 million records.
    #[serde(rename = "Extra Large")]
    ExtraLarge,
    /// No limit.
    Full,
}

impl SandboxSize {
    /// All of them, smallest first.
    pub const ALL: [Self; 6] = [
        Self::Small,
        Self::Medium,
        Self::Large,
        Self::VeryLarge,
        Self::ExtraLarge,
        Self::Full,
    ];
}

/// The first is the sample user; the others each have something wrong with them.
pub(crate) fn users() -> Vec<User> {
    let mut id = FIRST_USER_ID;
    let mut user = |name: &str| {
        id += 1;
        User::new(id - 1, format!("{name}@veepharm.com"), PASSWORD)
    };
    let jane = user("jane.doe");
    let mut owner = user("vault.owner");
    owner.admin = true;
    owner.time_zone = "Europe/Berlin".into();
    let mut inactive = user("inactive.user");
    inactive.active = false;
    let mut new_hire = user("new.hire");
    new_hire.must_change_password = true;
    let mut no_api = user("no.api");
    no_api.api_access = false;
    let mut veeva_id = user("veeva.id");
    veeva_id.veeva_id = true;
    let mut read_only = user("read.only");
    read_only.may_list_sandboxes = false;
    vec![jane, owner, inactive, new_hire, no_api, veeva_id, read_only]
}

pub(crate) fn sandboxes() -> Vec<Sandbox> {
    let sandbox = |name: &str, size, status| Sandbox {
        size,
        status,
        ..Sandbox::new(name)
    };
    let mut config = sandbox(
        "My Configuration Sandbox",
        SandboxSize::Medium,
        SandboxStatus::Active,
    );
    // 2027-06-30T00:00:00Z
    config.expiration = DateTime::from_timestamp(1_814_313_600, 0);
    vec![
        sandbox(
            "VeePharm Sandbox",
            SandboxSize::Large,
            SandboxStatus::Active,
        ),
        config,
        sandbox(
            "Regression Test",
            SandboxSize::Small,
            SandboxStatus::Building,
        ),
        sandbox("Old Training", SandboxSize::Full, SandboxStatus::Inactive),
        sandbox(
            "Q&A 50% / Ünïcode #1",
            SandboxSize::Small,
            SandboxStatus::Active,
        ),
    ]
}

impl World {
    /// `dns` holds one address per Vault: parent, other, then the sandboxes.
    pub(crate) fn new(setup: &Builder, dns: &[String]) -> Self {
        let clock = Clock::new(setup.fixed_clock);
        let production = [(PARENT_ID, Kind::Parent), (OTHER_ID, Kind::Other)];
        let sandboxes = setup.sandboxes.iter().cloned().map(Kind::Sandbox);
        let vaults = production
            .into_iter()
            .chain((FIRST_SANDBOX_ID..).zip(sandboxes))
            .zip(dns)
            .map(|((id, kind), dns)| Vault::new(id, dns.clone(), kind, clock.now()))
            .collect();
        let account = |user: &User| Account {
            user: user.clone(),
            wrong_passwords: 0,
            last_login: None,
        };
        Self {
            clock,
            ids: Ids::new(setup.seed),
            switches: setup.switches.clone(),
            users: setup.users.iter().map(account).collect(),
            vaults,
            sessions: Vec::new(),
            jobs: Vec::new(),
            scheme: if setup.https { "https" } else { "http" },
            dns: dns.to_vec(),
        }
    }
}
