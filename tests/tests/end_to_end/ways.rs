//! What works: signing in, issuing, looking, deleting.

use vault_sandbox_core::VaultErrorKind::*;
use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{Expiry, IdentityToken, OauthProfileId, UserId, Vault, VaultId};
use vault_sandbox_simulator::{OAUTH_PROFILE, OAUTH_TOKEN, Simulator};

use super::*;

/// What the program does for one token, from the password to the token's own Vault.
#[test]
fn the_whole_way() {
    let simulator = Simulator::start().unwrap();
    let parent = dns(simulator.dns());
    run(async {
        let stranger = client(parent.clone());
        let session = stranger
            .call(&sign_in(simulator.user_name(), simulator.password()))
            .await
            .unwrap()
            .value;
        session
            .check(&parent, Some(VaultId::new(simulator.vault_id())))
            .unwrap();
        let client = stranger.authorized(session.session_id);

        let versions = client.call(&ListVersions::new()).await.unwrap().value;
        assert!(versions.includes(client.vault().api_version()) && versions.are_of(&parent));
        let me = client.call(&WhoAmI::new()).await.unwrap();
        assert_eq!(me.value.name.as_deref(), Some(simulator.user_name()));
        assert_eq!(me.value.time_zone.as_deref(), Some("America/Denver"));
        assert_eq!(me.facts.vault_id, Some(VaultId::new(simulator.vault_id())));
        assert!(me.facts.execution_id.is_some() && me.facts.burst_remaining.is_some());
        client.call(&KeepAlive::new()).await.unwrap();

        let sandboxes = client
            .call(&ListSandboxes::new())
            .await
            .unwrap()
            .value
            .active;
        let statuses: Vec<_> = sandboxes
            .iter()
            .map(|one| (one.name.as_str(), one.status.as_str()))
            .collect();
        assert_eq!(
            statuses,
            [
                (SANDBOX, "active"),
                ("My Configuration Sandbox", "active"),
                ("Regression Test", "building"),
                ("Old Training", "inactive"),
                (ODD_SANDBOX, "active"),
            ]
        );
        for sandbox in sandboxes
            .iter()
            .filter(|one| one.status == SandboxStatus::Active)
        {
            let vault_id = sandbox.vault_id.unwrap();
            let shown = client
                .call(&ShowSandbox::new(vault_id))
                .await
                .unwrap()
                .value;
            assert_eq!(&shown.sandbox, sandbox);
            assert!(!shown.limits.is_empty());
            let own = parent.sibling(sandbox.dns.as_deref().unwrap()).unwrap();
            for encoding in [Encoding::Form, Encoding::Json] {
                let wanted = token_for(&sandbox.name, Expiry::never()).encoding(encoding);
                let token = client.call(&wanted).await.unwrap().value;
                // It is what Vault has, byte for byte, under the name that was given.
                let kept = simulator.tokens(&sandbox.name).pop().unwrap();
                assert_eq!(token.value().expose().as_bytes(), kept.value.as_bytes());
                assert_eq!(token.id().unwrap().as_str(), kept.id);
                assert_eq!(kept.name, wanted.name().as_str());
                // It works in the sandbox's own Vault, and nowhere else.
                let there = client.at(Vault::new(own.clone()).authorized(token.value().clone()));
                let facts = there.call(&WhoAmI::new()).await.unwrap().facts;
                assert_eq!(facts.vault_id, Some(vault_id));
                let here = client.at(client.vault().clone().authorized(token.value().clone()));
                let refused = here.call(&WhoAmI::new()).await.unwrap_err();
                assert_eq!(kind(&refused), &InvalidSessionId);
                // It is found by its name, however odd that is.
                let mine = FindTokens::new()
                    .name(wanted.name().clone())
                    .user(me.value.id);
                let found = there.call(&mine).await.unwrap().value.records;
                assert_eq!(found.last().unwrap().id.as_str(), kept.id);
                assert_eq!(found.last().unwrap().status, TokenStatus::Active);
                assert!(found.last().unwrap().last_used.is_some());
            }
        }
        client.call(&EndSession::new()).await.unwrap();
        let ended = client.call(&WhoAmI::new()).await.unwrap_err();
        assert_eq!(kind(&ended), &InvalidSessionId);
        assert!(!ended.may_have_been_applied());
    });
    let odd = "/objects/sandbox/Q%26A%2050%25%20%2F%20%C3%9Cn%C3%AFcode%20%231/users/me/";
    assert_eq!(
        simulator
            .requests()
            .iter()
            .filter(|one| one.path.contains(odd))
            .count(),
        2
    );
}

#[test]
fn signing_in_by_an_identity_provider() {
    let simulator = Simulator::start().unwrap();
    let parent = dns(simulator.dns());
    let client = client(parent.clone());
    let profile = OauthProfileId::parse(OAUTH_PROFILE).unwrap();
    let oauth = |token: &str| {
        OauthSignIn::new(profile.clone(), IdentityToken::parse(token).unwrap())
            .vault_dns(parent.clone())
    };
    run(async {
        let discovered = client
            .call(&Discover::new("veeva.id@veepharm.com".parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(discovered.value.auth_type, AuthType::Sso);
        assert_eq!(
            discovered.value.auth_profiles[0].id.as_deref(),
            Some(OAUTH_PROFILE)
        );
        let discovered = client
            .call(&Discover::new("jane.doe@veepharm.com".parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(discovered.value.auth_type, AuthType::Password);
        let session = client.call(&oauth(OAUTH_TOKEN)).await.unwrap().value;
        session.check(&parent, None).unwrap();
        client
            .clone()
            .authorized(session.session_id)
            .call(&WhoAmI::new())
            .await
            .unwrap();
        let refused = client.call(&oauth("another-fake-token")).await.unwrap_err();
        assert_eq!(kind(&refused), &UsernameOrPasswordIncorrect);
    });
}

#[test]
fn landing_in_another_vault_is_noticed() {
    let simulator = Simulator::start().unwrap();
    simulator.switches(|switches| switches.sign_in_lands_elsewhere = true);
    let asked = dns(simulator.dns());
    run(async {
        let client = client(asked.clone());
        let session = client
            .call(&sign_in(simulator.user_name(), simulator.password()))
            .await
            .unwrap()
            .value;
        let Err(WrongVault::OtherHost { host, .. }) = session.check(&asked, None) else {
            panic!("{session:?}");
        };
        assert!(host.contains(simulator.other_dns()), "{host}");
        let expected = Some(VaultId::new(simulator.vault_id()));
        assert!(matches!(
            session.check(&asked, expected),
            Err(WrongVault::OtherId { .. })
        ));
        // The session works all the same, here too: only the check stands in the way. It is ended.
        client
            .authorized(session.session_id)
            .call(&EndSession::new())
            .await
            .unwrap();
        // A session given by hand says by the versions whose it is.
        let other = jane(&simulator);
        let versions = other.call(&ListVersions::new()).await.unwrap().value;
        assert!(versions.are_of(&asked) && !versions.are_of(&dns(simulator.other_dns())));
    });
}

#[test]
fn tokens_for_oneself_and_for_others() {
    let simulator = Simulator::start().unwrap();
    let parent = jane(&simulator);
    let name = || "ci".parse().unwrap();
    run(async {
        let mine = parent
            .call(&GenerateMyToken::new(name(), Expiry::never()))
            .await
            .unwrap()
            .value;
        let by_token = parent.clone().authorized(mine.value().clone());
        let me = by_token.call(&WhoAmI::new()).await.unwrap().value;
        // A token of the parent asks for one of a sandbox.
        by_token
            .call(&token_for(SANDBOX, Expiry::never()))
            .await
            .unwrap();

        let other = UserId::new(me.id.get() + 1);
        let for_other = GenerateUserToken::new(other, name(), Expiry::never());
        let refused = parent.call(&for_other).await.unwrap_err();
        assert_eq!(kind(&refused), &InsufficientAccess);
        let session = parent
            .call(&sign_in("vault.owner@veepharm.com", simulator.password()))
            .await
            .unwrap()
            .value;
        let owner = parent.clone().authorized(session.session_id);
        let for_jane =
            GenerateUserToken::new(me.id, name(), Expiry::never()).encoding(Encoding::Json);
        let hers = owner.call(&for_jane).await.unwrap().value;
        let whose = parent
            .clone()
            .authorized(hers.value().clone())
            .call(&WhoAmI::new())
            .await
            .unwrap();
        assert_eq!(whose.value.id, me.id);
    });
    assert_eq!(simulator.parent_tokens().len(), 2);
}
