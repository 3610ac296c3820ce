//! Who am I.

use serde_json::{Map, json};

use crate::{
    envelope::{Answer, Outcome},
    exchange::Exchange,
    vql,
};

/// Does not make the session live longer, as documented.
pub(super) fn me(exchange: &mut Exchange<'_>) -> Outcome {
    let caller = exchange.identify()?;
    let account = exchange.world.account(caller.who);
    let user = &account.user;
    let user = json!({
        "id": user.id,
        "user_name__v": user.name,
        "user_email__v": user.name,
        "user_timezone__v": user.time_zone,
        "user_locale__v": "en_US",
        "is_domain_admin__v": user.admin,
        "active__v": user.active,
        "domain_id__v": 1,
        "security_policy_id__v": 1,
        "security_profile__v": if user.admin { "vault_owner__v" } else { "business_admin__v" },
        "license_type__v": "full__v",
        "last_login__v": account.last_login.map(vql::timestamp),
    });
    Ok(Answer::success(Map::from_iter([(
        "users".into(),
        json!([{ "user": user }]),
    )])))
}
