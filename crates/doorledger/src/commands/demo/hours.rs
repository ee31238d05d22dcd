//! The ledger against the tenants' own accounts, hour by hour: as many events stored, as many polled, and as many come by
//! both ways where a tenant has both.
//! Deliberately absent: counting; both sides did that.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Stage;
use crate::commands::server::Server;

/// How the ledger of a tenant compares with the tenant.
pub(super) struct Hours {
    tenant: &'static str,
    hours: usize,
    proved: u64,
    both: u64,
    /// The first hour in which they differ.
    pub(super) differing: Option<String>,
}

impl Hours {
    /// In a line.
    pub(super) fn told(&self) -> String {
        let Self { tenant, hours, proved, both, differing } = self;
        let verdict =
            differing.clone().unwrap_or_else(|| "all as the tenant counts them".to_owned());
        format!(
            "{tenant}: {hours} hours with events, {proved} hours proved, {both} events by both ways; {verdict}\n"
        )
    }
}

/// Compares every hour of every tenant.
pub(super) async fn look(stage: &Stage, server: &Server) -> Result<Vec<Hours>> {
    let tenants = [
        ("acme", true, stage.acme.account().per_hour),
        ("globex", false, stage.globex.account().per_hour),
        ("initech", true, stage.initech.account().per_hour),
    ];
    let mut all = Vec::new();
    for (tenant, has_both, exist) in tenants {
        all.push(compare(server, tenant, has_both, &exist).await?);
    }
    Ok(all)
}

async fn compare(
    server: &Server,
    tenant: &'static str,
    has_both: bool,
    exist: &BTreeMap<String, u64>,
) -> Result<Hours> {
    let question = format!(
        "Ledger | where Tenant == '{tenant}' \
         | summarize Stored = sum(Stored), Both = sum(Both), Polled = sumif(Stored + Both + Elsewhere, Channel == 'poll'), \
           Proved = countif(Proved) by TimeGenerated \
         | project format_datetime(TimeGenerated, 'yyyy-MM-ddTHH'), Stored, Both, Polled, Proved"
    );
    let answer = server.post("/api/v1/query", &json!({ "query": question })).await?;
    let rows = answer["tables"][0]["rows"].as_array().context("the ledger has no rows")?;
    let mut told: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    let (mut both_all, mut proved) = (0, 0);
    for row in rows {
        let number = |n: usize| row[n].as_u64().unwrap_or_default();
        let hour = row[0].as_str().context("an hour of the ledger has no time")?;
        proved += u64::from(number(4) > 0);
        both_all += number(2);
        if number(1) > 0 {
            told.insert(hour, [number(1), number(3), number(2)]);
        }
    }
    let hours = exist.keys().map(String::as_str).chain(told.keys().copied());
    let differing = hours.filter_map(|hour| {
        let wanted = exist.get(hour).copied().unwrap_or_default();
        let [stored, polled, both] = told.get(hour).copied().unwrap_or_default();
        let is_same = stored == wanted && polled == wanted && (!has_both || both == wanted);
        (!is_same).then(|| {
            format!("{hour}: {wanted} at the tenant, {stored} stored, {polled} polled, {both} by both ways")
        })
    });
    let differing = differing.min();
    Ok(Hours { tenant, hours: exist.len(), proved, both: both_all, differing })
}
