//! VQL tokens into a query.

use super::{
    Condition, Literal, Operator, Order, Select, Test,
    lexer::{self, Token},
};
use crate::envelope::{Failure, Outcome};

/// # Errors
///
/// `INCORRECT_QUERY_SYNTAX`, as seen from Vault (its documentation has `…_ERROR`).
pub(crate) fn parse(text: &str) -> Outcome<Select> {
    lexer::tokens(text)
        .and_then(|tokens| Parser(&tokens).select())
        .ok_or_else(|| {
            Failure::new(
                "INCORRECT_QUERY_SYNTAX",
                format!("Cannot parse query [{text}]"),
            )
        })
}

/// What is left to read. `None` from any method: this is not VQL.
struct Parser<'a>(&'a [Token]);

impl Parser<'_> {
    fn select(mut self) -> Option<Select> {
        self.keyword("SELECT")?;
        let fields = self.list(Self::name)?;
        self.keyword("FROM")?;
        let target = self.name()?;
        let conditions = self.conditions()?;
        let order = self.order()?;
        let limit = self.number_after("LIMIT")?;
        let page_size = self.number_after("PAGESIZE")?;
        let page_offset = self.number_after("PAGEOFFSET")?;
        if !self.0.is_empty() || page_size == Some(0) {
            return None;
        }
        Some(Select {
            fields,
            target,
            conditions,
            order,
            limit,
            page_size,
            page_offset: page_offset.unwrap_or(0),
        })
    }

    fn conditions(&mut self) -> Option<Vec<Condition>> {
        let mut conditions = Vec::new();
        if self.takes_keyword("WHERE") {
            conditions.push(self.condition()?);
            while self.takes_keyword("AND") {
                conditions.push(self.condition()?);
            }
        }
        Some(conditions)
    }

    fn condition(&mut self) -> Option<Condition> {
        let field = self.name()?;
        let test = if self.takes_keyword("IN") || self.takes_keyword("CONTAINS") {
            self.symbol("(")?;
            let literals = self.list(Self::literal)?;
            self.symbol(")")?;
            Test::OneOf(literals)
        } else {
            Test::Compare(self.operator()?, self.literal()?)
        };
        Some(Condition { field, test })
    }

    fn order(&mut self) -> Option<Option<Order>> {
        if !self.takes_keyword("ORDER") {
            return Some(None);
        }
        self.keyword("BY")?;
        let field = self.name()?;
        let descending = self.takes_keyword("DESC");
        if !descending {
            self.takes_keyword("ASC");
        }
        Some(Some(Order { field, descending }))
    }

    fn number_after(&mut self, keyword: &str) -> Option<Option<usize>> {
        if !self.takes_keyword(keyword) {
            return Some(None);
        }
        match self.next()? {
            Token::Number(digits) => digits.parse().ok().map(Some),
            _ => None,
        }
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.symbol(",").is_some() {
            items.push(item(self)?);
        }
        Some(items)
    }

    /// A field or object. Keywords are not names: `SELECT FROM x` is broken.
    fn name(&mut self) -> Option<String> {
        const KEYWORDS: [&str; 5] = ["SELECT", "FROM", "WHERE", "AND", "ORDER"];
        match self.next()? {
            Token::Word(word) if !KEYWORDS.iter().any(|k| k.eq_ignore_ascii_case(word)) => {
                Some(word.clone())
            }
            _ => None,
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        match self.next()? {
            Token::Text(value) | Token::Number(value) => Some(Literal::Value(value.clone())),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Some(Literal::Null),
            Token::Word(_) | Token::Symbol(_) => None,
        }
    }

    fn operator(&mut self) -> Option<Operator> {
        Some(match self.next()? {
            Token::Symbol("=") => Operator::Equal,
            Token::Symbol("!=") => Operator::NotEqual,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol(">") => Operator::Greater,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">=") => Operator::AtLeast,
            _ => return None,
        })
    }

    fn keyword(&mut self, keyword: &str) -> Option<()> {
        self.takes_keyword(keyword).then_some(())
    }

    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.0.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn symbol(&mut self, symbol: &str) -> Option<()> {
        let found = matches!(self.0.first(), Some(Token::Symbol(next)) if *next == symbol);
        if found {
            self.0 = &self.0[1..];
        }
        found.then_some(())
    }

    fn next(&mut self) -> Option<&Token> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_at_once() {
        let select = parse(
            "select id, name__v FROM api_access_token__sys WHERE name__v = 'a''b' and user__sys != 7 \
             AND status__v CONTAINS ('active__v', null) ORDER BY id DESC LIMIT 10 PAGESIZE 5 PAGEOFFSET 2",
        )
        .unwrap();
        let value = |text: &str| Literal::Value(text.into());
        let condition = |field: &str, test| Condition {
            field: field.into(),
            test,
        };
        let expected = Select {
            fields: vec!["id".into(), "name__v".into()],
            target: "api_access_token__sys".into(),
            conditions: vec![
                condition("name__v", Test::Compare(Operator::Equal, value("a'b"))),
                condition("user__sys", Test::Compare(Operator::NotEqual, value("7"))),
                condition(
                    "status__v",
                    Test::OneOf(vec![value("active__v"), Literal::Null]),
                ),
            ],
            order: Some(Order {
                field: "id".into(),
                descending: true,
            }),
            limit: Some(10),
            page_size: Some(5),
            page_offset: 2,
        };
        assert_eq!(select, expected);
    }

    #[test]
    fn the_shortest_query() {
        let select = parse("SELECT id FROM x").unwrap();
        assert_eq!((select.conditions, select.order), (vec![], None));
        assert_eq!((select.limit, select.page_size), (None, None));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "SELECT",
            "SELECT FROM x",
            "SELECT id, FROM x",
            "SELECT id FROM x WHERE",
            "SELECT id FROM x WHERE id",
            "SELECT id FROM x WHERE id = name__v",
            "SELECT id FROM x WHERE id = 'a' OR id = 'b'",
            "SELECT id FROM x WHERE id IN ()",
            "SELECT id FROM x WHERE id = 'it's'",
            "SELECT id FROM x ORDER id",
            "SELECT id FROM x LIMIT many",
            "SELECT id FROM x PAGESIZE 0",
            "SELECT id FROM x PAGEOFFSET 1 LIMIT 2",
            "SELECT id FROM x; DROP TABLE x",
        ] {
            let failure = parse(text).unwrap_err();
            assert_eq!(failure.kind, "INCORRECT_QUERY_SYNTAX", "{text}");
            assert!(failure.message.contains(text));
        }
    }
}
