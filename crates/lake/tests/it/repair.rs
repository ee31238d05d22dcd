//! The repairs that lose nothing: after each the lake fits again, opens, and has every row; what was replaced is kept.

use std::sync::Arc;

use lake::{Notary, Remedy, remedies};

use crate::chain::{Sealed, eventful};
use crate::support::{ask, now, open};

/// Lets the doctor at a lake; `accept` names tables whose logs are to be taken as they are.
async fn treat(sealed: &Sealed, hands_on: bool, accept: &[&str]) -> Vec<Remedy> {
    let accept: Vec<String> = accept.iter().map(|table| (*table).to_owned()).collect();
    let notary = sealed.options().notary.filter(|_| hands_on);
    let verdicts = sealed.verify().await;
    remedies(&sealed.checks(), &verdicts, notary.as_ref(), &accept, now()).await.unwrap()
}

/// Spoils the file at `path`, repairs, and looks whether all is well.
async fn check(sealed: &Sealed, path: &str, bad: &[u8], deed: &str) {
    let file = sealed.file(path);
    std::fs::write(&file, bad).unwrap();
    let told = treat(sealed, false, &[]).await;
    let fits = |remedy: &&Remedy| remedy.path.ends_with(path) && remedy.deed.contains(deed);
    let remedy = told.iter().find(fits).unwrap_or_else(|| panic!("{path}: {told:?}"));
    assert!(remedy.safe && !remedy.done);
    assert_eq!(std::fs::read(&file).unwrap(), bad, "looking changes nothing");
    let told = treat(sealed, true, &[]).await;
    assert!(told.iter().find(fits).unwrap().done, "{told:?}");
    assert_eq!(sealed.findings().await, [], "{path}");
    let kept =
        sealed.files("_put_aside").into_iter().any(|kept| std::fs::read(kept).unwrap() == bad);
    assert!(kept, "{path} is kept as evidence");
    let lake = open(sealed.options()).await;
    assert_eq!(lake.damage(), []);
    assert_eq!(ask(&lake, "Doors_CL", &["_EventId"], None).await.len(), 74);
}

fn one(sealed: &Sealed, folder: &str, part: &str) -> String {
    let fits = |path: &&std::path::PathBuf| path.to_str().unwrap().contains(part);
    let files = sealed.files(folder);
    let path = files.iter().find(fits).unwrap_or_else(|| panic!("{part} in {files:?}"));
    path.strip_prefix(sealed.file("")).unwrap().to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_derived_is_made_anew_from_log_and_archive() {
    let sealed = eventful().await;
    let checkpoint = one(&sealed, "_delta_log", ".checkpoint.");
    check(&sealed, &checkpoint, b"PAR1 no more", "put the table's checkpoints aside").await;
    let sealed = eventful().await;
    check(&sealed, "_delta_log/_last_checkpoint", b"\0\0\0", "checkpoints aside").await;
    // Now the log has everything that the archive has.
    let segment = one(&sealed, "_chain", ".jsonl.gz");
    check(&sealed, &segment, b"", "the log still has its entries").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_comes_back_from_the_archive() {
    let sealed = eventful().await;
    let pointer = sealed.file("_delta_log/_last_checkpoint");
    std::fs::write(&pointer, b"").unwrap();
    treat(&sealed, true, &[]).await;
    let early = "_delta_log/00000000000000000005.json";
    check(&sealed, early, b"{\"commitInfo\":", "take its archived copy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_end_is_put_aside_and_a_real_loss_is_not_glossed_over() {
    let sealed = Sealed::new();
    let lake = open(sealed.options()).await;
    for id in ["a", "b"] {
        sealed.add(&lake, id, "2026-03-05").await;
    }
    let torn = sealed.file("_delta_log/00000000000000000003.json");
    std::fs::write(&torn, b"{\"commitInfo\":{\"operat").unwrap();
    let told = treat(&sealed, true, &[]).await;
    assert!(told.iter().any(|remedy| remedy.done && remedy.deed.contains("torn")), "{told:?}");
    assert!(!torn.try_exists().unwrap());
    assert_eq!(sealed.findings().await, []);

    let last = sealed.file("_delta_log/00000000000000000002.json");
    std::fs::remove_file(&last).unwrap();
    let told = treat(&sealed, true, &[]).await;
    assert!(told.iter().all(|remedy| !remedy.done && remedy.deed.contains("--accept")), "{told:?}");
    assert!(!open(sealed.options()).await.damage().is_empty());
    treat(&sealed, true, &["Doors_CL"]).await;
    assert_eq!(open(sealed.options()).await.damage(), []);
    // A key that is another's cannot make the pins its own.
    let stranger = Sealed::new();
    assert!(Notary::open(Arc::clone(&stranger.identity()), sealed.data_folder()).is_err());
}
