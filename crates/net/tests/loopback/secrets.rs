//! Secrets that a configuration names: from files, variables and vaults.

use std::sync::Arc;

use model::{FixedClock, Secret};
use net::{
    Client, ClientSettings, Cloud, EntraIdentity, EntraTokens, ManagedEndpoint, Resolved,
    SecretResolver, VaultAccess, Vaults,
};
use serde_json::{Value, json};

use crate::server::{Server, answer};

fn env(name: &str) -> Option<String> {
    match name {
        "SET" => Some("from the environment".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

async fn offline(folder: &std::path::Path, written: Value) -> Result<Resolved, Vec<String>> {
    let vaults = Vaults::Offline { cloud: Cloud::Public };
    let resolver = SecretResolver { env: &env, folder: folder.to_owned(), vaults };
    resolver.resolve(&written).await.map_err(told)
}

fn told(problems: Vec<model::Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

#[tokio::test]
async fn files_and_variables_are_put_in_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), "secret\r\n").expect("written");
    std::fs::write(folder.path().join("b"), " two\nlines\n\n").expect("written");
    let written = json!({
        "x/y~z": {"file": "a"},
        "list": [{"file": folder.path().join("b")}, {"env": "SET"}, "plain"],
    });
    let resolved = offline(folder.path(), written).await.expect("resolved");
    assert_eq!(
        resolved.written,
        json!({"x/y~z": "secret", "list": [" two\nlines\n", "from the environment", "plain"]})
    );
    assert!(!format!("{resolved:?}").contains("environment"));
}

#[tokio::test]
async fn everything_that_is_not_resolved_is_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("empty"), "\n").expect("written");
    std::fs::write(folder.path().join("huge"), vec![b'x'; 70_000]).expect("written");
    let written = json!([
        {"file": "missing"}, {"file": "empty"}, {"file": "huge"},
        {"env": "UNSET"}, {"env": "EMPTY"}, "@Microsoft.KeyVault(x)",
    ]);
    let problems = offline(folder.path(), written).await.expect_err("all wrong");
    let problems = problems.join("\n").replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(problems, @r"
    [5]: a setting of the Key Vault reference has no value
    [0]: the file missing cannot be read: No such file or directory (os error 2)
    [1]: the file empty is empty
    [2]: the file huge is larger than 65536 bytes
    [3]: the environment variable UNSET is not set
    [4]: the environment variable EMPTY is empty
    ");
}

#[tokio::test]
async fn offline_a_vault_is_not_asked_and_its_place_is_named() {
    let reference = "@Microsoft.KeyVault(VaultName=v;SecretName=n)";
    let written = json!({"a": [{"b": reference}]});
    let resolved = offline(std::path::Path::new("."), written).await.expect("well formed");
    assert_eq!(resolved.unfetched, ["a[0].b"]);
    assert_ne!(resolved.written["a"][0]["b"], reference);
}

/// A server that issues tokens and is a vault; the first answer of the vault is `busy`.
async fn vault() -> Server {
    Server::start(|n, asked| {
        let path = asked.target.split('?').next().unwrap_or_default();
        match path {
            "/t/oauth2/v2.0/token" => answer(200, r#"{"access_token":"T","expires_in":3600}"#),
            "/secrets/busy" if n < 3 => answer(503, ""),
            "/secrets/good" | "/secrets/busy" => {
                answer(200, r#"{"value":"from the vault","id":"https://v/secrets/good/1"}"#)
            }
            "/secrets/forbidden" => answer(403, r#"{"error":{"code":"Forbidden","message":"no"}}"#),
            "/secrets/empty" => answer(200, r#"{"id":"https://v/secrets/good/1"}"#),
            "/secrets/down" => answer(500, ""),
            _ => answer(404, r#"{"error":{"code":"SecretNotFound","message":"no"}}"#),
        }
    })
    .await
}

async fn online(server: &Server, names: &[&str]) -> Result<Value, Vec<String>> {
    let client = Client::new(&ClientSettings::default()).expect("a client");
    let clock = Arc::new(FixedClock::at("2026-11-20T18:00:00Z".parse().expect("a moment")));
    let imds = ManagedEndpoint::from_variables(None, None).expect("an address");
    let tokens = EntraTokens::new(client.clone(), clock, imds);
    let identity = EntraIdentity::ClientSecret {
        tenant_id: "t".to_owned(),
        client_id: "c".to_owned(),
        client_secret: Secret::new("s"),
    };
    let access = VaultAccess {
        client: &client,
        tokens: &tokens,
        cloud: Cloud::Public,
        authority: Some(server.base.clone()),
        identity: Some(identity),
        seed: 1,
    };
    let written: Vec<Value> = names
        .iter()
        .map(|name| json!({"keyvault": format!("{}/secrets/{name}", server.base)}))
        .collect();
    let resolver = SecretResolver { env: &env, folder: ".".into(), vaults: Vaults::Online(access) };
    resolver.resolve(&json!(written)).await.map(|resolved| resolved.written).map_err(told)
}

#[tokio::test(start_paused = true)]
async fn a_vault_gives_the_secret_even_if_it_is_busy_at_first() {
    let server = vault().await;
    let resolved = online(&server, &["busy", "good"]).await.expect("resolved");
    assert_eq!(resolved, json!(["from the vault", "from the vault"]));
    let asked = server.asked();
    let targets: Vec<&str> = asked.iter().map(|asked| asked.target.as_str()).collect();
    let busy = "/secrets/busy?api-version=7.4";
    assert_eq!(
        targets,
        ["/t/oauth2/v2.0/token", busy, busy, busy, "/secrets/good?api-version=7.4"]
    );
    assert_eq!(asked[1].header("authorization"), "Bearer T");
}

#[tokio::test(start_paused = true)]
async fn what_a_vault_refuses_is_told_with_its_cause() {
    let server = vault().await;
    let problems = online(&server, &["forbidden", "absent", "empty", "down"]).await;
    insta::assert_snapshot!(problems.expect_err("all wrong").join("\n"), @r"
    [0]: 127.0.0.1 does not let us read the secret forbidden
    [1]: 127.0.0.1 has no secret absent, or not this version of it
    [2]: the secret empty of 127.0.0.1 has no value
    [3]: 127.0.0.1 answers with status 500
    ");
}
