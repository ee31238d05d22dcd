//! The ledger of a node: for each tenant which hours are proved, what is missing and why, how many events came which way
//! and where they went. Read from the journal at each question; nothing of it is kept anywhere else.
//! Deliberately absent: counting (`journal`) and the walks themselves (`sources`).

mod html;
mod judge;
mod months;
mod serve;
mod statement;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::{Account, Delivery, Journal, RecordedGap, Walked};
use model::{Clock, Problem, SourceId, Stretch, Timestamp, nearest};

use crate::alarms;

pub(crate) use html::{marks, verdict};
pub(crate) use judge::{Channel, Hour, OpenGap, Proof, State};
pub(crate) use months::Month;
pub(crate) use serve::Statements;
pub(crate) use statement::{Desk, Shown, Statement, ToldHour, check_document, totals};
pub(crate) use table::{TABLE, columns, rows};

/// One tenant of a provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TenantId {
    pub(crate) provider: String,
    pub(crate) tenant: String,
}

/// Reads the ledger.
#[derive(Clone)]
pub(crate) struct Ledger {
    journal: Journal,
    clock: Arc<dyn Clock>,
}

/// Whether a source is somebody's: the program's own alarms come from nowhere and are owed to nobody.
fn is_collected(source: &SourceId) -> bool {
    source.provider != alarms::PROVIDER
}

/// What a journal tells of all tenants.
struct Told {
    walks: Vec<Walked>,
    gaps: Vec<RecordedGap>,
    now: Timestamp,
}

impl Ledger {
    /// Over this journal.
    pub(crate) fn new(journal: Journal, clock: Arc<dyn Clock>) -> Self {
        Self { journal, clock }
    }

    /// Every tenant that ever brought something. Blocks.
    pub(crate) fn tenants(&self) -> Result<Vec<TenantId>, journal::Error> {
        let tenants: BTreeSet<TenantId> =
            self.told()?.walks.iter().map(|it| of(&it.source)).collect();
        Ok(tenants.into_iter().collect())
    }

    /// What is proved of a tenant, and what is missing. Blocks.
    pub(crate) fn proof(&self, tenant: &TenantId) -> Result<Proof, journal::Error> {
        Ok(self.told()?.proof(tenant))
    }

    /// The hours of a tenant within `wanted`, judged. Blocks.
    pub(crate) fn hours(
        &self,
        tenant: &TenantId,
        wanted: &Stretch,
    ) -> Result<Vec<Hour>, journal::Error> {
        let all = self.all_hours(wanted)?;
        Ok(all.into_iter().find(|(found, _)| found == tenant).map(|it| it.1).unwrap_or_default())
    }

    /// The same of every tenant. Blocks.
    pub(crate) fn all_hours(
        &self,
        wanted: &Stretch,
    ) -> Result<Vec<(TenantId, Vec<Hour>)>, journal::Error> {
        let told = self.told()?;
        let accounts = self.journal.accounts(wanted.from, wanted.until)?;
        let deliveries = self.journal.deliveries(wanted.from, wanted.until)?;
        let mut by_tenant: BTreeMap<TenantId, (Vec<&Account>, Vec<&Delivery>)> = BTreeMap::new();
        for walk in &told.walks {
            by_tenant.entry(of(&walk.source)).or_default();
        }
        for account in accounts.iter().filter(|account| is_collected(&account.source)) {
            by_tenant.entry(of(&account.source)).or_default().0.push(account);
        }
        for delivery in deliveries.iter().filter(|delivery| is_collected(&delivery.source)) {
            by_tenant.entry(of(&delivery.source)).or_default().1.push(delivery);
        }
        let judged = by_tenant.into_iter().map(|(tenant, (accounts, deliveries))| {
            let proof = told.proof(&tenant);
            let hours = judge::hours(&proof, &accounts, &deliveries, wanted, told.now);
            (tenant, hours)
        });
        Ok(judged.collect())
    }

    /// The tenant that a user named: `acme`, or `auth0/acme` where several providers have one of that name.
    pub(crate) fn find_tenant(
        &self,
        name: &str,
    ) -> Result<Result<TenantId, Problem>, journal::Error> {
        let tenants = self.tenants()?;
        let matching: Vec<&TenantId> =
            tenants.iter().filter(|it| it.tenant == name || it.to_string() == name).collect();
        let names: Vec<String> = tenants.iter().map(ToString::to_string).collect();
        Ok(match matching.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let words = names.iter().map(String::as_str);
                let words = words.chain(tenants.iter().map(|it| it.tenant.as_str()));
                let near = nearest(name, words).map(|near| format!("did you mean `{near}`? "));
                let known = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
                let hint = format!("{}tenants with an account: {known}", near.unwrap_or_default());
                Err(Problem::new(
                    "tenant",
                    format!("`{name}` is not a tenant with an account"),
                    hint,
                ))
            }
            several => {
                let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                let hint = format!("write one of: {}", names.join(", "));
                Err(Problem::new(
                    "tenant",
                    format!("several providers have a tenant `{name}`"),
                    hint,
                ))
            }
        })
    }

    fn told(&self) -> Result<Told, journal::Error> {
        let (mut walks, gaps) = (self.journal.walked()?, self.journal.gaps()?);
        walks.retain(|walked| is_collected(&walked.source));
        Ok(Told { walks, gaps, now: self.clock.now() })
    }
}

impl Told {
    fn proof(&self, tenant: &TenantId) -> Proof {
        let walks: Vec<&Walked> =
            self.walks.iter().filter(|it| of(&it.source) == *tenant).collect();
        let gaps: Vec<&RecordedGap> =
            self.gaps.iter().filter(|it| of(&it.source) == *tenant).collect();
        judge::proof(&walks, &gaps, self.now)
    }
}

fn of(source: &SourceId) -> TenantId {
    TenantId { provider: source.provider.clone(), tenant: source.tenant.clone() }
}

impl std::fmt::Display for TenantId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.provider, self.tenant)
    }
}
