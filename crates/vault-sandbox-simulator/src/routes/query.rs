//! Reading tokens: VQL and single records.

use serde_json::{Map, Value, json};

use super::TOKEN_OBJECT;
use crate::{
    UserSys,
    endpoint::Route,
    envelope::{Answer, Failure, Outcome},
    exchange::Exchange,
    params::Params,
    vql::{self, Cell, Row, Select},
    world::{StoredQuery, Token, Who},
};

/// Fields of a token that can be read. Its value cannot.
const FIELDS: [&str; 6] = [
    "id",
    "name__v",
    "user__sys",
    "status__v",
    "expiry_date__sys",
    "last_used_date__sys",
];
/// Longest query Vault takes.
const MAX_QUERY: usize = 50_000;
/// Rows per page: default and most, as for objects in Vault.
const MAX_PAGE: usize = 1000;

pub(super) fn first_page(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    let who = exchange.authenticate()?.who;
    let params = Params::of_form_body(exchange.request)?;
    let text = params.require("q")?;
    if text.chars().count() > MAX_QUERY {
        let message = format!("The query is longer than {MAX_QUERY} characters");
        return Err(Failure::new("INVALID_DATA", message));
    }
    let select = vql::parse(text)?;
    check_target(&select)?;
    let page = Page {
        size: select.page_size.unwrap_or(MAX_PAGE).min(MAX_PAGE),
        offset: select.page_offset,
    };
    let query = StoredQuery {
        id: exchange.world.ids.uuid(),
        asked_by: who,
        select,
    };
    let answer = read(exchange, route, &query, page)?;
    exchange.world.vault_mut(exchange.at).queries.push(query);
    Ok(answer)
}

pub(super) fn further_page(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    let who = exchange.authenticate()?.who;
    let query = exchange
        .vault()
        .queries
        .iter()
        .find(|query| query.id == route.variable && query.asked_by == who)
        .cloned()
        .ok_or_else(|| Failure::no_such_record(&route.variable))?;
    let params = Params::of_query(exchange.request);
    let number = |name: &str, default: usize| match params.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Failure::invalid(text, name)),
    };
    let page = Page {
        size: number("pagesize", MAX_PAGE)?.clamp(1, MAX_PAGE),
        offset: number("pageoffset", 0)?,
    };
    read(exchange, route, &query, page)
}

pub(super) fn retrieve(exchange: &Exchange<'_>, who: Who, route: &Route) -> Outcome {
    let id = route.variable.as_str();
    let token = visible(exchange, who)
        .find(|token| token.id == id)
        .ok_or_else(|| Failure::no_such_record(id))?;
    let url = format!("/api/{}/vobjects/{TOKEN_OBJECT}", route.version());
    let details = json!({
        "url": format!("{url}/{id}"),
        "object": {
            "url": format!("/api/{}/metadata/vobjects/{TOKEN_OBJECT}", route.version()),
            "label": "API Access Token",
            "name": TOKEN_OBJECT,
            "label_plural": "API Access Tokens",
            "prefix": "V8T",
        },
    });
    let row = row(exchange, token);
    let data: Map<String, Value> = FIELDS
        .iter()
        .filter_map(|field| Some(((*field).into(), row.get(*field)?.to_json())))
        .collect();
    Ok(Answer::success(Map::from_iter([
        ("responseDetails".into(), details),
        ("data".into(), data.into()),
    ])))
}

#[derive(Clone, Copy)]
struct Page {
    size: usize,
    offset: usize,
}

fn check_target(select: &Select) -> Outcome<()> {
    if select.target != TOKEN_OBJECT {
        return Err(Failure::new(
            "INVALID_DATA",
            format!(
                "{} is not a queryable object; please refer to api documentation",
                select.target
            ),
        ));
    }
    match select.names().find(|name| !FIELDS.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            "INVALID_DATA",
            format!("[{name}] is not a queryable field of {TOKEN_OBJECT}"),
        )),
    }
}

fn read(exchange: &Exchange<'_>, route: &Route, query: &StoredQuery, page: Page) -> Outcome {
    let now = exchange.now();
    let visible_after = exchange.switches().token_visible_after;
    let rows = visible(exchange, query.asked_by)
        .filter(|token| token.is_older_than(visible_after, now))
        .map(|token| row(exchange, token))
        .collect();
    let rows = query.select.choose(rows)?;
    let data: Vec<Value> = rows
        .iter()
        .skip(page.offset)
        .take(page.size)
        .map(|row| query.select.project(row))
        .collect();
    let mut details = json!({
        "pagesize": page.size,
        "pageoffset": page.offset,
        "size": data.len(),
        "total": rows.len(),
    });
    let url = |offset: usize| {
        let (version, id, size) = (route.version(), &query.id, page.size);
        format!("/api/{version}/query/{id}?pagesize={size}&pageoffset={offset}")
    };
    let next = page.offset.saturating_add(page.size);
    if next < rows.len() {
        details["next_page"] = url(next).into();
    }
    if page.offset > 0 {
        details["previous_page"] = url(page.offset.saturating_sub(page.size)).into();
    }
    Ok(Answer::success(Map::from_iter([
        ("responseDetails".into(), details),
        ("data".into(), data.into()),
    ])))
}

/// The tokens of this Vault that a user may see: their own, or as an administrator all.
pub(super) fn visible<'a>(exchange: &'a Exchange<'_>, who: Who) -> impl Iterator<Item = &'a Token> {
    let admin = exchange.user(who).admin;
    let tokens = exchange.vault().tokens.iter();
    tokens.filter(move |token| admin || token.owner == who)
}

fn row(exchange: &Exchange<'_>, token: &Token) -> Row {
    let switches = exchange.switches();
    let user_id = exchange.user(token.owner).id;
    let status = if token.is_active(exchange.now()) {
        "active__v"
    } else {
        &switches.expired_status
    };
    Row::from([
        ("id", Cell::Text(token.id.clone())),
        ("name__v", Cell::Text(token.name.clone())),
        (
            "user__sys",
            match switches.user_sys {
                UserSys::Number => Cell::Number(user_id),
                UserSys::String => Cell::Text(user_id.to_string()),
            },
        ),
        ("status__v", Cell::Picklist(status.to_owned())),
        ("expiry_date__sys", Cell::Time(token.expiry)),
        ("last_used_date__sys", Cell::Time(token.last_used)),
    ])
}
