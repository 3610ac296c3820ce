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
    let base = exchange.world.base_url(exchange.vault());
    let values: Map<String, Value> = VERSIONS
        .iter()
        .map(|version| {
            let url = format!("{base}/api/{version}");
            ((*version).into(), url.into())
        })
        .collect();
    Ok(Answer::success(Map::from_iter([(
        "values".into(),
        values.into(),
    )])))
}
