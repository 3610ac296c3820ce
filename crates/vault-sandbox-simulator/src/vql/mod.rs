//! As much of VQL as reading tokens takes: `SELECT … FROM … [WHERE … [AND …]]
//! [ORDER BY … [ASC|DESC]] [LIMIT n] [PAGESIZE n] [PAGEOFFSET n]`.

mod lexer;
mod parser;
mod rows;

pub(crate) use parser::parse;
pub(crate) use rows::{Cell, Row, timestamp};

/// A query that was understood. Names are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select {
    pub(crate) fields: Vec<String>,
    pub(crate) target: String,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) order: Option<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) page_size: Option<usize>,
    pub(crate) page_offset: usize,
}

impl Select {
    /// Every field named anywhere.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let conditions = self.conditions.iter().map(|condition| &condition.field);
        let order = self.order.iter().map(|order| &order.field);
        self.fields
            .iter()
            .chain(conditions)
            .chain(order)
            .map(String::as_str)
    }
}

/// `field operator literal`, or `field IN (literals)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    field: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Compare(Operator, Literal),
    OneOf(Vec<Literal>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    Greater,
    AtMost,
    AtLeast,
}

/// A value in a query. Numbers and text compare alike: `user__sys` may be either.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    Value(String),
    Null,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    field: String,
    descending: bool,
}
