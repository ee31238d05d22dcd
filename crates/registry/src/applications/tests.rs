//! Applications by rows: kept, changed, removed; sealed; and what is told when key or row is not what it was.

use std::fs;

use rusqlite::Connection;
use serde_json::json;

use super::ApplicationKind::{Destination, Tenant};
use super::*;
use crate::registry::tests::opened;
use crate::{FILE_NAME, KEY_FILE_NAME};

/// The keys of a kind, those that cannot be read with the beginning of the reason.
fn keys(registry: &Registry, kind: ApplicationKind) -> Vec<String> {
    let all = registry.applications(kind).unwrap();
    all.into_iter()
        .map(|one| match one {
            Ok(one) => format!("{} {}", one.key, one.version),
            Err(one) => format!("{} ! {}", one.key, one.reason),
        })
        .collect()
}

#[test]
fn an_application_is_added_changed_and_removed() {
    let (registry, clock, _folder) = opened();
    assert_eq!(keys(&registry, Tenant), [""; 0]);
    let document =
        json!({"provider": "auth0", "name": "acme", "sources": {"poll": {"z": 1, "a": 2}}});
    assert_eq!(registry.add_application(Tenant, "auth0/acme", &document).unwrap(), 1);
    assert_eq!(registry.add_application(Destination, "auth0/acme", &json!({})).unwrap(), 1);
    assert_eq!(registry.add_application(Tenant, "auth0/Acme", &json!({})).unwrap(), 1);
    let taken = registry.add_application(Tenant, "auth0/acme", &json!({})).unwrap_err();
    assert_eq!(taken.to_string(), "there is a tenant called `auth0/acme` already");
    clock.advance_microseconds(5);
    let changed = json!({"provider": "auth0", "paused": true});
    assert_eq!(registry.change_application(Tenant, "auth0/acme", &changed, 1).unwrap(), 2);
    let stale = registry.change_application(Tenant, "auth0/acme", &document, 1);
    assert!(matches!(stale, Err(Error::Stale { expected: 1, found: 2 })), "{stale:?}");
    let unknown = registry.change_application(Destination, "x", &document, 1).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no destination called `x`");

    let all = registry.applications(Tenant).unwrap();
    let [first, second] = &all[..] else { panic!("{all:?}") };
    assert_eq!(first.as_ref().unwrap().key, "auth0/Acme");
    let second = second.as_ref().unwrap();
    assert_eq!((&second.document, second.version), (&changed, 2));
    assert_eq!(second.updated, model::Clock::now(&*clock));
    registry.remove_application(Tenant, "auth0/acme").unwrap();
    assert!(matches!(
        registry.remove_application(Tenant, "auth0/acme"),
        Err(Error::Unknown { .. })
    ));
    assert_eq!(keys(&registry, Tenant), ["auth0/Acme 1"]);
    assert_eq!(keys(&registry, Destination), ["auth0/acme 1"]);
}

#[test]
fn neither_the_files_nor_debug_show_a_secret() {
    let (registry, clock, folder) = opened();
    let secret = "an-unmistakable-client-secret";
    registry.add_application(Tenant, "auth0/acme", &json!({"client_secret": secret})).unwrap();
    registry
        .change_application(Tenant, "auth0/acme", &json!({"client_secret": secret, "b": 1}), 1)
        .unwrap();
    let shown = format!("{:?}", registry.applications(Tenant).unwrap());
    assert!(shown.contains("auth0/acme") && !shown.contains(secret), "{shown}");
    let mut files = 0;
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for word in [secret, "client_secret"] {
            assert!(!bytes.windows(word.len()).any(|some| some == word.as_bytes()));
        }
        files += 1;
    }
    assert!(files >= 2, "database and key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(folder.path().join(KEY_FILE_NAME)).unwrap();
        assert_eq!((metadata.permissions().mode() & 0o777, metadata.len()), (0o600, 32));
    }
    // Another process, later.
    let next = Registry::open(folder.path(), clock).unwrap();
    let all = next.applications(Tenant).unwrap();
    assert_eq!(all[0].as_ref().unwrap().document["client_secret"], secret);
}

#[test]
fn exchanged_and_changed_rows_are_refused_and_the_others_are_not() {
    let (registry, _clock, folder) = opened();
    for key in ["a", "b", "c"] {
        registry.add_application(Tenant, key, &json!({"of": key})).unwrap();
    }
    registry.add_application(Destination, "a", &json!({"of": "destination"})).unwrap();
    let file = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    for statement in [
        // Exchanged between keys, and between kinds.
        "UPDATE application SET document = (SELECT document FROM application WHERE kind = 'tenant' AND key = 'b')
         WHERE kind = 'destination' AND key = 'a'",
        "UPDATE application SET document = (SELECT document FROM application WHERE kind = 'tenant' AND key = 'c')
         WHERE kind = 'tenant' AND key = 'a'",
        "UPDATE application SET document = x'00' WHERE kind = 'tenant' AND key = 'c'",
    ] {
        assert_eq!(file.execute(statement, []).unwrap(), 1);
    }
    let told = keys(&registry, Tenant);
    assert_eq!(told[1], "b 1");
    for (at, key) in [(0, "a"), (2, "c")] {
        assert!(told[at].starts_with(&format!("{key} ! its row in `registry.db` was")), "{told:?}");
    }
    assert!(keys(&registry, Destination)[0].starts_with("a ! its row"));
    // It can be removed, and be written anew.
    registry.remove_application(Tenant, "a").unwrap();
    registry.change_application(Tenant, "c", &json!({}), 1).unwrap();
    assert_eq!(keys(&registry, Tenant), ["b 1", "c 2"]);
}

#[test]
fn a_missing_or_wrong_key_is_told_and_never_overwritten() {
    let (registry, _clock, folder) = opened();
    let (key, aside) = (folder.path().join(KEY_FILE_NAME), folder.path().join("aside"));
    registry.add_application(Tenant, "a", &json!({})).unwrap();
    let kept = fs::read(&key).unwrap();
    for (wrong, told) in [
        (None, "a ! its key, the file"),
        (Some(vec![7; 32]), "a ! it was sealed with another key"),
        (Some(b"short".to_vec()), "a ! the file"),
    ] {
        match &wrong {
            None => fs::rename(&key, &aside).unwrap(),
            Some(bytes) => fs::write(&key, bytes).unwrap(),
        }
        let found = keys(&registry, Tenant);
        assert!(found[0].starts_with(told), "{found:?}");
        assert!(found[0].ends_with("or remove this tenant and add it again"), "{found:?}");
        let refused = registry.add_application(Tenant, "b", &json!({})).unwrap_err();
        assert!(matches!(refused, Error::Refused { .. }), "{refused:?}");
        assert_eq!(fs::read(&key).ok(), wrong, "nothing was put there");
        match wrong {
            None => fs::rename(&aside, &key).unwrap(),
            Some(_) => fs::write(&key, &kept).unwrap(),
        }
    }
    assert_eq!(keys(&registry, Tenant), ["a 1"]);
    // The only one may be written anew with the key that is there, or with a new one.
    fs::remove_file(&key).unwrap();
    registry.change_application(Tenant, "a", &json!({"new": true}), 1).unwrap();
    assert_eq!(keys(&registry, Tenant), ["a 2"]);
    assert_ne!(fs::read(&key).unwrap(), kept);
}

#[test]
fn limits_themselves_are_allowed_and_one_above_is_not() {
    let (registry, _clock, folder) = opened();
    let most = json!("x".repeat(APPLICATION_BYTES_MAX - 2));
    registry.add_application(Tenant, &"k".repeat(APPLICATION_KEY_BYTES_MAX), &most).unwrap();
    let more = json!("x".repeat(APPLICATION_BYTES_MAX - 1));
    let long = "k".repeat(APPLICATION_KEY_BYTES_MAX + 1);
    let nested = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    registry.add_application(Destination, "deep", &nested(APPLICATION_LEVELS_MAX)).unwrap();
    registry.applications(Destination).unwrap()[0].as_ref().unwrap();
    let deeper = nested(APPLICATION_LEVELS_MAX + 1);
    for (key, document) in
        [("a", &more), ("a", &deeper), (&*long, &json!(1)), ("", &json!(1)), ("a\0b", &json!(1))]
    {
        let refused = registry.add_application(Tenant, key, document);
        assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    }
    let file = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let many = format!(
        "INSERT INTO application (kind, key, sealed_with, document, version, updated)
         SELECT 'tenant', 'n' || value, sealed_with, x'', 1, 0 FROM (SELECT sealed_with FROM application LIMIT 1)
         JOIN (WITH RECURSIVE n(value) AS (VALUES(2) UNION ALL SELECT value + 1 FROM n WHERE value < {})
               SELECT value FROM n)",
        APPLICATIONS_MAX - 1
    );
    file.execute_batch(&many).unwrap();
    registry.add_application(Tenant, "last", &json!({})).unwrap();
    let refused = registry.add_application(Tenant, "one more", &json!({})).unwrap_err();
    assert_eq!(refused.to_string(), format!("there are {APPLICATIONS_MAX} tenants already"));
    registry.add_application(Destination, "of another kind", &json!({})).unwrap();
}
