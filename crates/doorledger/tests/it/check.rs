//! What a user is told of a configuration that cannot be used: every problem, with path and hint, and exit code 78.
//! Deliberately absent: the fields of single providers and destinations, which their crates test.

use crate::program::{run, run_with};

#[track_caller]
fn check(written: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("doorledger.yaml"), written).unwrap();
    let ran = run(folder.path(), &["check"]);
    assert_eq!(ran.code, 78, "{}{}", ran.out, ran.err);
    for part in expected {
        assert!(ran.err.contains(part), "`{part}` is not in\n{}", ran.err);
    }
}

#[test]
fn an_unknown_field_is_told_with_the_one_that_was_meant() {
    check("listn: 127.0.0.1:1\n", &["listn: is not a known field", "did you mean `listen`?"]);
}

#[test]
fn a_public_address_that_no_provider_could_use_is_told() {
    check("public_url: http://logs.example.com\n", &["public_url: must begin with https://"]);
}

#[test]
fn every_problem_is_told_at_once() {
    check(
        "tenants:\n  - name: acme\n    provider: auth0\n    sources:\n      poll: {domain: acme.eu.auth0.com, client_id: c}\n  \
         - name: b\n    provider: auht0\n    sources: {}\ndestinations:\n  - kind: azure_logs_ingestio\n",
        &[
            "tenants[0].sources.poll.",
            "client_secret",
            "tenants[1].provider",
            "did you mean `auth0`?",
            "did you mean `azure_logs_ingestion`?",
        ],
    );
}

#[test]
fn two_tenants_of_one_name_are_refused() {
    let tenant =
        "  - name: acme\n    provider: onelogin\n    sources: {webhook: {tokens: [abc]}}\n";
    check(
        &format!("tenants:\n{tenant}{tenant}"),
        &["tenants[1].name: `acme` is the name of two OneLogin tenants"],
    );
}

#[test]
fn a_secret_that_cannot_be_resolved_is_never_taken_literally() {
    check(
        "tenants:\n  - name: a\n    provider: onelogin\n    sources: {webhook: {tokens: [{env: NO_SUCH_VARIABLE}]}}\n  \
         - name: b\n    provider: onelogin\n    sources: {webhook: {tokens: [{file: no-such-file}]}}\n  \
         - name: c\n    provider: onelogin\n    sources: {webhook: {tokens: ['@Microsoft.KeyVault(nonsense)']}}\n",
        &[
            "NO_SUCH_VARIABLE",
            "tenants[0].sources.webhook.tokens",
            "no-such-file",
            "tenants[2].sources.webhook.tokens",
        ],
    );
}

#[test]
fn the_environment_of_microsofts_function_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("DOMAIN", "https://acme.eu.auth0.com"),
        ("CLIENT_ID", "c"),
        ("CLIENT_SECRET", "not-to-be-shown"),
        ("WorkspaceID", "5a1d9c52-7a34-4c1e-9f0e-0d5b7c1f2a3e"),
        ("WorkspaceKey", "bm90LXRvLWJlLXNob3du"),
    ];
    let ran = run_with(folder.path(), &variables, &["check"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("auth0/acme.eu.auth0.com/poll")
            && ran.out.contains("azure_data_collector"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("not-to-be-shown") && !ran.out.contains("bm90"), "{}", ran.out);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["--config", "nowhere.yaml", "check"]);
    assert_eq!(ran.code, 78);
    assert!(ran.err.contains("nowhere.yaml"), "{}", ran.err);
}
