//! Every route except the receivers', in one table: method, path, what it asks of a request, one sentence, and the
//! handler. A new route is one line here and one file. The table also fills the page at `/`.
//! Deliberately absent: the handlers.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::access::{Access, guard};
use crate::api::Shared;
use crate::problem::HttpProblem;
use crate::{
    dead_letters, health, import, ledger, metrics_page, operations, query, replays, status,
};

/// One route.
pub(crate) struct Route {
    /// `GET` or `POST`; `GET` brings `HEAD` along.
    pub(crate) method: &'static str,
    /// The path, with `{name}` for a part that varies.
    pub(crate) path: &'static str,
    /// What it asks of a request.
    pub(crate) access: Access,
    /// What it does.
    pub(crate) about: &'static str,
    /// The handler.
    handler: fn() -> MethodRouter<Arc<Shared>>,
}

/// The table.
pub(crate) static ALL: &[Route] = &[
    Route {
        method: "GET",
        path: "/",
        access: Access::Open,
        about: "this page",
        handler: || get(index),
    },
    Route {
        method: "POST",
        path: "/api/v1/query",
        access: Access::Token,
        about: "answers KQL: {\"query\":…, \"timespan\":…, \"maxRows\":…} as JSON, CSV or NDJSON (Accept)",
        handler: || post(query::query),
    },
    Route {
        method: "GET",
        path: "/api/v1/status",
        access: Access::Token,
        about: "how every source, destination, the journal and the lake are",
        handler: || get(status::status),
    },
    Route {
        method: "GET",
        path: "/api/v1/dead-letters",
        access: Access::Token,
        about: "what could not be read or delivered (?origin=, ?source=, ?reason=, ?before=, ?limit=)",
        handler: || get(dead_letters::list),
    },
    Route {
        method: "GET",
        path: "/api/v1/dead-letters/{id}",
        access: Access::Token,
        about: "one dead letter with its bytes",
        handler: || get(dead_letters::show),
    },
    Route {
        method: "POST",
        path: "/api/v1/dead-letters/replay",
        access: Access::Token,
        about: "tries dead letters again: {\"ids\":[…]} or {\"all\":true}",
        handler: || post(dead_letters::replay),
    },
    Route {
        method: "POST",
        path: "/api/v1/dead-letters/discard",
        access: Access::Token,
        about: "takes dead letters out for good: {\"which\":{\"ids\":[…]},\"why\":…}",
        handler: || post(dead_letters::discard),
    },
    Route {
        method: "POST",
        path: "/api/v1/replays",
        access: Access::Token,
        about: "sends a destination again what the lake holds: {\"to\":…,\"since\":…,\"until\":…,\"where\":…,\"dry_run\":true}",
        handler: || post(replays::start),
    },
    Route {
        method: "GET",
        path: "/api/v1/replays",
        access: Access::Token,
        about: "how far each replay is",
        handler: || get(replays::list),
    },
    Route {
        method: "POST",
        path: "/api/v1/replays/cancel",
        access: Access::Token,
        about: "ends a replay for good: {\"id\":…}",
        handler: || post(replays::cancel),
    },
    Route {
        method: "POST",
        path: "/api/v1/import/{provider}/{tenant}",
        access: Access::Token,
        about: "takes exported events in any wire form of the provider, plain or gzip",
        handler: || post(import::import),
    },
    Route {
        method: "POST",
        path: "/api/v1/backfill",
        access: Access::Token,
        about: "starts reading what providers still hold: {\"tenants\":[…],\"since\":\"retention\"}",
        handler: || post(operations::start_backfills),
    },
    Route {
        method: "POST",
        path: "/api/v1/backfill/survey",
        access: Access::Token,
        about: "what a backfill would read, how long it takes, when it is too late; body as above",
        handler: || post(operations::survey_backfills),
    },
    Route {
        method: "GET",
        path: "/api/v1/backfill",
        access: Access::Token,
        about: "how far each backfill is",
        handler: || get(operations::backfills),
    },
    Route {
        method: "POST",
        path: "/api/v1/destinations/forget",
        access: Access::Token,
        about: "gives up what is kept for a destination that is no longer configured: {\"name\":…}",
        handler: || post(operations::forget_destination),
    },
    Route {
        method: "GET",
        path: "/api/v1/ledger",
        access: Access::Token,
        about: "the signed statement of what is complete in a tenant's month (?tenant=, ?month=2026-06, ?format=json or html)",
        handler: || get(ledger::statement),
    },
    Route {
        method: "GET",
        path: "/livez",
        access: Access::Open,
        about: "whether the process is alive",
        handler: || get(health::live),
    },
    Route {
        method: "GET",
        path: "/readyz",
        access: Access::Open,
        about: "whether events can be taken (?verbose lists the checks)",
        handler: || get(health::ready),
    },
    Route {
        method: "GET",
        path: "/healthz",
        access: Access::Open,
        about: "the same as /readyz",
        handler: || get(health::ready),
    },
    Route {
        method: "GET",
        path: "/metrics",
        access: Access::Token,
        about: "metrics in Prometheus' text form",
        handler: || get(metrics_page::metrics),
    },
];

/// What the index says of the receivers: method, path, one sentence.
const RECEIVERS: (&str, &str, &str) =
    ("POST", "/ingest/PROVIDER/TENANT/SOURCE", "takes what a provider pushes");

/// The router of the whole table. The guard is put around each route here, so that none can go without.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for route in ALL {
        let guard = from_fn_with_state((Arc::clone(&shared), route.access), guard);
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
        .fallback(async || HttpProblem::not_found("GET / lists what is served"))
        .with_state(shared)
}

/// What this is and where to go: for whoever opens the address in a browser.
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
        let _written = writeln!(text, "{method:<4} {path:<width$}  {about}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_nothing_is_open() {
        let open: Vec<_> = ALL
            .iter()
            .filter(|route| route.access == Access::Open)
            .map(|route| route.path)
            .collect();
        assert_eq!(open, ["/", "/livez", "/readyz", "/healthz"]);
    }

    #[test]
    fn the_manual_has_the_same_table() {
        let mut table =
            String::from("| method | path | asks for | what it does |\n|---|---|---|---|\n");
        let routes = ALL.iter().map(|route| {
            let access = match route.access {
                Access::Open => "nothing",
                Access::Token => "a token",
            };
            (route.method, route.path, access, route.about)
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
