//! Deleting tokens, several at once.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use super::query;
use crate::{
    envelope::{Answer, Failure, Outcome},
    exchange::Exchange,
    params::{self, Params},
    world::Who,
};

/// Most records per call.
const MAX_RECORDS: usize = 500;

/// Outer SUCCESS; each row has its own outcome, in the order asked.
pub(super) fn tokens(exchange: &mut Exchange<'_>, who: Who) -> Outcome {
    if let Some(field) = Params::of_query(exchange.request).get("idParam")
        && field != "id"
    {
        return Err(Failure::invalid(field, "idParam"));
    }
    let ids = ids(exchange.request)?;
    if ids.len() > MAX_RECORDS {
        let message = format!("At most {MAX_RECORDS} records can be deleted at once");
        return Err(Failure::new("INVALID_DATA", message));
    }
    let rows: Vec<_> = ids
        .into_iter()
        .map(|id| id.and_then(|id| delete(exchange, who, id)))
        .collect();
    let csv = exchange.takes_csv().then(|| csv(&rows));
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|row| match row {
            Ok(id) => json!({"responseStatus": "SUCCESS", "data": {"id": id}}),
            Err(failure) => json!({"responseStatus": "FAILURE", "errors": [failure.entry()]}),
        })
        .collect();
    let mut answer = Answer::data(rows.into());
    answer.csv = csv;
    Ok(answer)
}

/// Columns as Veeva shows them for other calls that answer in CSV.
fn csv(rows: &[Outcome<String>]) -> String {
    let mut text = "responseStatus,id,errors\n".to_owned();
    for row in rows {
        text.push_str(&match row {
            Ok(id) => format!("SUCCESS,{id},\n"),
            Err(failure) => {
                let error = format!("{}|{}", failure.kind, failure.message);
                format!("FAILURE,,\"{}\"\n", error.replace('"', "\"\""))
            }
        });
    }
    text
}

fn delete(exchange: &mut Exchange<'_>, who: Who, id: String) -> Outcome<String> {
    if !query::visible(exchange, who).any(|token| token.id == id) {
        return Err(Failure::no_such_record(&id));
    }
    let vault = exchange.world.vault_mut(exchange.at);
    vault.tokens.retain(|token| token.id != id);
    Ok(id)
}

/// The ids asked for; a row without one fails by itself.
fn ids(request: &Request<Bytes>) -> Outcome<Vec<Outcome<String>>> {
    match params::media_type(request).as_str() {
        "application/json" => json_ids(request.body()),
        "text/csv" => csv_ids(request.body()),
        other => Err(params::unsupported(other)),
    }
}

fn json_ids(body: &[u8]) -> Outcome<Vec<Outcome<String>>> {
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(body)
        .map_err(|_| Failure::new("INVALID_DATA", "The body is not a JSON array of objects"))?;
    let id = |row: &Map<String, Value>| match row.get("id") {
        Some(Value::String(id)) => Ok(id.clone()),
        Some(Value::Number(id)) => Ok(id.to_string()),
        _ => Err(Failure::missing("id")),
    };
    Ok(rows.iter().map(id).collect())
}

/// One column, so quotes are all there is to CSV here.
fn csv_ids(body: &[u8]) -> Outcome<Vec<Outcome<String>>> {
    let text =
        str::from_utf8(body).map_err(|_| Failure::new("INVALID_DATA", "The body is not UTF-8"))?;
    let mut cells = text.lines().map(|line| line.trim().trim_matches('"'));
    if cells.next() != Some("id") {
        return Err(Failure::new("INVALID_DATA", "The CSV has no column [id]"));
    }
    Ok(cells
        .filter(|cell| !cell.is_empty())
        .map(|cell| Ok(cell.to_owned()))
        .collect())
}
