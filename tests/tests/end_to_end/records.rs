//! Token records: what Vault stored, page by page, and no longer.

use vault_sandbox_core::VaultErrorKind::*;
use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    Answer, ApiPath, Endpoint, Expiry, Form, Method, Payload, ProtocolProblem, Repeat, SessionId,
    TokenId, ValidationError,
};
use vault_sandbox_simulator::{OverCeiling, Simulator, UserSys};

use super::*;

/// What was asked for, against what Vault stored: as it should be, and as it should not.
#[test]
fn the_expiry_is_read_back() {
    let simulator = Simulator::start().unwrap();
    let parent = jane(&simulator);
    let now = simulator.now();
    run(async {
        let read_back = async |expiry: Expiry| {
            let token = parent
                .call(&token_for(SANDBOX, expiry))
                .await
                .unwrap()
                .value;
            let id = token.id().unwrap().clone();
            let there = inside(&simulator, SANDBOX, token.value().clone());
            let found = there.call(&FindTokens::new().id(id)).await.unwrap().value;
            assert_eq!((found.total, found.records.len()), (Some(1), 1));
            found.records[0].expiry
        };
        for users in [UserSys::Number, UserSys::String] {
            simulator.switches(|switches| switches.user_sys = users);
            for text in ["30d", "2099-12-31", "2099-12-31T12:00:00.5+02:00", "never"] {
                let asked = Expiry::parse(text, now).unwrap();
                let stored = read_back(asked).await;
                assert!(asked.is_met_by(stored), "{text}: {stored:?}");
            }
        }
        // 23:59:59 in Denver, not in UTC.
        let stored = read_back(Expiry::parse("2099-12-31", now).unwrap())
            .await
            .unwrap();
        assert_eq!(stored.to_string(), "2100-01-01 06:59:59 UTC");

        simulator.switches(|switches| {
            switches.max_lifetime_days = Some(90);
            switches.over_ceiling = OverCeiling::Shorten;
        });
        let year = Expiry::parse("1y", now).unwrap();
        let stored = read_back(year).await;
        assert!(stored.is_some() && !year.is_met_by(stored));
        simulator.switches(|switches| switches.expiry_ignored = true);
        assert_eq!(read_back(year).await, None);
        assert!(!year.is_met_by(None));
    });
}

/// Pages of two: the core asks for Vault's own size, and so would need a thousand tokens.
struct InPagesOfTwo;

impl Endpoint for InPagesOfTwo {
    type Output = TokenPage;
    const NAME: &'static str = "find_tokens";
    const METHOD: Method = Method::POST;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("query"))
    }

    fn payload(&self) -> Payload {
        let query = "SELECT id, name__v FROM api_access_token__sys ORDER BY id ASC PAGESIZE 2";
        Payload::form(Form::new().field("q", query))
    }

    fn read(answer: &Answer<'_>) -> Result<TokenPage, ProtocolProblem> {
        FindTokens::read(answer)
    }
}

#[test]
fn every_page_is_reached() {
    let simulator = Simulator::start().unwrap();
    let parent = jane(&simulator);
    run(async {
        for _ in 0..5 {
            parent
                .call(&token_for(SANDBOX, Expiry::never()))
                .await
                .unwrap();
        }
        let there = inside(
            &simulator,
            SANDBOX,
            SessionId::parse(simulator.session()).unwrap(),
        );
        let mut page = there.call(&InPagesOfTwo).await.unwrap().value;
        let mut sizes = vec![page.records.len()];
        let mut ids: Vec<_> = page
            .records
            .iter()
            .map(|record| record.id.to_string())
            .collect();
        while let Some(next) = FindTokens::after(&page) {
            assert!(sizes.len() < 5, "the pages do not end: {sizes:?}");
            page = there.call(&next).await.unwrap().value;
            assert_eq!(page.total, Some(5));
            sizes.push(page.records.len());
            ids.extend(page.records.iter().map(|record| record.id.to_string()));
        }
        assert_eq!(sizes, [2, 2, 1]);
        let kept: Vec<_> = simulator
            .tokens(SANDBOX)
            .into_iter()
            .map(|token| token.id)
            .collect();
        assert_eq!(ids, kept);
    });
}

#[test]
fn rows_are_deleted_one_by_one_or_not() {
    let simulator = Simulator::start().unwrap();
    let parent = jane(&simulator);
    run(async {
        let token = parent
            .call(&token_for(SANDBOX, Expiry::never()))
            .await
            .unwrap()
            .value;
        let there = inside(
            &simulator,
            SANDBOX,
            SessionId::parse(simulator.session()).unwrap(),
        );
        let unknown = TokenId::parse("V8T000000009999").unwrap();
        let both = DeleteTokens::new([unknown, token.id().unwrap().clone()]).unwrap();
        let rows = both.outcomes(&there.call(&both).await.unwrap().value);
        let (_, Deletion::Refused(why)) = &rows[0] else {
            panic!("{rows:?}")
        };
        assert_eq!(why[0].kind, InvalidData);
        let deleted = (token.id().unwrap().clone(), Deletion::Deleted);
        assert_eq!(rows[1..], [deleted]);
        // At once, and twice is as good as once.
        let gone = inside(&simulator, SANDBOX, token.value().clone())
            .call(&WhoAmI::new())
            .await;
        assert_eq!(kind(&gone.unwrap_err()), &InvalidSessionId);
        let again = both.outcomes(&there.call(&both).await.unwrap().value);
        let is_refused = |row: &(_, Deletion)| matches!(row.1, Deletion::Refused(_));
        assert!(again.len() == 2 && again.iter().all(is_refused));
    });
    assert!(simulator.tokens(SANDBOX).is_empty());
}
