//! Every route except the receivers', in one table: method, path, the role that it asks for, whether it changes anything,
//! one sentence, and the handler. A new route is one line here and one file. The table also fills the page at `/api` and the
//! manual. Deliberately absent: the handlers, and the browser app, which answers what is no route.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, delete, get, post, put};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::access::Access::{self, Administrator, Analyst, Open, Viewer};
use crate::access::guard;
use crate::api::Shared;
use crate::problem::HttpProblem;
use crate::{
    app, applications, dashboards, dead_letters, destinations, health, import, language, ledger,
    metrics_page, operations, people, query, replays, saved, session, status, tenants,
};

/// One route.
pub(crate) struct Route {
    /// `GET` brings `HEAD` along.
    pub(crate) method: &'static str,
    /// The path, with `{name}` for a part that varies.
    pub(crate) path: &'static str,
    /// The role that it asks for.
    pub(crate) access: Access,
    /// Whether it changes anything; then it leaves an entry in the audit trail.
    pub(crate) changes: bool,
    /// What it does.
    pub(crate) about: &'static str,
    /// The handler.
    handler: Handler,
}

type Handler = fn() -> MethodRouter<Arc<Shared>>;

/// A route that is asked with `GET`.
const fn reads(path: &'static str, access: Access, about: &'static str, handler: Handler) -> Route {
    Route { method: "GET", path, access, changes: false, about, handler }
}

/// A route that is asked with a body and changes nothing.
const fn asks(path: &'static str, access: Access, about: &'static str, handler: Handler) -> Route {
    Route { method: "POST", path, access, changes: false, about, handler }
}

/// A route that changes something.
const fn changes(
    method: &'static str,
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: Handler,
) -> Route {
    Route { method, path, access, changes: true, about, handler }
}

/// The table.
pub(crate) static ALL: &[Route] = &[
    reads("/api", Open, "this page", || get(index)),
    // A session's beginning is noted by its handler: nobody is known before it.
    asks("/api/v1/session", Open, "signs in: {\"name\":…, \"password\":…}", || {
        post(session::sign_in)
    }),
    reads("/api/v1/session", Open, "who is signed in", || get(session::show)),
    changes("DELETE", "/api/v1/session", Viewer, "signs out", || delete(session::sign_out)),
    changes(
        "POST",
        "/api/v1/session/password",
        Viewer,
        "changes one's own password: {\"old\":…, \"new\":…}",
        || post(session::change_password),
    ),
    reads("/api/v1/users", Administrator, "everybody who may sign in", || get(people::list)),
    changes(
        "POST",
        "/api/v1/users",
        Administrator,
        "adds a person: {\"name\":…, \"role\":…, \"password\":…}",
        || post(people::add),
    ),
    changes(
        "PUT",
        "/api/v1/users/{name}",
        Administrator,
        "gives a person another role or password",
        || put(people::change),
    ),
    changes("DELETE", "/api/v1/users/{name}", Administrator, "removes a person", || {
        delete(people::remove)
    }),
    reads("/api/v1/tokens", Administrator, "the API tokens that administrators made", || {
        get(people::tokens)
    }),
    changes(
        "POST",
        "/api/v1/tokens",
        Administrator,
        "makes an API token: {\"name\":…, \"role\":…, \"expires_days\":…}",
        || post(people::add_token),
    ),
    changes("DELETE", "/api/v1/tokens/{id}", Administrator, "removes an API token", || {
        delete(people::remove_token)
    }),
    reads("/api/v1/audit", Administrator, "what was changed, by whom (?before=, ?limit=)", || {
        get(people::audit)
    }),
    asks(
        "/api/v1/query",
        Viewer,
        "answers KQL: {\"query\":…, \"timespan\":…, \"maxRows\":…} as JSON, CSV or NDJSON (Accept)",
        || post(query::query),
    ),
    asks(
        "/api/v1/kql/check",
        Viewer,
        "colours, errors and columns of a query: {\"query\":…}",
        || post(language::check),
    ),
    asks(
        "/api/v1/kql/complete",
        Viewer,
        "what may be written at a place: {\"query\":…, \"position\":…}",
        || post(language::complete),
    ),
    asks("/api/v1/kql/hover", Viewer, "what the word at a place is; body as above", || {
        post(language::hover)
    }),
    asks("/api/v1/kql/signature", Viewer, "the call around a place; body as above", || {
        post(language::signature)
    }),
    asks("/api/v1/kql/format", Viewer, "the query laid out: {\"query\":…}", || {
        post(language::format)
    }),
    asks(
        "/api/v1/kql/words",
        Viewer,
        "the query that words or Auth0's Lucene form become: {\"text\":…, \"table\":…}",
        || post(language::words),
    ),
    reads("/api/v1/schema", Viewer, "tables, columns and functions", || get(language::schema)),
    reads("/api/v1/queries", Viewer, "saved queries: one's own and shared ones", || {
        get(saved::list)
    }),
    changes(
        "POST",
        "/api/v1/queries",
        Analyst,
        "saves a query: {\"name\":…, \"text\":…, \"timespan\":…, \"shared\":…}",
        || post(saved::add),
    ),
    changes("PUT", "/api/v1/queries/{id}", Analyst, "changes a saved query; body as above", || {
        put(saved::change)
    }),
    changes("DELETE", "/api/v1/queries/{id}", Analyst, "removes a saved query", || {
        delete(saved::remove)
    }),
    reads("/api/v1/dashboards", Viewer, "dashboards, the program's own first", || {
        get(dashboards::list)
    }),
    reads("/api/v1/dashboards/{id}", Viewer, "a dashboard, with its ETag", || {
        get(dashboards::show)
    }),
    changes("POST", "/api/v1/dashboards", Analyst, "saves a dashboard", || post(dashboards::add)),
    changes(
        "PUT",
        "/api/v1/dashboards/{id}",
        Analyst,
        "changes a dashboard of that ETag (If-Match)",
        || put(dashboards::change),
    ),
    changes("DELETE", "/api/v1/dashboards/{id}", Analyst, "removes a dashboard", || {
        delete(dashboards::remove)
    }),
    asks(
        "/api/v1/dashboards/import",
        Viewer,
        "makes a dashboard of a document or a Sentinel workbook, without saving it",
        || post(dashboards::import),
    ),
    reads(
        "/api/v1/status",
        Viewer,
        "how every source, destination, the journal and the lake are",
        || get(status::status),
    ),
    reads(
        "/api/v1/dead-letters",
        Viewer,
        "what could not be read or delivered (?origin=, ?source=, ?reason=, ?before=, ?limit=)",
        || get(dead_letters::list),
    ),
    reads("/api/v1/dead-letters/{id}", Viewer, "one dead letter with its bytes", || {
        get(dead_letters::show)
    }),
    changes(
        "POST",
        "/api/v1/dead-letters/replay",
        Analyst,
        "tries dead letters again: {\"ids\":[…]} or {\"all\":true}",
        || post(dead_letters::replay),
    ),
    changes(
        "POST",
        "/api/v1/dead-letters/discard",
        Administrator,
        "takes dead letters out for good: {\"which\":{\"ids\":[…]},\"why\":…}",
        || post(dead_letters::discard),
    ),
    changes(
        "POST",
        "/api/v1/replays",
        Administrator,
        "sends a destination again what the lake holds: {\"to\":…,\"since\":…,\"until\":…,\"where\":…,\"dry_run\":true}",
        || post(replays::start),
    ),
    reads("/api/v1/replays", Viewer, "how far each replay is", || get(replays::list)),
    changes(
        "POST",
        "/api/v1/replays/cancel",
        Administrator,
        "ends a replay for good: {\"id\":…}",
        || post(replays::cancel),
    ),
    changes(
        "POST",
        "/api/v1/import/{provider}/{tenant}",
        Administrator,
        "takes exported events in any wire form of the provider, plain or gzip",
        || post(import::import),
    ),
    changes(
        "POST",
        "/api/v1/backfill",
        Administrator,
        "starts reading what providers still hold: {\"tenants\":[…],\"since\":\"retention\"}",
        || post(operations::start_backfills),
    ),
    asks(
        "/api/v1/backfill/survey",
        Analyst,
        "what a backfill would read, how long it takes, when it is too late; body as above",
        || post(operations::survey_backfills),
    ),
    reads("/api/v1/backfill", Viewer, "how far each backfill is", || get(operations::backfills)),
    changes(
        "POST",
        "/api/v1/destinations/forget",
        Administrator,
        "gives up what is kept for a destination that is no longer configured: {\"name\":…}",
        || post(operations::forget_destination),
    ),
    reads(
        "/api/v1/kinds",
        Viewer,
        "providers and destinations that can be connected, with the schemas of their fields",
        || get(applications::kinds),
    ),
    reads("/api/v1/tenants", Viewer, "tenants and their sources, without secrets", || {
        get(tenants::list)
    }),
    changes(
        "POST",
        "/api/v1/tenants",
        Administrator,
        "adds a tenant: {\"provider\":…, \"name\":…, \"sources\":{\"poll\":{…}}}",
        || post(tenants::add),
    ),
    changes(
        "PUT",
        "/api/v1/tenants/{provider}/{tenant}",
        Administrator,
        "changes a tenant; body as above, a secret that is left out stays",
        || put(tenants::change),
    ),
    changes(
        "DELETE",
        "/api/v1/tenants/{provider}/{tenant}",
        Administrator,
        "removes a tenant; what was collected stays",
        || delete(tenants::remove),
    ),
    asks(
        "/api/v1/tenants/test",
        Administrator,
        "asks the provider as the sources of a tenant would; body as above",
        || post(tenants::test),
    ),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/pause",
        Administrator,
        "switches a source off",
        || post(tenants::pause),
    ),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/resume",
        Administrator,
        "switches a source on again",
        || post(tenants::resume),
    ),
    changes(
        "POST",
        "/api/v1/sources/{provider}/{tenant}/{source}/rotate",
        Administrator,
        "gives a source another secret: {\"secret\":…, \"keep_old_hours\":24}",
        || post(tenants::rotate),
    ),
    reads("/api/v1/destinations", Viewer, "destinations, without secrets", || {
        get(destinations::list)
    }),
    changes(
        "POST",
        "/api/v1/destinations",
        Administrator,
        "adds a destination: {\"name\":…, \"kind\":…, \"config\":{…}}",
        || post(destinations::add),
    ),
    changes(
        "PUT",
        "/api/v1/destinations/{name}",
        Administrator,
        "changes a destination; body as above, a secret that is left out stays",
        || put(destinations::change),
    ),
    changes(
        "DELETE",
        "/api/v1/destinations/{name}",
        Administrator,
        "removes a destination; what it has not got is kept until it is forgotten",
        || delete(destinations::remove),
    ),
    asks(
        "/api/v1/destinations/test",
        Administrator,
        "finds out what can be known of a destination without sending events; body as above",
        || post(destinations::test),
    ),
    changes(
        "POST",
        "/api/v1/destinations/{name}/pause",
        Administrator,
        "switches a destination off; its place stays",
        || post(destinations::pause),
    ),
    changes(
        "POST",
        "/api/v1/destinations/{name}/resume",
        Administrator,
        "switches a destination on again",
        || post(destinations::resume),
    ),
    reads(
        "/api/v1/ledger",
        Viewer,
        "the signed statement of what is complete in a tenant's month (?tenant=, ?month=2026-06, ?format=json or html)",
        || get(ledger::statement),
    ),
    reads("/livez", Open, "whether the process is alive", || get(health::live)),
    reads("/readyz", Open, "whether events can be taken (?verbose lists the checks)", || {
        get(health::ready)
    }),
    reads("/healthz", Open, "the same as /readyz", || get(health::ready)),
    reads("/metrics", Viewer, "metrics in Prometheus' text form", || get(metrics_page::metrics)),
];

/// What the index says of the receivers: method, path, one sentence.
const RECEIVERS: (&str, &str, &str) =
    ("POST", "/ingest/PROVIDER/TENANT/SOURCE", "takes what a provider pushes");

/// The router of the whole table. The guard is put around each route here, so that none can go without.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in ALL {
        let guard = from_fn_with_state((Arc::clone(&shared), route), guard);
        router = router.route(route.path, (route.handler)().route_layer(guard));
    }
    router
        .method_not_allowed_fallback(async || {
            HttpProblem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know the request's method",
            )
        })
        .fallback(app::page)
        .with_state(shared)
}

/// What this is and where to go.
async fn index() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], index_text())
}

fn index_text() -> String {
    let mut text = String::from(
        "doorledger collects the logs of identity providers, keeps them, and answers KQL over them.\n\n",
    );
    let routes = ALL.iter().map(|route| (route.method, route.path, route.about));
    let routes = routes.chain([RECEIVERS]);
    let width = routes.clone().map(|(_, path, _)| path.len()).max().unwrap_or_default();
    for (method, path, about) in routes {
        // Writing to a String cannot fail.
        let _written = writeln!(text, "{method:<6} {path:<width$}  {about}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_nothing_is_open() {
        let open: Vec<_> =
            ALL.iter().filter(|route| route.access == Open).map(|route| route.path).collect();
        let session = "/api/v1/session";
        assert_eq!(open, ["/api", session, session, "/livez", "/readyz", "/healthz"]);
    }

    #[test]
    fn the_manual_has_the_same_table() {
        let mut table =
            String::from("| method | path | asks for | what it does |\n|---|---|---|---|\n");
        let routes = ALL.iter().map(|route| {
            let role = route.access.role().map_or("nothing", |role| role.name());
            (route.method, route.path, role, route.about)
        });
        let (method, path, about) = RECEIVERS;
        for (method, path, access, about) in
            routes.chain([(method, path, "the source's secret", about)])
        {
            writeln!(table, "| `{method}` | `{path}` | {access} | {about} |").unwrap();
        }
        let manual = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md"));
        assert!(manual.contains(&table), "docs/api.md should hold:\n{table}");
    }

    #[test]
    fn the_index_lists_every_route() {
        insta::assert_snapshot!(index_text());
    }
}
