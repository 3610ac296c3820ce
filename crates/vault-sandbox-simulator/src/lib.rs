#![doc = include_str!("../README.md")]

mod builder;
mod clock;
mod control;
mod edit;
mod endpoint;
mod envelope;
mod exchange;
mod expiry;
mod fault;
mod ids;
mod jobs;
mod millis;
mod params;
mod play;
mod record;
mod routes;
mod script;
mod seed;
mod server;
mod simulator;
mod switches;
#[cfg_attr(not(feature = "https"), path = "no_tls.rs")]
mod tls;
mod vql;
mod world;
mod zone;

pub use builder::{Builder, StartError};
pub use edit::Edit;
pub use endpoint::Endpoint;
pub use envelope::ResponseStatus;
pub use fault::{Effect, Fault, Matches, Nth};
pub use record::{RecordedRequest, TokenRecord, TokenStatus};
pub use seed::{Sandbox, SandboxSize, SandboxStatus, User};
pub use simulator::{Simulator, UnknownName};
pub use switches::{
    FailureStatus, OmittedExpiry, OverCeiling, PastExpiry, Switches, UnknownParameters, UserSys,
};

/// The only identity provider's token that is accepted; it signs in the sample user.
pub const OAUTH_TOKEN: &str = "simulated-identity-provider-token";
/// The only OAuth 2.0 / OpenID Connect profile there is.
pub const OAUTH_PROFILE: &str = "_simulated_oidc_profile";
