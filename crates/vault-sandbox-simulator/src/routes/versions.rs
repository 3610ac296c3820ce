//! The list of API versions.

use serde_json::{Map, Value};

use crate::{
    endpoint::VERSIONS,
    envelope::{Answer, Outcome},
    exchange::Exchange,
};

pub(super) fn list(exchange: &mut Exchange<'_>) -> Outcome {
    if exchange.switches().versions_need_auth {
        exchange.authenticate()?;
    }
    let dns = &exchange.vault().dns;
    let values: Map<String, Value> = VERSIONS
        .iter()
        .map(|version| {
            let url = format!("http://{dns}/api/{version}");
            ((*version).into(), url.into())
        })
        .collect();
    Ok(Answer::success(Map::from_iter([(
        "values".into(),
        values.into(),
    )])))
}
