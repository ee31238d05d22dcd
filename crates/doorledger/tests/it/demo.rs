//! The demonstration, run to the point where its counts agree: polls, log stream, webhook, journal, lake, KQL and shipping
//! against the simulated services, in order and with every fault switched on.
//! Deliberately absent: speed.

use crate::program::{free_port, run};

#[track_caller]
fn agree(faults: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let arguments = [&["demo", "--once", "--events", "2000", "--listen", &listen], faults].concat();
    let ran = run(folder.path(), &arguments);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("Auth0Logs_CL: 2"), "{}", ran.out);
    // Hour by hour, of each of the three tenants: stored, polled, come by both ways.
    assert_eq!(ran.out.matches("all as the tenant counts them").count(), 3, "{}", ran.out);
}

#[test]
fn counts_of_tenants_lake_and_azure_agree() {
    agree(&[]);
}

#[test]
fn counts_agree_with_every_fault_switched_on() {
    agree(&["--fault", "all=0.03"]);
}
