//! Every route except the receivers', in one table: method, path, the role that it asks for, whether it changes anything,
//! one sentence, the handler, and the types that go in and out. A new route is one entry here and one file. The table also
//! fills the page at `/api`, the manual and the document of the interface. Deliberately absent: the handlers, and the
//! browser app, which answers what is no route.

use axum::routing::{delete, get, post, put};
use model::{Person, QueryDraft, SavedQuery};

mod route;
mod router;

pub(crate) use self::route::{Given, Route, Taken};
use self::route::{TEXT, asks, changes, reads};
pub(crate) use self::router::router;
use crate::access::Access::{Administrator, Analyst, Open, Viewer};
use crate::{
    applications, dashboards, dead_letters, destinations, document, health, import, language,
    ledger, metrics_page, operations, people, query, replays, saved, session, status, tail,
    tenants,
};
use crate::{intake, language::shapes, rows};

/// The table.
pub(crate) static ALL: &[Route] = &[
    reads("/api", Open, "this page", || get(router::index)).gives_text(TEXT),
    reads("/api/openapi.json", Open, "all of this for programs, as an OpenAPI document", || {
        get(document::show)
    })
    .gives_object(),
    // A session's beginning is noted by its handler: nobody is known before it.
    asks("/api/v1/session", Open, "signs in: {\"name\":…, \"password\":…}", || {
        post(session::sign_in)
    })
    .takes::<session::SignIn>()
    .gives::<session::Begun>()
    .refuses(&[401, 403, 429]),
    reads("/api/v1/session", Open, "who is signed in", || get(session::show))
        .gives::<session::Standing>(),
    changes("DELETE", "/api/v1/session", Viewer, "signs out", || delete(session::sign_out))
        .gives_nothing(),
    changes(
        "POST",
        "/api/v1/session/password",
        Viewer,
        "changes one's own password: {\"old\":…, \"new\":…}",
        || post(session::change_password),
    )
    .takes::<session::PasswordChange>()
    .gives_nothing()
    .refuses(&[429]),
    reads("/api/v1/users", Administrator, "everybody who may sign in", || get(people::list))
        .gives::<people::People>(),
    changes(
        "POST",
        "/api/v1/users",
        Administrator,
        "adds a person: {\"name\":…, \"role\":…, \"password\":…}",
        || post(people::add),
    )
    .takes::<people::NewPerson>()
    .gives::<Person>()
    .with(&[201])
    .refuses(&[409, 429]),
    changes(
        "PUT",
        "/api/v1/users/{name}",
        Administrator,
        "gives a person another role or password",
        || put(people::change),
    )
    .takes::<people::PersonChange>()
    .gives::<Person>()
    .refuses(&[404, 409, 429]),
    changes("DELETE", "/api/v1/users/{name}", Administrator, "removes a person", || {
        delete(people::remove)
    })
    .gives_nothing()
    .refuses(&[404, 409]),
    reads("/api/v1/tokens", Administrator, "the API tokens that administrators made", || {
        get(people::tokens)
    })
    .gives::<people::Tokens>(),
    changes(
        "POST",
        "/api/v1/tokens",
        Administrator,
        "makes an API token: {\"name\":…, \"role\":…, \"expires_days\":…}",
        || post(people::add_token),
    )
    .takes::<people::NewToken>()
    .gives::<people::MadeToken>()
    .with(&[201])
    .refuses(&[409]),
    changes("DELETE", "/api/v1/tokens/{id}", Administrator, "removes an API token", || {
        delete(people::remove_token)
    })
    .gives_nothing()
    .refuses(&[404]),
    reads("/api/v1/audit", Administrator, "what was changed, by whom (?before=, ?limit=)", || {
        get(people::audit)
    })
    .filtered_by::<people::AuditPage>()
    .gives::<people::Audit>(),
    asks(
        "/api/v1/query",
        Viewer,
        concat!(
            "answers KQL: {\"query\":…, \"timespan\":…, \"maxRows\":…} as JSON, CSV, ",
            "NDJSON or Parquet (Accept)"
        ),
        || post(query::query),
    )
    .takes::<query::QueryBody>()
    .gives::<rows::shapes::QueryAnswer>()
    .or_as(rows::OTHER_FORMS)
    .refuses(&[406, 422, 429, 500]),
    asks(
        "/api/v1/tail",
        Viewer,
        "the rows of a query as they come: {\"query\":…, \"after\":…}",
        || post(tail::tail),
    )
    .takes::<tail::TailBody>()
    .gives_frames()
    .refuses(&[422, 429, 500]),
    asks(
        "/api/v1/kql/check",
        Viewer,
        "colours, errors and columns of a query: {\"query\":…}",
        || post(language::check),
    )
    .takes::<shapes::Text>()
    .gives::<shapes::Checked>(),
    asks(
        "/api/v1/kql/complete",
        Viewer,
        "what may be written at a place: {\"query\":…, \"position\":…}",
        || post(language::complete),
    )
    .takes::<shapes::Place>()
    .gives::<shapes::Proposals>(),
    asks("/api/v1/kql/hover", Viewer, "what the word at a place is; body as above", || {
        post(language::hover)
    })
    .takes::<shapes::Place>()
    .gives_or_null::<shapes::HoverShown>(),
    asks("/api/v1/kql/signature", Viewer, "the call around a place; body as above", || {
        post(language::signature)
    })
    .takes::<shapes::Place>()
    .gives_or_null::<shapes::Signatures>(),
    asks("/api/v1/kql/format", Viewer, "the query laid out: {\"query\":…}", || {
        post(language::format)
    })
    .takes::<shapes::Text>()
    .gives::<shapes::Formatted>(),
    asks(
        "/api/v1/kql/words",
        Viewer,
        "the query that words or Auth0's Lucene form become: {\"text\":…, \"table\":…}",
        || post(language::words),
    )
    .takes::<shapes::Searched>()
    .gives::<shapes::MadeQuery>(),
    reads("/api/v1/schema", Viewer, "tables, columns and functions", || get(language::schema))
        .gives::<shapes::Schema>(),
    reads("/api/v1/queries", Viewer, "saved queries: one's own and shared ones", || {
        get(saved::list)
    })
    .gives::<saved::Queries>(),
    changes(
        "POST",
        "/api/v1/queries",
        Analyst,
        "saves a query: {\"name\":…, \"text\":…, \"timespan\":…, \"shared\":…}",
        || post(saved::add),
    )
    .takes::<QueryDraft>()
    .gives::<SavedQuery>()
    .with(&[201])
    .refuses(&[409]),
    changes("PUT", "/api/v1/queries/{id}", Analyst, "changes a saved query; body as above", || {
        put(saved::change)
    })
    .takes::<QueryDraft>()
    .gives::<SavedQuery>()
    .refuses(&[404, 409]),
    changes("DELETE", "/api/v1/queries/{id}", Analyst, "removes a saved query", || {
        delete(saved::remove)
    })
    .gives_nothing()
    .refuses(&[404]),
    reads("/api/v1/dashboards", Viewer, "dashboards, the program's own first", || {
        get(dashboards::list)
    })
    .gives::<dashboards::Dashboards>(),
    reads("/api/v1/dashboards/{id}", Viewer, "a dashboard, with its ETag", || {
        get(dashboards::show)
    })
    .gives::<dashboards::Dashboard>()
    .refuses(&[404, 500]),
    changes("POST", "/api/v1/dashboards", Analyst, "saves a dashboard", || post(dashboards::add))
        .takes::<dashboards::Dashboard>()
        .gives::<dashboards::MadeDashboard>()
        .with(&[201])
        .refuses(&[409]),
    changes(
        "PUT",
        "/api/v1/dashboards/{id}",
        Analyst,
        "changes a dashboard of that ETag (If-Match)",
        || put(dashboards::change),
    )
    .takes::<dashboards::Dashboard>()
    .heeds("If-Match", "the ETag of the dashboard that is to be replaced")
    .gives::<dashboards::MadeDashboard>()
    .refuses(&[404, 409, 412]),
    changes("DELETE", "/api/v1/dashboards/{id}", Analyst, "removes a dashboard", || {
        delete(dashboards::remove)
    })
    .gives_nothing()
    .refuses(&[404]),
    asks(
        "/api/v1/dashboards/import",
        Viewer,
        "makes a dashboard of a document or a Sentinel workbook, without saving it",
        || post(dashboards::import),
    )
    .takes_object()
    .gives::<dashboards::Imported>(),
    reads(
        "/api/v1/status",
        Viewer,
        "how every source, destination, the journal and the lake are",
        || get(status::status),
    )
    .gives::<status::Status>(),
    reads(
        "/api/v1/dead-letters",
        Viewer,
        concat!(
            "what could not be read or delivered (?origin=, ?source=, ?reason=, ?before=, ",
            "?limit=)"
        ),
        || get(dead_letters::list),
    )
    .filtered_by::<dead_letters::DeadLetterFilter>()
    .gives::<dead_letters::DeadLetterPage>(),
    reads("/api/v1/dead-letters/{id}", Viewer, "one dead letter with its bytes", || {
        get(dead_letters::show)
    })
    .gives::<dead_letters::DeadLetter>()
    .refuses(&[404]),
    changes(
        "POST",
        "/api/v1/dead-letters/replay",
        Analyst,
        "tries dead letters again: {\"ids\":[…]} or {\"all\":true}",
        || post(dead_letters::replay),
    )
    .takes::<dead_letters::ReplayRequest>()
    .gives::<dead_letters::ReplayOutcome>(),
    changes(
        "POST",
        "/api/v1/dead-letters/discard",
        Administrator,
        "takes dead letters out for good: {\"which\":{\"ids\":[…]},\"why\":…}",
        || post(dead_letters::discard),
    )
    .takes::<dead_letters::DiscardRequest>()
    .gives::<dead_letters::DiscardOutcome>(),
    changes(
        "POST",
        "/api/v1/replays",
        Administrator,
        concat!(
            "sends a destination again what the lake holds: ",
            "{\"to\":…,\"since\":…,\"until\":…,\"where\":…,\"dry_run\":true}"
        ),
        || post(replays::start),
    )
    .takes::<replays::ReplayWish>()
    .gives::<replays::ReplayProgress>()
    .with(&[200, 202]),
    reads("/api/v1/replays", Viewer, "how far each replay is", || get(replays::list))
        .gives::<replays::ReplaysAnswer>(),
    changes(
        "POST",
        "/api/v1/replays/cancel",
        Administrator,
        "ends a replay for good: {\"id\":…}",
        || post(replays::cancel),
    )
    .takes::<replays::ReplayCancel>()
    .gives::<replays::ReplayProgress>(),
    changes(
        "POST",
        "/api/v1/import/{provider}/{tenant}",
        Administrator,
        "takes exported events in any wire form of the provider, plain or gzip",
        || post(import::import),
    )
    .takes_events(&["application/json", "application/x-ndjson", "application/gzip"])
    .gives::<intake::Taken>()
    .refuses(&[500]),
    changes(
        "POST",
        "/api/v1/backfill",
        Administrator,
        concat!(
            "starts reading what providers still hold: ",
            "{\"tenants\":[…],\"since\":\"retention\"}"
        ),
        || post(operations::start_backfills),
    )
    .takes::<operations::BackfillRequest>()
    .gives::<operations::Backfills>()
    .with(&[202]),
    asks(
        "/api/v1/backfill/survey",
        Analyst,
        "what a backfill would read, how long it takes, when it is too late; body as above",
        || post(operations::survey_backfills),
    )
    .takes::<operations::BackfillRequest>()
    .gives::<operations::BackfillSurvey>(),
    reads("/api/v1/backfill", Viewer, "how far each backfill is", || get(operations::backfills))
        .gives::<operations::Backfills>(),
    changes(
        "POST",
        "/api/v1/destinations/forget",
        Administrator,
        concat!(
            "gives up what is kept for a destination that is no longer configured: ",
            "{\"name\":…}"
        ),
        || post(operations::forget_destination),
    )
    .takes::<operations::ForgetRequest>()
    .gives::<operations::Forgotten>(),
    reads(
        "/api/v1/kinds",
        Viewer,
        "providers and destinations that can be connected, with the schemas of their fields",
        || get(applications::kinds),
    )
    .gives::<applications::Kinds>(),
    reads("/api/v1/tenants", Viewer, "tenants and their sources, without secrets", || {
        get(tenants::list)
    })
    .gives::<tenants::Tenants>(),
    changes(
        "POST",
        "/api/v1/tenants",
        Administrator,
        "adds a tenant: {\"provider\":…, \"name\":…, \"sources\":{\"poll\":{…}}}",
        || post(tenants::add),
    )
    .takes::<applications::TenantDraft>()
    .gives::<tenants::Made>()
    .with(&[201])
    .refuses(&[409, 503]),
    changes(
        "PUT",
        "/api/v1/tenants/{provider}/{tenant}",
        Administrator,
        "changes a tenant; body as above, a secret that is left out stays",
        || put(tenants::change),
    )
    .takes::<applications::TenantDraft>()
    .gives::<tenants::Made>()
    .refuses(&[404, 409, 412, 503]),
    changes(
        "DELETE",
        "/api/v1/tenants/{provider}/{tenant}",
        Administrator,
        "removes a tenant; what was collected stays",
        || delete(tenants::remove),
    )
    .manages(),
    asks(
        "/api/v1/tenants/test",
        Administrator,
        "asks the provider as the sources of a tenant would; body as above",
        || post(tenants::test),
    )
    .takes::<applications::TenantTest>()
    .gives::<applications::Checks>()
    .refuses(&[404]),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/pause",
        Administrator,
        "switches a source off",
        || post(tenants::pause),
    )
    .manages(),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/resume",
        Administrator,
        "switches a source on again",
        || post(tenants::resume),
    )
    .manages(),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/rotate",
        Administrator,
        "gives a source another secret: {\"secret\":…, \"keep_old_hours\":24}",
        || post(tenants::rotate),
    )
    .takes::<applications::Rotation>()
    .gives::<tenants::Rotated>()
    .refuses(&[404, 409, 503]),
    reads("/api/v1/destinations", Viewer, "destinations, without secrets", || {
        get(destinations::list)
    })
    .gives::<destinations::Destinations>(),
    changes(
        "POST",
        "/api/v1/destinations",
        Administrator,
        "adds a destination: {\"name\":…, \"kind\":…, \"config\":{…}}",
        || post(destinations::add),
    )
    .takes::<applications::DestinationDraft>()
    .gives_nothing()
    .with(&[201])
    .refuses(&[409, 503]),
    changes(
        "PUT",
        "/api/v1/destinations/{name}",
        Administrator,
        "changes a destination; body as above, a secret that is left out stays",
        || put(destinations::change),
    )
    .takes::<applications::DestinationDraft>()
    .gives_nothing()
    .refuses(&[404, 409, 412, 503]),
    changes(
        "DELETE",
        "/api/v1/destinations/{name}",
        Administrator,
        "removes a destination; what it has not got is kept until it is forgotten",
        || delete(destinations::remove),
    )
    .manages(),
    asks(
        "/api/v1/destinations/test",
        Administrator,
        "finds out what can be known of a destination without sending events; body as above",
        || post(destinations::test),
    )
    .takes::<applications::DestinationTest>()
    .gives::<applications::Checks>()
    .refuses(&[404]),
    changes(
        "POST",
        "/api/v1/destinations/{name}/pause",
        Administrator,
        "switches a destination off; its place stays",
        || post(destinations::pause),
    )
    .manages(),
    changes(
        "POST",
        "/api/v1/destinations/{name}/resume",
        Administrator,
        "switches a destination on again",
        || post(destinations::resume),
    )
    .manages(),
    reads(
        "/api/v1/ledger",
        Viewer,
        concat!(
            "the signed statement of what is complete in a tenant's month (?tenant=, ",
            "?month=2026-06, ?format=json or html)"
        ),
        || get(ledger::statement),
    )
    .filtered_by::<ledger::StatementRequest>()
    .gives_object()
    .or_as(&["text/html; charset=utf-8"]),
    reads("/livez", Open, "whether the process is alive", || get(health::live)).gives_text(TEXT),
    reads("/readyz", Open, "whether events can be taken (?verbose lists the checks)", || {
        get(health::ready)
    })
    .gives_text(TEXT)
    .with(&[200, 503]),
    reads("/healthz", Open, "the same as /readyz", || get(health::ready))
        .gives_text(TEXT)
        .with(&[200, 503]),
    reads("/metrics", Viewer, "metrics in Prometheus' text form", || get(metrics_page::metrics))
        .gives_text("text/plain; version=0.0.4; charset=utf-8")
        .refuses(&[404]),
];
