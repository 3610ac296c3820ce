//! Ways out of a secret, counted in the source text of the core.

use vault_sandbox_tests::sources_of_core;

/// One way out per secret, and one place where the inner type is opened: whoever adds another has
/// to come by here.
#[test]
fn there_is_one_exposing_function_per_secret() {
    let sources = sources_of_core();
    let code = |file: &str| -> &str {
        let (_, text) = sources.iter().find(|(path, _)| path == file).unwrap();
        text
    };
    let secrets = code("types/secret.rs");
    // The macro makes the function; each use of the macro is a secret type.
    assert_eq!(secrets.matches("macro_rules! secret").count(), 1);
    assert_eq!(secrets.matches("pub fn expose").count(), 1);
    let types = secrets.matches("\nsecret! {").count();
    assert_eq!(types, 4, "SessionId, AccessToken, Password, IdentityToken");
    assert_eq!(
        secrets.matches("(SecretString);").count(),
        1,
        "no secret beside the macro"
    );
    for (path, text) in &sources {
        let opens = text.contains("expose_secret") || text.contains("ExposeSecret");
        let may = matches!(path.as_str(), "types/secret.rs" | "redact.rs");
        assert!(!opens || may, "{path} opens a secret");
        assert!(
            !text.contains("fn expose") || path == "types/secret.rs",
            "{path} exposes"
        );
        assert!(
            !text.contains("SecretString") || may,
            "{path} holds a secret of its own"
        );
    }
    // Nothing leads from a secret to text or to its parts: see also `public_api/auto_traits.rs`.
    for way_out in [
        "impl fmt::Display",
        "impl Deref",
        "impl AsRef",
        "Serialize for",
        "serde::",
        "PartialEq",
        "fn as_str",
        "fn into_inner",
    ] {
        assert!(!secrets.contains(way_out), "{way_out}");
    }
}
