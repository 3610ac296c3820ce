//! Rows: choosing, ordering, showing.

use std::{cmp::Ordering, collections::HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{Condition, Literal, Operator, Select, Test};
use crate::envelope::{Failure, Outcome};

/// One record: its fields by name.
pub(crate) type Row = HashMap<&'static str, Cell>;

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(u64),
    /// Shown as an array.
    Picklist(String),
    Time(Option<DateTime<Utc>>),
}

/// A time as Vault writes it.
pub(crate) fn timestamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Select {
    /// The rows that meet the conditions, in order, at most as many as the limit.
    pub(crate) fn choose(&self, rows: Vec<Row>) -> Outcome<Vec<Row>> {
        let mut chosen = Vec::new();
        for row in rows {
            if self.accepts(&row)? {
                chosen.push(row);
            }
        }
        if let Some(order) = &self.order {
            chosen.sort_by(|a, b| {
                let key = |row: &Row| row.get(order.field.as_str()).map(Cell::sort_key);
                let ascending = key(a).cmp(&key(b));
                if order.descending {
                    ascending.reverse()
                } else {
                    ascending
                }
            });
        }
        chosen.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(chosen)
    }

    /// The fields asked for.
    pub(crate) fn project(&self, row: &Row) -> Value {
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .filter_map(|field| Some((field.clone(), row.get(field.as_str())?.to_json())))
            .collect();
        fields.into()
    }

    fn accepts(&self, row: &Row) -> Outcome<bool> {
        for condition in &self.conditions {
            if !condition.holds(row)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Condition {
    fn holds(&self, row: &Row) -> Outcome<bool> {
        let Some(cell) = row.get(self.field.as_str()) else {
            return Ok(false);
        };
        match &self.test {
            Test::Compare(operator, literal) => {
                Ok(operator.accepts(cell.compare(literal, &self.field)?))
            }
            Test::OneOf(literals) => {
                for literal in literals {
                    if Operator::Equal.accepts(cell.compare(literal, &self.field)?) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

impl Operator {
    /// `None`: one of the two is null, which only `!=` accepts.
    fn accepts(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::NotEqual => ordering != Some(Ordering::Equal),
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::AtMost => ordering.is_some_and(Ordering::is_le),
            Self::AtLeast => ordering.is_some_and(Ordering::is_ge),
        }
    }
}

impl Cell {
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Picklist(item) => json!([item]),
            Self::Time(at) => at.map(timestamp).into(),
        }
    }

    /// How the cell stands to the literal; two nulls are equal.
    fn compare(&self, literal: &Literal, field: &str) -> Outcome<Option<Ordering>> {
        let Literal::Value(text) = literal else {
            return Ok((*self == Self::Time(None)).then_some(Ordering::Equal));
        };
        Ok(match self {
            Self::Text(own) | Self::Picklist(own) => Some(own.as_str().cmp(text)),
            Self::Number(own) => {
                let number: u64 = text.parse().map_err(|_| Failure::invalid(text, field))?;
                Some(own.cmp(&number))
            }
            Self::Time(own) => {
                let at = instant(text).ok_or_else(|| Failure::invalid(text, field))?;
                own.map(|own| own.cmp(&at))
            }
        })
    }

    fn sort_key(&self) -> (u64, String) {
        match self {
            Self::Number(number) => (*number, String::new()),
            Self::Text(text) | Self::Picklist(text) => (0, text.clone()),
            Self::Time(at) => (0, at.map(timestamp).unwrap_or_default()),
        }
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let date = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0);
    text.parse().ok().or_else(|| Some(date()?.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vql::parse;

    fn rows() -> Vec<Row> {
        let row = |id: &str, user, expiry: Option<&str>| {
            Row::from([
                ("id", Cell::Text(id.into())),
                ("user", Cell::Number(user)),
                ("status", Cell::Picklist("active__v".into())),
                ("expiry", Cell::Time(expiry.map(|at| at.parse().unwrap()))),
            ])
        };
        vec![
            row("b", 10, Some("2026-12-31T12:00:00Z")),
            row("a'c", 9, None),
            row("c", 9, Some("2027-01-01T00:00:00Z")),
        ]
    }

    #[track_caller]
    fn assert_chosen(rest: &str, expected: &[&str]) {
        let select = parse(&format!("SELECT id FROM x {rest}")).unwrap();
        let chosen = select.choose(rows()).unwrap();
        let ids: Vec<_> = chosen.iter().map(|row| row["id"].clone()).collect();
        let expected: Vec<_> = expected.iter().map(|id| Cell::Text((*id).into())).collect();
        assert_eq!(ids, expected, "{rest}");
    }

    #[test]
    fn conditions() {
        assert_chosen("", &["b", "a'c", "c"]);
        assert_chosen("WHERE id = 'a''c'", &["a'c"]);
        assert_chosen("WHERE id != 'b' AND user = 9", &["a'c", "c"]);
        assert_chosen("WHERE user = '9'", &["a'c", "c"]);
        assert_chosen("WHERE user < 10 AND user >= 9", &["a'c", "c"]);
        assert_chosen("WHERE id IN ('b', 'c')", &["b", "c"]);
        assert_chosen("WHERE status CONTAINS ('active__v')", &["b", "a'c", "c"]);
        assert_chosen("WHERE status = 'inactive__v'", &[]);
    }

    #[test]
    fn times_compare_as_times() {
        assert_chosen("WHERE expiry > '2026-12-31T11:59:59.999Z'", &["b", "c"]);
        assert_chosen("WHERE expiry <= '2026-12-31T12:00:00Z'", &["b"]);
        assert_chosen("WHERE expiry = '2027-01-01'", &["c"]);
        assert_chosen("WHERE expiry = null", &["a'c"]);
        assert_chosen("WHERE expiry != null", &["b", "c"]);
    }

    #[test]
    fn order_and_limit() {
        assert_chosen("ORDER BY id", &["a'c", "b", "c"]);
        assert_chosen("ORDER BY id DESC", &["c", "b", "a'c"]);
        assert_chosen("ORDER BY user ASC", &["a'c", "c", "b"]);
        assert_chosen("ORDER BY expiry DESC LIMIT 1", &["c"]);
        assert_chosen("LIMIT 0", &[]);
    }

    #[test]
    fn a_literal_of_the_wrong_kind_is_refused() {
        for rest in ["WHERE user = 'jane'", "WHERE expiry > 'soon'"] {
            let select = parse(&format!("SELECT id FROM x {rest}")).unwrap();
            assert_eq!(select.choose(rows()).unwrap_err().kind, "INVALID_DATA");
        }
    }

    #[test]
    fn shapes_in_json() {
        let select = parse("SELECT id, user, status, expiry FROM x").unwrap();
        assert_eq!(
            select.project(&rows()[0]),
            json!({"id": "b", "user": 10, "status": ["active__v"], "expiry": "2026-12-31T12:00:00.000Z"})
        );
        assert_eq!(select.project(&rows()[1])["expiry"], Value::Null);
    }
}
