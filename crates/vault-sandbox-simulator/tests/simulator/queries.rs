//! VQL, single records, deletion.

use serde_json::{Value, json};
use vault_sandbox_simulator::Simulator;

use crate::{
    Answer, Call, GENERATE, SANDBOX, TOKENS, generate, get, post, sandbox_dns, session_of, text,
    token,
};

fn query(vault: &Simulator, session: &str, text: &str) -> Answer {
    post("/api/v26.2/query")
        .auth(session)
        .form(&[("q", text)])
        .send(&sandbox_dns(vault))
}

fn names(answer: &Value) -> Vec<String> {
    let rows = answer["data"].as_array().unwrap();
    rows.iter().map(|row| text(&row["name__v"])).collect()
}

/// `jane-1` of the sample user, `owner-1` of the administrator.
fn two_owners() -> (Simulator, String) {
    let vault = Simulator::start().unwrap();
    token(&vault, "jane-1");
    let owner = session_of(&vault, "vault.owner@veepharm.com");
    post(GENERATE)
        .auth(&owner)
        .form(&[("name__v", "owner-1")])
        .send(vault.dns())
        .assert_success();
    (vault, owner)
}

#[test]
fn a_row_has_vaults_shapes() {
    let vault = Simulator::start().unwrap();
    let fields = [
        ("name__v", "it's"),
        ("expiry_date__v", "2099-12-31T12:00:00Z"),
    ];
    generate(&vault)
        .form(&fields)
        .send(vault.dns())
        .assert_success();
    let all = "SELECT id, name__v, user__sys, status__v, expiry_date__sys, last_used_date__sys \
               FROM api_access_token__sys WHERE name__v = 'it\\'s'";
    let answer = query(&vault, &vault.session(), all).assert_success();
    let details = json!({"pagesize": 1000, "pageoffset": 0, "size": 1, "total": 1});
    assert_eq!(answer["responseDetails"], details);
    let row = json!({
        "id": vault.tokens(SANDBOX)[0].id,
        "name__v": "it's",
        "user__sys": 61_603,
        "status__v": ["active__v"],
        "expiry_date__sys": "2099-12-31T12:00:00.000Z",
        "last_used_date__sys": null,
    });
    assert_eq!(answer["data"], json!([row]));
}

#[test]
fn users_see_their_own_and_administrators_all() {
    let (vault, owner) = two_owners();
    let all = "SELECT name__v FROM api_access_token__sys ORDER BY id";
    let mine = query(&vault, &vault.session(), all).assert_success();
    assert_eq!(names(&mine), ["jane-1"]);
    let theirs = query(&vault, &owner, all).assert_success();
    assert_eq!(names(&theirs), ["jane-1", "owner-1"]);
}

#[test]
fn tokens_are_read_in_their_own_vault() {
    let vault = Simulator::start().unwrap();
    token(&vault, "ci");
    let answer = post("/api/v26.2/query")
        .auth(&vault.session())
        .form(&[("q", "SELECT id FROM api_access_token__sys")])
        .send(vault.dns());
    assert_eq!(answer.assert_success()["data"], json!([]));
}

#[test]
fn pages_lead_to_one_another() {
    let vault = Simulator::start().unwrap();
    for name in ["a", "b", "c"] {
        token(&vault, name);
    }
    let text_of_query = "SELECT name__v FROM api_access_token__sys ORDER BY id PAGESIZE 2";
    let first = query(&vault, &vault.session(), text_of_query).assert_success();
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["responseDetails"]["total"], 3);
    assert_eq!(first["responseDetails"]["previous_page"], Value::Null);

    let follow = |link: &Value, session: &str| {
        let call = post(&text(link)).auth(session);
        call.send(&sandbox_dns(&vault))
    };
    let next = &first["responseDetails"]["next_page"];
    let second = follow(next, &vault.session()).assert_success();
    assert_eq!(names(&second), ["c"]);
    assert_eq!(second["responseDetails"]["next_page"], Value::Null);
    let back = &second["responseDetails"]["previous_page"];
    assert_eq!(
        names(&follow(back, &vault.session()).assert_success()),
        ["a", "b"]
    );

    let stranger = session_of(&vault, "vault.owner@veepharm.com");
    follow(next, &stranger).assert_failure("INVALID_DATA");
    let get_it = get(&text(next)).auth(&vault.session());
    get_it
        .send(&sandbox_dns(&vault))
        .assert_failure("METHOD_NOT_SUPPORTED");
}

#[test]
fn a_page_that_is_just_full_is_the_last() {
    let vault = Simulator::start().unwrap();
    for name in ["a", "b"] {
        token(&vault, name);
    }
    let text_of_query = "SELECT name__v FROM api_access_token__sys PAGESIZE 2";
    let only = query(&vault, &vault.session(), text_of_query).assert_success();
    assert_eq!(names(&only).len(), 2);
    assert_eq!(only["responseDetails"].get("next_page"), None);
}

#[test]
fn an_offset_in_the_query_does_too() {
    let vault = Simulator::start().unwrap();
    for name in ["a", "b", "c"] {
        token(&vault, name);
    }
    let rest =
        "SELECT name__v FROM api_access_token__sys ORDER BY name__v DESC PAGESIZE 1 PAGEOFFSET 1";
    let answer = query(&vault, &vault.session(), rest).assert_success();
    assert_eq!(names(&answer), ["b"]);
}

#[test]
fn queries_that_are_refused() {
    let vault = Simulator::start().unwrap();
    for (text, kind) in [
        ("SELECT id FROM foo__v", "INVALID_DATA"),
        (
            "SELECT token__sys FROM api_access_token__sys",
            "INVALID_DATA",
        ),
        ("SELECT Id FROM api_access_token__sys", "INVALID_DATA"),
        (
            "SELECT id FROM api_access_token__sys WHERE x = 'y'",
            "INVALID_DATA",
        ),
        (
            "SELECT id FROM api_access_token__sys ORDER BY x",
            "INVALID_DATA",
        ),
        ("SELECT id api_access_token__sys", "INCORRECT_QUERY_SYNTAX"),
        ("", "PARAMETER_REQUIRED"),
        (&"x".repeat(50_001), "INVALID_DATA"),
    ] {
        let answer = query(&vault, &vault.session(), text);
        answer.assert_failure(kind);
        assert_eq!(answer.status, 200);
    }
    let unknown = query(&vault, &vault.session(), "SELECT id FROM foo__v");
    assert_eq!(
        unknown.json()["errors"][0]["message"],
        "foo__v is not a queryable object; please refer to api documentation"
    );
}

#[test]
fn one_record_by_id() {
    let (vault, owner) = two_owners();
    let dns = sandbox_dns(&vault);
    let jane = &vault.tokens(SANDBOX)[0].id;
    let owners = &vault.tokens(SANDBOX)[1].id;
    let read = |id: &str, session: &str| get(&format!("{TOKENS}/{id}")).auth(session).send(&dns);
    let record = read(jane, &vault.session()).assert_success();
    assert_eq!(record["data"]["name__v"], "jane-1");
    assert_eq!(record["data"].get("token__sys"), None);
    assert_eq!(
        record["responseDetails"]["object"]["name"],
        "api_access_token__sys"
    );
    read(owners, &vault.session()).assert_failure("INVALID_DATA");
    read(jane, &owner).assert_success();
    read("V8T000000000000", &owner).assert_failure("INVALID_DATA");
}

fn delete(vault: &Simulator, session: &str, content_type: &str, body: &str) -> Answer {
    Call::new("DELETE", TOKENS)
        .auth(session)
        .body(content_type, body)
        .send(&sandbox_dns(vault))
}

#[test]
fn rows_are_answered_one_by_one_in_order() {
    let (vault, _) = two_owners();
    let ids: Vec<_> = vault.tokens(SANDBOX).into_iter().map(|t| t.id).collect();
    let rows = json!([{"id": ids[1]}, {"id": ids[0]}, {"name__v": "x"}, {"id": ids[0]}]);
    let answer = delete(
        &vault,
        &vault.session(),
        "application/json",
        &rows.to_string(),
    );
    let data = answer.assert_success()["data"].clone();
    // Another user's token is not there, and neither is one that was just deleted.
    assert_eq!(data[0]["errors"][0]["type"], "INVALID_DATA");
    assert_eq!(
        data[1],
        json!({"responseStatus": "SUCCESS", "data": {"id": ids[0]}})
    );
    assert_eq!(data[2]["errors"][0]["type"], "PARAMETER_REQUIRED");
    assert_eq!(data[3]["responseStatus"], "FAILURE");
    let left: Vec<_> = vault.tokens(SANDBOX).into_iter().map(|t| t.name).collect();
    assert_eq!(left, ["owner-1"]);
}

#[test]
fn administrators_delete_anyones_with_csv() {
    let (vault, owner) = two_owners();
    let ids: Vec<_> = vault.tokens(SANDBOX).into_iter().map(|t| t.id).collect();
    let csv = format!("id\r\n{}\r\n\"{}\"\r\n", ids[0], ids[1]);
    delete(&vault, &owner, "text/csv", &csv).assert_success();
    assert!(vault.tokens(SANDBOX).is_empty());
}

/// Some clients take the rows back as they sent them.
#[test]
fn deletions_are_answered_in_csv_if_asked() {
    let (vault, _) = two_owners();
    let ids: Vec<_> = vault.tokens(SANDBOX).into_iter().map(|t| t.id).collect();
    let call = |accept: &str, id: &str| {
        Call::new("DELETE", TOKENS)
            .auth(&vault.session())
            .header("Accept", accept)
            .body("text/csv", &format!("id\n{id}\n"))
            .send(&sandbox_dns(&vault))
    };
    // Not theirs to see.
    let refused = call("text/csv", &ids[1]);
    assert_eq!(
        refused.header("content-type"),
        Some("text/csv;charset=UTF-8")
    );
    let expected = format!(
        "responseStatus,id,errors\nFAILURE,,\"INVALID_DATA|The resource [{}] does not exist\"\n",
        ids[1]
    );
    assert_eq!(String::from_utf8_lossy(&refused.body), expected);
    let deleted = call("text/csv", &ids[0]);
    let expected = format!("responseStatus,id,errors\nSUCCESS,{},\n", ids[0]);
    assert_eq!(String::from_utf8_lossy(&deleted.body), expected);
    // JSON where both will do; XML is refused, here as elsewhere.
    assert!(call("text/csv, application/json", "x").assert_success()["data"].is_array());
    assert_eq!(call("application/xml", "x").status, 406);
    let listed = get("/api/v26.2/objects/users/me")
        .auth(&vault.session())
        .header("Accept", "text/csv");
    assert_eq!(listed.send(vault.dns()).status, 406);
}

#[test]
fn post_can_mean_delete() {
    let vault = Simulator::start().unwrap();
    token(&vault, "ci");
    let rows = json!([{"id": vault.tokens(SANDBOX)[0].id}]);
    post(&format!("{TOKENS}?_method=DELETE"))
        .auth(&vault.session())
        .json(&rows)
        .send(&sandbox_dns(&vault))
        .assert_success();
    assert!(vault.tokens(SANDBOX).is_empty());
}

#[test]
fn deletions_that_are_refused_whole() {
    let vault = Simulator::start().unwrap();
    let refused = |content_type: &str, body: &str| {
        delete(&vault, &vault.session(), content_type, body).assert_failure("INVALID_DATA");
    };
    refused("application/json", "{}");
    refused("text/csv", "name__v\nci\n");
    refused("text/plain", "V8T");
    refused("", "V8T");
    refused(
        "application/json",
        &json!(vec![json!({"id": "x"}); 501]).to_string(),
    );
    let by_name = Call::new("DELETE", &format!("{TOKENS}?idParam=name__v"))
        .auth(&vault.session())
        .json(&json!([]));
    by_name
        .send(&sandbox_dns(&vault))
        .assert_failure("INVALID_DATA");
}
