//! Looking for a token by its name, and what a hit proves.

use std::collections::BTreeSet;

use super::intent::Intent;
use crate::endpoints::{FindTokens, TokenRecord};
use crate::types::{TokenId, TokenName};

/// A token that is to be looked for by its name: what to ask the sandbox, and what its answer proves.
///
/// Names are no proof of origin: anybody may give a token any name. So a hit is certain only if
///
/// 1. the name [holds this operation's number](Intent::has_own_name), which nobody else draws;
/// 2. exactly one token of exactly this name is there, besides the one that is to be replaced;
/// 3. it was never used, unless its value was at hand before it was lost: nobody else could use it.
///
/// Any other hit is a [candidate](LookUpResult::Uncertain): its facts are for a person to judge, and
/// nothing is called ours, or deleted, because of it. The token that is to be replaced is never a
/// candidate. Finding nothing proves nothing: a new token may take a while to show.
#[derive(Debug, Clone, Copy)]
pub struct LookUp<'a> {
    intent: &'a Intent,
    was_at_hand: bool,
}

/// What looking showed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookUpResult {
    /// It is this one.
    Certain(TokenId),
    /// It may be one of these, or none of them. The likeliest come first: never used, with the expiry
    /// that was asked for.
    Uncertain(Vec<TokenRecord>),
    /// No token of that name is there now.
    Nothing,
}

impl<'a> LookUp<'a> {
    pub(super) fn new(intent: &'a Intent, was_at_hand: bool) -> Self {
        Self {
            intent,
            was_at_hand,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &'a TokenName {
        &self.intent.name
    }

    /// Whether a hit can be certain at all. If so, it is worth looking again for some seconds until
    /// one is; if not, looking once shows all the candidates there are.
    #[must_use]
    pub fn can_be_certain(&self) -> bool {
        self.intent.has_own_name()
    }

    /// The call to make in the sandbox's own Vault.
    pub fn request(&self) -> FindTokens {
        FindTokens::new().name(self.name().clone())
    }

    /// What the records that were found prove. Those of another name, which were not asked for, prove
    /// nothing.
    #[must_use]
    pub fn judge(&self, records: &[TokenRecord]) -> LookUpResult {
        let mut seen = BTreeSet::new();
        let mut candidates: Vec<_> = records
            .iter()
            .filter(|record| self.may_be_it(record) && seen.insert(&record.id))
            .cloned()
            .collect();
        match candidates.as_slice() {
            [] => LookUpResult::Nothing,
            [only] if self.is_certain(only) => LookUpResult::Certain(only.id.clone()),
            _ => {
                candidates.sort_by_key(|record| self.unlikeliness(record));
                LookUpResult::Uncertain(candidates)
            }
        }
    }

    fn may_be_it(&self, record: &TokenRecord) -> bool {
        let is_old = self.intent.replaces.as_ref() == Some(&record.id);
        let name = record.name.as_deref();
        !is_old && name.is_none_or(|name| name == self.name().as_str())
    }

    fn is_certain(&self, record: &TokenRecord) -> bool {
        let is_unused = record.last_used.is_none() || self.was_at_hand;
        self.can_be_certain() && record.name.is_some() && is_unused
    }

    fn unlikeliness(&self, record: &TokenRecord) -> (bool, bool) {
        let is_as_asked = self.intent.expiry.is_met_by(record.expiry);
        (record.last_used.is_some(), !is_as_asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Expiry, OperationId};
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    const OWN: &str = "ci #01020304";

    fn intent(name: &str) -> Intent {
        Intent::new(
            OperationId::from_bytes([1, 2, 3, 4]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            name.parse().unwrap(),
            Expiry::at(expiry()).unwrap(),
        )
    }

    fn expiry() -> DateTime<Utc> {
        "2027-02-21T18:04:11Z".parse().unwrap()
    }

    fn id(text: &str) -> TokenId {
        text.parse().unwrap()
    }

    /// A token of this name with the expiry that was asked for, never used.
    fn record(text: &str, name: &str) -> TokenRecord {
        TokenRecord::new(id(text)).name(name).expiry(Some(expiry()))
    }

    fn used(record: TokenRecord) -> TokenRecord {
        record.last_used(Some("2026-11-24T00:00:00Z".parse().unwrap()))
    }

    fn ids(result: &LookUpResult) -> Vec<&str> {
        match result {
            LookUpResult::Uncertain(records) => records.iter().map(|r| r.id.as_str()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_of_its_own_name_that_nobody_used_is_certain() {
        let intent = intent(OWN);
        let look_up = LookUp::new(&intent, false);
        assert!(look_up.can_be_certain());
        assert_eq!(
            look_up.request(),
            FindTokens::new().name(OWN.parse().unwrap())
        );
        let certain = |text: &str| LookUpResult::Certain(id(text));
        assert_eq!(look_up.judge(&[record("A", OWN)]), certain("A"));
        // Vault may shorten an expiry.
        let shortened = record("A", OWN).expiry(Some("2026-12-01T00:00:00Z".parse().unwrap()));
        assert_eq!(look_up.judge(&[shortened]), certain("A"));
        // Twice on a page is one token.
        let twice = [record("A", OWN), record("A", OWN)];
        assert_eq!(look_up.judge(&twice), certain("A"));
        // What was not asked for proves nothing.
        let others = [
            record("B", "ci"),
            record("A", OWN),
            record("C", "CI #01020304"),
        ];
        assert_eq!(look_up.judge(&others), certain("A"));
    }

    #[test]
    fn two_of_its_own_name_or_one_in_use_or_nameless_are_not_certain() {
        let intent = intent(OWN);
        let look_up = LookUp::new(&intent, false);
        let both = look_up.judge(&[record("A", OWN), record("B", OWN)]);
        assert_eq!(ids(&both), ["A", "B"]);
        assert_eq!(ids(&look_up.judge(&[used(record("A", OWN))])), ["A"]);
        let nameless = TokenRecord::new(id("A")).expiry(Some(expiry()));
        assert_eq!(ids(&look_up.judge(&[nameless])), ["A"]);
        // Its value was at hand: whoever had it may have used it.
        let at_hand = LookUp::new(&intent, true);
        let found = at_hand.judge(&[used(record("A", OWN))]);
        assert_eq!(found, LookUpResult::Certain(id("A")));
    }

    #[test]
    fn a_name_that_others_can_have_is_never_certain() {
        let intent = intent("ci");
        for was_at_hand in [false, true] {
            let look_up = LookUp::new(&intent, was_at_hand);
            assert!(!look_up.can_be_certain());
            assert_eq!(ids(&look_up.judge(&[record("A", "ci")])), ["A"]);
            assert_eq!(look_up.judge(&[]), LookUpResult::Nothing);
        }
    }

    #[test]
    fn the_token_that_is_replaced_is_no_candidate() {
        for (name, own) in [("ci", false), (OWN, true)] {
            let intent = intent(name).replaces(Some(id("OLD")));
            let look_up = LookUp::new(&intent, false);
            let old = record("OLD", name);
            assert_eq!(
                look_up.judge(std::slice::from_ref(&old)),
                LookUpResult::Nothing
            );
            let found = look_up.judge(&[old, record("A", name)]);
            match own {
                true => assert_eq!(found, LookUpResult::Certain(id("A"))),
                false => assert_eq!(ids(&found), ["A"]),
            }
        }
    }

    #[test]
    fn the_likeliest_come_first() {
        let intent = intent("ci");
        let other_expiry = |text: &str| record(text, "ci").expiry(None);
        let found = LookUp::new(&intent, false).judge(&[
            used(other_expiry("D")),
            used(record("C", "ci")),
            other_expiry("B"),
            record("A", "ci"),
        ]);
        assert_eq!(ids(&found), ["A", "B", "C", "D"]);
    }

    fn any_record() -> impl Strategy<Value = TokenRecord> {
        let names = prop_oneof![
            Just(Some(OWN)),
            Just(Some("ci")),
            Just(Some("other")),
            Just(None)
        ];
        ("[ABCO]", names, any::<bool>(), any::<bool>()).prop_map(|(id, name, is_used, as_asked)| {
            let record = TokenRecord::new(id.parse().unwrap());
            let record = record.expiry(as_asked.then(expiry));
            let record = match name {
                Some(name) => record.name(name),
                None => record,
            };
            if is_used { used(record) } else { record }
        })
    }

    proptest! {
        /// The rules of the type's documentation, one by one, over every mixture of tokens.
        #[test]
        fn what_is_certain_satisfies_every_rule(
            records in proptest::collection::vec(any_record(), 0..6),
            is_own in any::<bool>(),
            is_replacing in any::<bool>(),
            was_at_hand in any::<bool>(),
        ) {
            let intent = intent(if is_own { OWN } else { "ci" });
            let intent = intent.replaces(is_replacing.then(|| id("O")));
            let name = intent.name.as_str();
            let look_up = LookUp::new(&intent, was_at_hand);
            let is_old = |record: &TokenRecord| is_replacing && record.id.as_str() == "O";
            let of_name = records.iter().filter(|r| !is_old(r));
            let of_name = of_name.filter(|r| r.name.as_deref().is_none_or(|n| n == name));
            let distinct: BTreeSet<_> = of_name.clone().map(|r| &r.id).collect();
            match look_up.judge(&records) {
                LookUpResult::Certain(found) => {
                    prop_assert!(is_own);
                    prop_assert_eq!(distinct.len(), 1);
                    let first = of_name.clone().find(|r| r.id == found).unwrap();
                    prop_assert_eq!(first.name.as_deref(), Some(name));
                    prop_assert!(was_at_hand || first.last_used.is_none());
                }
                LookUpResult::Uncertain(found) => {
                    prop_assert!(!found.is_empty());
                    prop_assert!(!found.iter().any(is_old));
                    let named: BTreeSet<_> = found.iter().map(|r| &r.id).collect();
                    prop_assert_eq!(named.len(), found.len());
                    prop_assert_eq!(named, distinct);
                }
                LookUpResult::Nothing => prop_assert!(distinct.is_empty()),
            }
        }
    }
}
